"""The configuration as a user meets it: bad values stop the start with a message that names them."""

import subprocess

import pytest

from harness.processes import DEADLINE
from harness.wire import Client

SELF_SIGNED = {"TLS_SELF_SIGNED": "true", "E2EE_LISTEN": "127.0.0.1:0"}


def run(build_folder, settings, *arguments):
    return subprocess.run([build_folder / "e2ee-proxy", *arguments], env={"PATH": "/usr/bin:/bin", **settings}, timeout=DEADLINE,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)


BAD_VALUES = [
    ("E2EE_LISTEN", "somewhere"),
    ("E2EE_LISTEN", "127.0.0.1"),
    ("E2EE_LISTEN", "127.0.0.1:65536"),
    ("E2EE_LISTEN", "localhost.example.org:8443"),
    ("E2EE_REDIRECT_LISTEN", "127.0.0.1:http"),
    ("E2EE_PLAIN_LISTEN", "8080"),
    ("E2EE_PLAIN_LISTEN", "0.0.0.0:0"),
    ("TLS_SELF_SIGNED", "perhaps"),
    ("ALLOW_NON_CONFIDENTIAL", "2"),
    ("CHUTES_UPSTREAM", "ftp://llm.example.org"),
    ("CHUTES_UPSTREAM", "https://llm.example.org/v1"),
    ("CHUTES_E2E_UPSTREAM", "http://api.example.org"),
    ("CHUTES_E2E_UPSTREAM", "https://api.example.org:port"),
    ("CHUTES_API_KEY_FILE", "/nonexistent/key"),
    ("E2EE_CLIENT_TOKENS_FILE", "/nonexistent/tokens"),
    ("SSL_CERT_FILE", "/nonexistent/roots.pem"),
    ("HTTPS_PROXY", "socks5://127.0.0.1:1080"),
    ("E2EE_MAX_BODY", "lots"),
    ("E2EE_MAX_BODY", "-1"),
    ("E2EE_MAX_CONNECTIONS", "0"),
    ("E2EE_MAX_IN_FLIGHT", "many"),
    ("E2EE_CONNECT_TIMEOUT", "soon"),
    ("E2EE_HEADER_TIMEOUT", "0"),
    ("E2EE_IDLE_TIMEOUT", "5 parsecs"),
    ("E2EE_DRAIN_TIMEOUT", "99999999999999999999"),
    ("E2EE_WORKERS", "0"),
    ("E2EE_WORKERS", "two"),
    ("E2EE_LOG_LEVEL", "loud"),
    ("E2EE_LOG_FORMAT", "xml"),
]


@pytest.mark.parametrize("variable, value", BAD_VALUES)
def test_a_value_that_cannot_be_used_stops_the_start_with_a_message_that_names_it(build_folder, variable, value):
    ended = run(build_folder, {**SELF_SIGNED, variable: value}, "serve")
    assert ended.returncode not in (0, None) and ended.returncode > 0, ended.stderr
    assert variable in ended.stderr
    assert "listening" not in ended.stderr


def test_a_certificate_without_its_key_is_an_error(build_folder, authority):
    certificate = authority.issue("lonely", "localhost")
    for settings in ({"TLS_CERT": certificate.chain_path}, {"TLS_KEY": certificate.key_path}):
        ended = run(build_folder, {"E2EE_LISTEN": "127.0.0.1:0", **settings}, "serve")
        assert ended.returncode > 0
        assert "TLS_CERT" in ended.stderr and "TLS_KEY" in ended.stderr


def test_a_certificate_file_that_cannot_be_used_is_named(build_folder, authority, tmp_path):
    one, other = authority.issue("one", "localhost"), authority.issue("other", "localhost")
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    good = {"TLS_CERT": one.chain_path, "TLS_KEY": one.key_path}
    bad = {
        "/nonexistent/cert.pem": {**good, "TLS_CERT": "/nonexistent/cert.pem"},
        "/nonexistent/key.pem": {**good, "TLS_KEY": "/nonexistent/key.pem"},
        "/nonexistent/ca.pem": {**good, "TLS_CA": "/nonexistent/ca.pem"},
        str(empty): {**good, "TLS_CERT": str(empty)},
        other.key_path: {**good, "TLS_KEY": other.key_path},  # belongs to another certificate
    }
    for named, settings in bad.items():
        ended = run(build_folder, {"E2EE_LISTEN": "127.0.0.1:0", **settings}, "serve")
        assert ended.returncode > 0, named
        assert named in ended.stderr


@pytest.mark.parametrize("arguments", [["--no-such-flag"], ["serve", "--listen"], ["no-such-command"], ["serve", "stray"]])
def test_an_unknown_flag_or_command_is_an_error_that_points_to_help(build_folder, arguments):
    ended = run(build_folder, SELF_SIGNED, *arguments)
    assert ended.returncode > 0
    assert "--help" in ended.stderr


def test_a_port_that_is_taken_is_an_error_that_names_the_address(build_folder, start_proxy):
    address = start_proxy().address()
    ended = run(build_folder, {**SELF_SIGNED, "E2EE_LISTEN": address}, "serve")
    assert ended.returncode > 0
    assert address in ended.stderr


def test_an_empty_variable_counts_as_unset(start_proxy):
    proxy = start_proxy({"E2EE_LOG_LEVEL": "", "E2EE_MAX_BODY": "", "E2EE_PLAIN_LISTEN": "", "TLS_CERT": "", "TLS_KEY": "",
                         "HTTPS_PROXY": "", "ALLOW_NON_CONFIDENTIAL": ""})
    assert Client(proxy.url, proxy.trust).get("/health").status == 200


def test_flag_beats_environment_beats_file_beats_default(start_proxy, tmp_path):
    config = tmp_path / "proxy.toml"
    config.write_text('log-format = "json"\nlog-level = "error"\nlisten = "127.0.0.1:0"\n')
    from_file = start_proxy({"E2EE_LOG_LEVEL": "info"}, ["--config", config])  # level: the environment's, format: the file's
    assert '"event":"listening"' in from_file.log()
    from_flag = start_proxy({"E2EE_LOG_LEVEL": "info", "E2EE_LOG_FORMAT": "json"}, ["--config", config, "--log-format", "text"])
    assert '"event":"listening"' not in from_flag.log()


def test_a_file_with_an_unknown_or_bad_entry_stops_the_start(build_folder, tmp_path):
    config = tmp_path / "proxy.toml"
    for content, named in (('colour = "blue"\n', "colour"), ('workers = "none"\n', "workers"), ("[broken\n", "--config")):
        config.write_text(content)
        ended = run(build_folder, SELF_SIGNED, "serve", "--config", config)
        assert ended.returncode > 0
        assert named in ended.stderr
    missing = run(build_folder, SELF_SIGNED, "serve", "--config", tmp_path / "absent.toml")
    assert missing.returncode > 0 and "absent.toml" in missing.stderr


def test_help_and_version_answer_and_end_well(build_folder):
    helped = run(build_folder, {}, "--help")
    assert helped.returncode == 0 and "E2EE_LISTEN" in helped.stdout and "--listen" in helped.stdout
    version = run(build_folder, {}, "version")
    assert version.returncode == 0 and "OpenSSL" in version.stdout


def test_healthcheck_says_with_its_exit_code_whether_the_proxy_answers(build_folder, start_proxy):
    proxy = start_proxy()
    assert run(build_folder, {"E2EE_LISTEN": proxy.address()}, "healthcheck").returncode == 0
    assert run(build_folder, {"E2EE_LISTEN": "127.0.0.1:9"}, "healthcheck").returncode > 0
