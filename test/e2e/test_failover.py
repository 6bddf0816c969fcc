"""What the relay refuses and what becomes of it: the table of docs/protocol.md, "Invocation". Before the first byte another
instance is tried where that can help, at most three attempts in all; what may have been executed is not repeated."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import models, planted
from harness.wire import Client, data_of


def chat(**more):
    return {"model": models.PLAIN, "messages": [{"role": "user", "content": planted.prompt()}], **more}


STREAM = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])

ANOTHER_INSTANCE = ["instance_not_found", "instance_gone", "instance_full", "key_exchange", "internal_error", "instance_status",
                    "reset_before_status", "close_before_status"]
DISCOVER_AGAIN = ["nonce_refused", "wrong_chute"]


def assert_answered(reply, asked):
    assert reply.status == 200, reply.body
    text = asked["messages"][0]["content"]
    if asked.get("stream"):
        assert data_of(reply.body)[-1] == "[DONE]"
    else:
        assert reply.json()["choices"][0]["message"]["content"] == text


@STREAM
@pytest.mark.parametrize("fault", ANOTHER_INSTANCE)
def test_one_instance_that_cannot_does_not_reach_the_client(sim, client, fault, stream):
    sim.fault(fault, credential=client.key)
    asked = chat(stream=stream)
    assert_answered(client.post("/v1/chat/completions", asked), asked)
    attempts = sim.invocations(client.key)
    assert len(attempts) == 2
    assert len({attempt["instance"] for attempt in attempts}) == 2, "the same instance was tried again"
    assert len({sim.header(attempt, "X-E2E-Nonce") for attempt in attempts}) == 2
    assert len({attempt["envelope_hex"] for attempt in attempts}) == 2, "the envelope of another instance was sent again"


@STREAM
@pytest.mark.parametrize("fault", DISCOVER_AGAIN)
def test_a_pool_that_is_wrong_is_discovered_again_and_the_client_sees_nothing(sim, client, fault, stream):
    sim.fault(fault, credential=client.key)
    asked = chat(stream=stream)
    assert_answered(client.post("/v1/chat/completions", asked), asked)
    assert len(sim.invocations(client.key)) == 2
    assert len(sim.discoveries(client.key)) == 2


@pytest.mark.parametrize("fault, attempts, statuses", [
    ("instance_not_found", 3, {502, 503}),
    ("instance_gone", 3, {502, 503}),
    ("instance_full", 3, {429, 503}),
    ("key_exchange", 3, {502, 503}),
    ("internal_error", 3, {500, 502, 503}),
    ("reset_before_status", 3, {502}),
    ("instance_status", 2, {500, 502}),
    ("nonce_refused", 2, {502, 503}),
    ("wrong_chute", 2, {502, 503}),
])
def test_attempts_are_counted_and_the_client_gets_a_clear_error_when_they_are_used_up(sim, client, fault, attempts, statuses):
    with sim.fault(fault, times=-1, credential=client.key):
        reply = client.post("/v1/chat/completions", chat())
    assert reply.status in statuses, reply.body
    assert reply.message
    assert len(sim.invocations(client.key)) == attempts
    if reply.status in (429, 503):
        assert int(reply.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("fault", ["instance_full", "instance_gone"])
def test_an_only_instance_that_refuses_is_looked_up_again_once_and_no_more(sim, client, fault):
    with sim.fault(fault, times=-1, credential=client.key):
        reply = client.post("/v1/chat/completions", {**chat(), "model": models.SINGLE})
    assert reply.status in (429, 503), reply.body
    assert len(sim.invocations(client.key)) == 1
    assert len(sim.discoveries(client.key)) == 2


@STREAM
@pytest.mark.parametrize("fault, status, words", [
    ("path_not_public", 403, "not public"),
    ("opaque_400", 400, "context length"),
    ("unauthorized", 401, ""),
    ("payment_required", 402, ""),
    ("unprocessable", 422, ""),
    ("account_limit", 429, ""),
    ("disabled", 503, "disabled"),
    ("html_502", 502, "HTTP 502"),
])
def test_what_no_other_instance_can_mend_is_passed_on_after_one_attempt(sim, client, fault, status, words, stream):
    sim.fault(fault, credential=client.key)
    reply = client.post("/v1/chat/completions", chat(stream=stream))
    assert reply.status == status
    assert words in reply.message and "<" not in reply.message
    assert reply.headers.get_content_type() == "application/json"
    assert len(sim.invocations(client.key)) == 1
    if status in (429, 503):
        assert int(reply.headers["Retry-After"]) >= 1


@STREAM
@pytest.mark.parametrize("fault", ["wrong_key", "html_200", "reset_after_headers", "reset_mid_chunk", "close_mid_chunk"])
def test_a_reply_that_cannot_be_opened_is_an_error_and_the_request_is_not_repeated(sim, client, fault, stream):
    sim.fault(fault, credential=client.key, at=0)
    reply = client.post("/v1/chat/completions", chat(stream=stream))
    assert reply.status == 502, reply.body
    assert reply.message
    assert len(sim.invocations(client.key)) == 1


@pytest.mark.parametrize("fault", ["blob_wrong_tag", "blob_truncated", "blob_short", "blob_empty", "blob_trailing", "blob_bomb",
                                   "blob_not_gzip", "blob_not_json", "blob_clear"])
def test_a_blob_that_is_not_what_the_protocol_says_is_502_and_not_repeated(sim, client, fault):
    sim.fault(fault, credential=client.key)
    reply = client.post("/v1/chat/completions", chat())
    assert reply.status == 502, reply.body
    assert reply.message
    assert len(sim.invocations(client.key)) == 1


def test_a_full_instance_is_not_ill_and_gets_requests_again(sim, client):
    sim.fault("instance_full", credential=client.key)
    asked = {**chat(), "model": models.SINGLE}
    first = client.post("/v1/chat/completions", asked)
    assert first.status in (200, 429, 503)
    assert client.post("/v1/chat/completions", asked).status == 200


def test_no_two_credentials_share_a_nonce_and_none_is_sent_twice(sim, proxy):
    clients = [Client(proxy.url, proxy.trust, planted.key()) for _ in range(3)]
    for _ in range(12):
        for client in clients:
            assert client.post("/v1/chat/completions", chat()).status == 200
    nonces = [sim.header(entry, "X-E2E-Nonce") for client in clients for entry in sim.invocations(client.key)]
    assert len(nonces) == len(set(nonces)) == 36


@pytest.mark.parametrize("model, clients_at_once, requests, each_takes", [
    (models.SINGLE, 8, 160, 0), (models.PLAIN, 8, 160, 0),  # the pool runs dry again and again
    (models.PLAIN, 1, 55, 150),  # slow enough for a refill ahead of need
])
def test_nonces_are_refilled_while_one_key_asks_for_more_than_a_discovery_holds(sim, proxy, model, clients_at_once, requests, each_takes):
    """Ten nonces for each of at most five instances come with a discovery."""
    key = planted.key()

    def ask(_):
        client = Client(proxy.url, proxy.trust, key, keep=True)
        return [client.post("/v1/chat/completions", chat(model=model)).status for _ in range(requests // clients_at_once)]

    with sim.latency(first_event=each_takes), ThreadPoolExecutor(clients_at_once) as pool:
        statuses = sum(pool.map(ask, range(clients_at_once)), [])
    assert statuses == [200] * requests
    nonces = [sim.header(entry, "X-E2E-Nonce") for entry in sim.invocations(key)]
    assert len(nonces) == len(set(nonces)) == requests
    assert 2 <= len(sim.discoveries(key)) <= 40


# --- discovery that fails or lies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault, status", [
    ("discovery_401", 401),
    ("discovery_404_no_instances", 503),
    ("discovery_404_no_e2e", 503),
    ("discovery_429", 429),
    ("discovery_empty", 503),
])
def test_what_discovery_says_reaches_the_client(sim, client, fault, status):
    with sim.fault(fault, times=-1, credential=client.key):
        reply = client.post("/v1/chat/completions", chat())
    assert reply.status == status, reply.body
    assert reply.message
    assert sim.invocations(client.key) == []
    if status in (429, 503):
        assert int(reply.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("fault", [
    "discovery_500", "discovery_no_nonces", "discovery_html_502", "discovery_malformed", "discovery_truncated", "discovery_wrong_types", "discovery_huge",
    "discovery_reset", "discovery_crlf_id", "discovery_crlf_nonce", "discovery_long_id", "discovery_key_short",
    "discovery_key_modulus", "discovery_key_base64",
])
def test_discovery_that_makes_no_sense_is_an_error_and_nothing_is_sent_to_an_instance(sim, client, fault):
    with sim.fault(fault, times=-1, credential=client.key):
        reply = client.post("/v1/chat/completions", chat())
    assert reply.status in (500, 502, 503), reply.body
    assert reply.message and "<" not in reply.message and "\r" not in reply.message
    assert sim.invocations(client.key) == []
    assert client.post("/v1/chat/completions", chat()).status == 200, "did not recover"


def test_one_bad_key_in_discovery_does_not_spoil_the_others(sim, client):
    sim.fault("discovery_one_bad_key", credential=client.key)
    for _ in range(8):
        assert client.post("/v1/chat/completions", chat()).status == 200


def test_a_discovery_that_crawls_is_waited_for(sim, client):
    sim.fault("discovery_crawl", credential=client.key)
    assert client.post("/v1/chat/completions", {**chat(), "model": models.SINGLE}).status == 200


def test_nonces_that_are_dead_on_arrival_cost_one_attempt(sim, client):
    sim.fault("discovery_dead_nonces", credential=client.key)
    assert client.post("/v1/chat/completions", chat()).status == 200
    assert len(sim.invocations(client.key)) == 2


def test_a_nonce_that_discovery_lists_twice_is_sent_once(sim, client):
    with sim.fault("discovery_repeats_nonces", times=-1, credential=client.key):
        for _ in range(15):
            assert client.post("/v1/chat/completions", {**chat(), "model": models.SINGLE}).status == 200
    nonces = [sim.header(entry, "X-E2E-Nonce") for entry in sim.invocations(client.key)]
    assert len(nonces) == len(set(nonces)) == 15


def test_an_instance_that_restarted_with_another_key_is_rediscovered(sim, client):
    asked = {**chat(), "model": models.SINGLE}
    assert client.post("/v1/chat/completions", asked).status == 200
    sim.restart_instances(models.SINGLE)
    replies = [client.post("/v1/chat/completions", asked).status for _ in range(2)]
    assert replies[-1] == 200


def test_a_key_that_no_instance_has_harms_only_until_its_nonces_are_spent(sim, client):
    sim.forgiven = {"envelope_does_not_open"}
    sim.fault("discovery_wrong_key", credential=client.key)
    asked = {**chat(), "model": models.SINGLE}
    statuses = [client.post("/v1/chat/completions", asked).status for _ in range(30)]
    assert statuses[-1] == 200
    assert set(statuses) <= {200, 400, 500, 502, 503}


# --- the model list -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault, statuses", [
    ("models_500", {500}),
    ("models_401", {401}),
    ("models_html_502", {502}),
    ("models_malformed", {502}),
    ("models_wrong_types", {404, 502}),
    ("models_crlf", {404, 502}),
    ("models_empty", {404, 502}),
    ("models_huge", {502}),
    ("models_reset", {502}),
])
def test_a_model_list_that_fails_is_an_error_and_the_next_request_asks_again(sim, client, fault, statuses):
    with sim.fault(fault, times=-1, credential=client.key):
        reply = client.post("/v1/chat/completions", chat())
    assert reply.status in statuses, reply.body
    assert reply.message and "<" not in reply.message
    assert sim.invocations(client.key) == []
    if fault not in ("models_empty", "models_crlf", "models_wrong_types"):  # these are lists: they count until they are stale
        assert client.post("/v1/chat/completions", chat()).status == 200


def test_a_stale_model_list_serves_while_the_upstream_fails(sim, client):
    assert client.post("/v1/chat/completions", chat()).status == 200
    with sim.fault("models_500", times=-1, credential=client.key):
        assert client.post("/v1/chat/completions", chat()).status == 200


@pytest.mark.parametrize("fault, status", [("models_500", 500), ("models_401", 401), ("models_html_502", 502)])
def test_the_model_list_is_passed_through_with_its_status(sim, client, fault, status):
    sim.fault(fault, credential=client.key)
    assert client.get("/v1/models").status == status


@pytest.mark.parametrize("fault", ["aliases_404", "aliases_500", "aliases_malformed"])
def test_models_are_found_without_aliases(sim, client, fault):
    with sim.fault(fault, times=-1, credential=client.key):
        assert client.post("/v1/chat/completions", chat()).status == 200
        reply = client.post("/v1/chat/completions", {**chat(), "model": models.ALIAS})
    assert reply.status in (404, 500, 502)
