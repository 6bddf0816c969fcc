"""The three ways to a certificate, and what a client sees of each. No upstream is needed: /health is enough."""

import os
import shutil
import signal
import socket
import ssl
import stat

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from harness.certificates import Authority
from harness.client_hello import P256, X25519, X25519_MLKEM768, selected_group
from harness.processes import wait_until
from harness.wire import Client, trusting


def served_chain(proxy, name="localhost", context=None):
    """The certificate that the proxy presents to a client that asks for `name`."""
    context = context or trusting(proxy.trust)
    with socket.create_connection(("127.0.0.1", proxy.port)) as plain:
        with context.wrap_socket(plain, server_hostname=name) as tls:
            return x509.load_der_x509_certificate(tls.getpeercert(binary_form=True)), tls.version(), tls.cipher()[0]


def served(proxy, name="localhost"):
    return served_chain(proxy, name)[0]


@pytest.fixture
def private_ca(tmp_path):
    return Authority(tmp_path / "ca", "private-ca")


def custom(certificate, **more):
    return {"TLS_CERT": certificate.chain_path, "TLS_KEY": certificate.key_path, **more}


def test_custom_mode_serves_the_given_certificate(start_proxy, private_ca):
    certificate = private_ca.issue("server", "localhost", "proxy.example.org", "127.0.0.1")
    proxy = start_proxy(custom(certificate), trust=private_ca.path)
    assert Client(proxy.url, proxy.trust).get("/health").json() == {"status": "ok"}
    assert served(proxy, "proxy.example.org") == certificate.certificate


def test_custom_mode_appends_tls_ca_to_the_chain(start_proxy, private_ca, tmp_path):
    intermediate = Authority(tmp_path / "intermediate", "intermediate", issuer=private_ca)
    certificate = intermediate.issue("server", "localhost")
    alone = start_proxy(custom(certificate), trust=private_ca.path)
    with pytest.raises(ssl.SSLCertVerificationError):
        served(alone)
    with_chain = start_proxy(custom(certificate, TLS_CA=intermediate.path), trust=private_ca.path)
    assert served(with_chain) == certificate.certificate


def test_custom_mode_comes_before_self_signed_mode(start_proxy, private_ca):
    certificate = private_ca.issue("server", "localhost")
    proxy = start_proxy(custom(certificate, TLS_SELF_SIGNED="true"), trust=private_ca.path)
    assert served(proxy) == certificate.certificate


def test_self_signed_mode_makes_a_ca_and_a_leaf_for_the_domain_and_loopback(start_proxy):
    proxy = start_proxy({"TLS_DOMAIN": "myproxy.local"})
    for name in ("myproxy.local", "localhost", "127.0.0.1", "::1"):
        leaf = served(proxy, name)
    assert isinstance(leaf.public_key().curve, ec.SECP256R1)
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    with open(proxy.trust, "rb") as file:
        ca = x509.load_pem_x509_certificate(file.read())
    assert ca.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert leaf.issuer == ca.subject and leaf != ca


def test_self_signed_mode_prints_how_to_trust_it_on_every_platform(start_proxy):
    log = start_proxy().log()
    for words in ("security add-trusted-cert", "update-ca-certificates", "Import-Certificate"):
        assert words in log


def test_self_signed_mode_keeps_its_certificate_in_the_state_folder(start_proxy, tmp_path):
    state = tmp_path / "state"
    settings = {"E2EE_STATE_DIR": str(state)}
    first, second = start_proxy(settings), start_proxy(settings)
    assert served(first) == served(second)
    other = start_proxy()
    assert served(other) != served(first)
    modes = {stat.S_IMODE(os.stat(path).st_mode) & 0o077 for path in [state, *state.rglob("*")]}
    assert modes == {0}, "others could read the state folder"


def test_embedded_mode_is_the_default_and_its_ca_lies_beside_the_program(start_proxy, build_folder):
    proxy = start_proxy(trust=str(build_folder / "embedded-ca.pem"))
    for name in ("e2ee-local-proxy.chutes.dev", "localhost", "127.0.0.1", "::1"):
        leaf = served(proxy, name)
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert Client(proxy.url, proxy.trust).get("/health").status == 200


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken(start_proxy, version):
    proxy = start_proxy()
    context = trusting(proxy.trust)
    context.minimum_version = context.maximum_version = version
    _, spoken, cipher = served_chain(proxy, context=context)
    assert spoken == version.name.replace("_", ".")
    assert "GCM" in cipher or "CHACHA20" in cipher


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")  # that nobody should speak it is the point
def test_tls_1_1_and_cipher_suites_without_aead_are_refused(start_proxy):
    proxy = start_proxy()
    old = trusting(proxy.trust)
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    without_aead = trusting(proxy.trust)
    without_aead.maximum_version = ssl.TLSVersion.TLSv1_2
    without_aead.set_ciphers("ECDHE-ECDSA-AES128-SHA256")
    for context in (old, without_aead):
        with pytest.raises(ssl.SSLError):
            served_chain(proxy, context=context)


def test_sighup_reloads_certificate_and_key_and_running_connections_stay(start_proxy, private_ca, tmp_path):
    old, new = private_ca.issue("old", "localhost"), private_ca.issue("new", "localhost")
    certificate, key = tmp_path / "server.pem", tmp_path / "server.key"
    shutil.copy(old.chain_path, certificate)
    shutil.copy(old.key_path, key)
    proxy = start_proxy({"TLS_CERT": str(certificate), "TLS_KEY": str(key)}, trust=private_ca.path)
    kept = Client(proxy.url, proxy.trust, keep=True)
    assert kept.get("/health").status == 200
    assert served(proxy) == old.certificate
    shutil.copy(new.chain_path, certificate)
    shutil.copy(new.key_path, key)
    proxy.signal(signal.SIGHUP)
    wait_until(lambda: served(proxy) == new.certificate, "the new certificate")
    assert kept.get("/health").status == 200


def test_sighup_with_files_that_cannot_be_used_keeps_the_old_certificate(start_proxy, private_ca, tmp_path):
    old = private_ca.issue("old", "localhost")
    certificate = tmp_path / "server.pem"
    shutil.copy(old.chain_path, certificate)
    proxy = start_proxy({"TLS_CERT": str(certificate), "TLS_KEY": old.key_path}, trust=private_ca.path)
    certificate.write_text("this is no certificate")
    before = proxy.log()
    proxy.signal(signal.SIGHUP)
    wait_until(lambda: str(certificate) in proxy.log()[len(before):], "a log line that names the file")
    assert served(proxy) == old.certificate


def test_sighup_does_not_replace_a_certificate_that_lives_in_memory_only(start_proxy):
    proxy = start_proxy({"TLS_SELF_SIGNED": "true"})
    before = served(proxy)
    proxy.signal(signal.SIGHUP)
    proxy.wait_for_log("certificate kept")
    assert served(proxy) == before


def test_the_redirect_listener_sends_to_https_and_keeps_path_and_query(start_proxy):
    proxy = start_proxy({"E2EE_REDIRECT_LISTEN": "127.0.0.1:0", "TLS_DOMAIN": "localhost"})
    plain = Client(f"http://{proxy.address('redirect')}")
    for method in ("GET", "POST"):
        reply = plain.request(method, "/v1/models?limit=3")
        assert reply.status == 301
        assert reply.headers["Location"].startswith("https://")
        assert reply.headers["Location"].endswith("/v1/models?limit=3")
    assert proxy.alive


def test_the_plain_listener_speaks_the_api_on_loopback(start_proxy):
    proxy = start_proxy({"E2EE_PLAIN_LISTEN": "127.0.0.1:0"})
    assert Client(f"http://{proxy.address('plain')}").get("/health").json() == {"status": "ok"}


def test_the_plain_listener_goes_elsewhere_only_when_told_so(start_proxy):
    proxy = start_proxy({"E2EE_PLAIN_LISTEN": "0.0.0.0:0"}, ["--unsafe-plain-anywhere"])
    port = proxy.address("plain").rpartition(":")[2]
    assert Client(f"http://127.0.0.1:{port}").get("/health").status == 200


def test_the_hybrid_post_quantum_group_comes_first(start_proxy):
    """A client that offers X25519MLKEM768, X25519 and P-256 but a key for none is told which one the server wants."""
    host, _, port = start_proxy().address().rpartition(":")
    assert selected_group((host, int(port)), [P256, X25519, X25519_MLKEM768]) == X25519_MLKEM768
    assert selected_group((host, int(port)), [P256, X25519]) == X25519
