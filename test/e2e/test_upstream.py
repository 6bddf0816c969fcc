"""The way to the relay: whom the proxy trusts, through what it goes, and what crosses the wire."""

import pytest

from harness import models, planted
from harness.certificates import Authority
from harness.connect_proxy import ConnectProxy
from harness.wire import Client


def chat():
    return {"model": models.PLAIN, "messages": [{"role": "user", "content": planted.prompt()}]}


def client_of(proxy):
    return Client(proxy.url, proxy.trust, planted.key())


def test_an_upstream_certificate_that_is_not_trusted_is_502_in_clear_words(sim, start_proxy, tmp_path):
    stranger = Authority(tmp_path / "stranger", "somebody-else")
    proxy = start_proxy({**sim.upstream(), "SSL_CERT_FILE": stranger.path})
    for reply in (client_of(proxy).post("/v1/chat/completions", chat()), client_of(proxy).get("/v1/models")):
        assert reply.status == 502
        assert "certificate" in reply.message


def test_an_upstream_certificate_for_another_name_is_502(start_proxy, authority):
    import independent_instance
    from independent_instance import IndependentRelay, Script

    elsewhere = authority.issue("elsewhere", "elsewhere.example.org")
    with independent_instance.Server(IndependentRelay(Script(None, None)), elsewhere) as relay:
        proxy = start_proxy({"CHUTES_UPSTREAM": relay.url, "CHUTES_E2E_UPSTREAM": relay.url, "SSL_CERT_FILE": authority.path})
        reply = client_of(proxy).get("/v1/models")
    assert reply.status == 502 and "certificate" in reply.message
    assert relay.relay.received == []


def test_an_upstream_that_is_not_there_is_502(start_proxy):
    proxy = start_proxy()
    for reply in (client_of(proxy).post("/v1/chat/completions", chat()), client_of(proxy).get("/v1/models")):
        assert reply.status == 502 and reply.message


def test_an_upstream_name_that_does_not_resolve_is_502(start_proxy):
    proxy = start_proxy({"CHUTES_UPSTREAM": "https://no-such-host.invalid", "CHUTES_E2E_UPSTREAM": "https://no-such-host.invalid"})
    reply = client_of(proxy).post("/v1/chat/completions", chat())
    assert reply.status == 502 and reply.message


def test_requests_go_through_the_connect_proxy_and_stay_encrypted_to_the_relay(sim, start_proxy):
    with ConnectProxy() as between:
        proxy = start_proxy({**sim.upstream(), "HTTPS_PROXY": between.url})
        assert client_of(proxy).post("/v1/chat/completions", chat()).status == 200
    assert {method for method, _, _ in between.asked} == {"CONNECT"}
    assert {target for _, target, _ in between.asked} == {sim.authority}


def test_the_connect_proxy_gets_user_and_password(sim, start_proxy):
    with ConnectProxy() as between:
        proxy = start_proxy({**sim.upstream(), "HTTPS_PROXY": between.url.replace("://", "://user:secret@")})
        assert client_of(proxy).post("/v1/chat/completions", chat()).status == 200
    assert {headers["proxy-authorization"] for _, _, headers in between.asked} == {"Basic dXNlcjpzZWNyZXQ="}
    assert "secret" not in proxy.log()


def test_no_proxy_goes_around_the_connect_proxy(sim, start_proxy):
    host = sim.authority.rpartition(":")[0]
    with ConnectProxy() as between:
        proxy = start_proxy({**sim.upstream(), "HTTPS_PROXY": between.url, "NO_PROXY": f"example.org,{host}"})
        assert client_of(proxy).post("/v1/chat/completions", chat()).status == 200
    assert between.asked == []


def test_a_connect_proxy_that_refuses_is_502_in_clear_words(sim, start_proxy):
    with ConnectProxy(refusal="407 Proxy Authentication Required") as between:
        proxy = start_proxy({**sim.upstream(), "HTTPS_PROXY": between.url})
        reply = client_of(proxy).post("/v1/chat/completions", chat())
    assert reply.status == 502 and "proxy" in reply.message.lower()


def test_connections_to_the_relay_are_reused(sim, proxy, client):
    assert client.post("/v1/chat/completions", chat()).status == 200
    before = sim.stats()["tls_handshakes"]
    for _ in range(20):
        assert client.post("/v1/chat/completions", chat()).status == 200
    assert sim.stats()["tls_handshakes"] - before <= 2  # one a thread at most


def test_the_relay_sees_an_envelope_and_no_word_of_the_prompt(sim, client):
    asked = chat()
    assert client.post("/v1/chat/completions", asked).status == 200
    (entry,) = sim.invocations(client.key)
    words = asked["messages"][0]["content"].encode()
    assert words not in sim.envelope(entry)
    assert sim.envelope(entry)[1088 + 12:1088 + 14] != b"\x1f\x8b", "the gzip lies open"
    assert words in sim.plaintext(entry)
    seen = {name.lower() for name, _ in entry["headers"]}
    assert seen == {"host", "user-agent", "authorization", "x-chute-id", "x-instance-id", "x-e2e-nonce", "x-e2e-stream", "x-e2e-path",
                    "x-e2ee-usage-passthrough", "content-type", "content-length"}


def test_the_clients_other_headers_stay_with_the_proxy(sim, client):
    private = {"Cookie": "session=1", "X-Forwarded-For": "192.0.2.1", "X-Stainless-OS": "Linux", "Origin": "https://app.example.org",
               "X-Request-Id": "trace-77", "X-Instance-Id": "chosen-by-client", "X-E2E-Nonce": "n" * 32}
    assert client.post("/v1/chat/completions", chat(), private).status == 200
    (entry,) = sim.invocations(client.key)
    assert not {value for _, value in entry["headers"]} & set(private.values())


def test_the_model_list_goes_through_with_either_key_header_and_its_query(sim, client):
    listed = client.get("/v1/models?limit=3", {"x-api-key": client.key})
    assert listed.status == 200
    assert models.PLAIN in {model["id"] for model in listed.json()["data"]}
    (entry,) = [entry for entry in sim.entries("models", client.key)]
    assert sim.header(entry, "Authorization") == f"Bearer {client.key}"
    assert entry["target"] == "/v1/models?limit=3"


def test_a_key_is_lent_to_callers_with_a_token_and_to_nobody_else(sim, start_proxy, tmp_path):
    own, token = planted.key(), f"token-{planted.MARK}-1"
    (tmp_path / "tokens").write_text(f"# who may borrow\n{token}\n")
    (tmp_path / "key").write_text(own + "\n")
    proxy = start_proxy({**sim.upstream(), "CHUTES_API_KEY_FILE": str(tmp_path / "key"), "E2EE_CLIENT_TOKENS_FILE": str(tmp_path / "tokens")})
    assert Client(proxy.url, proxy.trust, token).post("/v1/chat/completions", chat()).status == 200
    assert len(sim.invocations(own)) == 1
    stranger = Client(proxy.url, proxy.trust, planted.key())
    assert stranger.post("/v1/chat/completions", chat()).status == 200
    assert len(sim.invocations(stranger.key)) == 1 and len(sim.invocations(own)) == 1


@pytest.mark.parametrize("model", [models.OPEN, models.ALIAS_OF_OPEN, models.ONLY_LOOKS_CONFIDENTIAL])
def test_models_outside_a_tee_go_through_when_allowed(sim, start_proxy, model):
    proxy = start_proxy({**sim.upstream(), "ALLOW_NON_CONFIDENTIAL": "true"})
    assert client_of(proxy).post("/v1/chat/completions", {**chat(), "model": model}).status == 200
