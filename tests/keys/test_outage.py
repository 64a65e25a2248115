"""An issuer that is down or answers nonsense: the last good keys serve, and it is left alone for a while."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import trustme

from oauth_jwt_grant.assertion import KeysUnavailable
from oauth_jwt_grant.keys import Fetcher, KeyLimits, RemoteKeys
from tests.jwks_server import NAMES, Answer, JwksServer, json_answer, server_context

from .material import START, Clock, MemoryCache, MemoryStore, b64, ec_jwk, header, hold, rsa_jwk, rsa_key

Make = Callable[..., RemoteKeys]

#: Faults of the answer, and what an operator is told of them.
FAULTS: dict[str, tuple[Answer, str]] = {
    "404": (Answer(status=404), "the answer has the HTTP status 404"),
    "500": (Answer(status=500), "the answer has the HTTP status 500"),
    "HTML": (Answer(b"<html></html>"), "the answer is not a JSON object: not JSON"),
    "empty set": (json_answer({"keys": []}), "the key set holds no usable key"),
    "no set": (json_answer({"error": "x"}), "the answer is not a JWK Set: there is no list of keys"),
    "keys are no list": (
        json_answer({"keys": {"a": 1}}),
        "the answer is not a JWK Set: there is no list of keys",
    ),
    "a list": (json_answer([]), "the answer is not a JSON object: not a JSON object"),
    "unusable keys": (json_answer({"keys": [rsa_jwk(use="enc")]}), "the key set holds no usable key"),
    "8 MB": (Answer(b" " * 8_000_000), "the answer is larger than 262144 bytes"),
    "redirect": (Answer(status=302, headers={"Location": "/other"}), "the answer has the HTTP status 302"),
    "drips": (Answer(b"{}" * 50, drip=0.5), "no complete answer within 1 s"),
}


def kids(source: RemoteKeys) -> list[str | None]:
    return [key.kid for key in source.candidates(header())]


def refused(source: RemoteKeys) -> KeysUnavailable:
    with pytest.raises(KeysUnavailable) as caught:
        source.candidates(header("a"))
    return caught.value


@pytest.fixture(params=FAULTS)
def fault(request: pytest.FixtureRequest) -> tuple[Answer, str]:
    return FAULTS[request.param]


def limits_of(answer: Answer) -> KeyLimits:
    """A short time for what never ends, a long one for what a busy machine may make slow."""
    seconds = 1 if answer.drip else 30
    return KeyLimits(fetch_timeout=seconds, patience=seconds)


def test_last_good_keys_serve(
    server: JwksServer,
    remote: Make,
    clock: Clock,
    cache: MemoryCache,
    fault: tuple[Answer, str],
) -> None:
    server.publish(ec_jwk("a"))
    assert kids(remote()) == ["a"]
    server.answers["/jwks"], text = fault
    limits = limits_of(fault[0])
    clock.now += 3600
    assert kids(remote(limits=limits)) == ["a"]
    status = remote().status()
    assert (status.last_error, status.failing_since) == (text, START + 3600)
    assert status.fetched_at == START
    # Flushed and restarted: it is tried again, once, and the keys still serve.
    cache.flush()
    assert kids(remote(limits=limits)) == ["a"]
    assert kids(remote(limits=limits)) == ["a"]
    assert server.count() == 3


def test_with_none_kept_it_cannot_be_decided(
    server: JwksServer, remote: Make, fault: tuple[Answer, str]
) -> None:
    server.answers["/jwks"], text = fault
    limits = limits_of(fault[0])
    refusal = refused(remote(limits=limits))
    assert refusal.detail == f"the keys cannot be fetched: {text}"
    assert refusal.retry_after == 30
    # From now on the answer is quick, and nobody is asked.
    assert refused(remote(limits=limits)).retry_after == 30
    assert server.count() == 1


def test_down_and_up_again(server: JwksServer, remote: Make, clock: Clock, cache: MemoryCache) -> None:
    server.publish(ec_jwk("a"))
    kids(remote())
    server.stop()
    clock.now += 3600
    assert kids(remote()) == ["a"]
    assert remote().status().last_error == "cannot connect: Connection refused"
    cache.flush()
    assert kids(remote()) == ["a"]
    server.start()
    server.publish(ec_jwk("b"))
    clock.now += 30
    assert kids(remote()) == ["b"]
    status = remote().status()
    assert (status.last_error, status.failing_since) == ("", None)


def test_wrong_certificate_after_a_good_one(server: JwksServer, remote: Make, clock: Clock) -> None:
    server.publish(ec_jwk("a"))
    kids(remote())
    clock.now += 3600
    with JwksServer(server_context(trustme.CA().issue_cert(*NAMES))) as impostor:
        impostor.publish(ec_jwk("evil"))
        fetcher = Fetcher(
            ca_bundle=server.ca_pem,
            allow_private_network=True,
            resolver=lambda host, port: ["127.0.0.1"],
        )
        # The same source, at which somebody else answers by now.
        server.stop()
        impostor.stop()
        impostor.port = server.port
        impostor.start()
        assert kids(remote(fetcher=fetcher)) == ["a"]
        assert impostor.requests == []
    assert remote().status().last_error.startswith("TLS: the certificate is not accepted")


def test_private_address_without_permission(server: JwksServer, remote: Make) -> None:
    server.publish(ec_jwk("a"))
    refusal = refused(remote(allow_private_network=False))
    assert refusal.detail.endswith("127.0.0.1, which is not a public address and not allowed")
    assert server.requests == []


@pytest.mark.parametrize(
    "wrong", [{"ca_bundle": trustme.CA().cert_pem.bytes().decode()}, {"allow_private_network": False}]
)
def test_what_the_operator_has_corrected_acts_at_once(
    server: JwksServer, remote: Make, wrong: dict[str, Any]
) -> None:
    """The pause after a failure is for the issuer's sake; this failure was our own."""
    server.publish(ec_jwk("a"))
    refused(remote(**wrong))
    assert kids(remote()) == ["a"]
    assert remote().status().last_error == ""
    # And the other way round: what came on terms that hold no more is not used.
    refused(remote(**wrong))


def test_pause_grows(server: JwksServer, remote: Make, clock: Clock) -> None:
    """30, 60, 120, 240, then 300 seconds, told to the client as well."""
    server.answers["/jwks"] = Answer(status=500)
    begun = clock.now
    pauses = []
    for fetches in range(1, 8):
        refusal = refused(remote())
        assert server.count() == fetches
        pauses.append(refusal.retry_after)
        clock.now += refusal.retry_after - 1
        assert refused(remote()).retry_after == 1
        assert server.count() == fetches
        clock.now += 1
    assert pauses == [30, 60, 120, 240, 300, 300, 300]
    status = remote().status()
    assert (status.failing_since, status.next_fetch) == (begun, clock.now)


def test_a_client_is_never_told_to_come_back_at_once(
    server: JwksServer, remote: Make, clock: Clock, cache: MemoryCache
) -> None:
    """The pause is over, and another process that fetches does not come back."""
    server.answers["/jwks"] = Answer(status=500)
    refused(remote())
    clock.now += 3600
    hold(remote, cache, "fetching")
    assert refused(remote(store=None)).retry_after == 1
    assert server.count() == 1


def test_ten_minutes_of_outage_cost_few_fetches(server: JwksServer, remote: Make, clock: Clock) -> None:
    server.publish(ec_jwk("a"))
    kids(remote())
    server.answers["/jwks"] = Answer(status=503)
    clock.now += 3600
    for _ in range(600):
        assert kids(remote()) == ["a"]
        clock.now += 1
    assert server.count() == 1 + 5


def test_kept_keys_end(server: JwksServer, remote: Make, clock: Clock, cache: MemoryCache) -> None:
    server.publish(ec_jwk("a"))
    kids(remote())
    server.answers["/jwks"] = Answer(status=500)
    clock.now = START + 86400 - 1
    assert kids(remote()) == ["a"]
    clock.now = START + 86400
    refused(remote())
    # Nor does the store bring them back.
    cache.flush()
    refused(remote())


def test_a_short_grace(server: JwksServer, remote: Make, clock: Clock) -> None:
    limits = KeyLimits(stale_if_error=0)
    server.publish(ec_jwk("a"))
    kids(remote(limits=limits))
    server.answers["/jwks"] = Answer(status=500)
    clock.now += 3599
    assert kids(remote(limits=limits)) == ["a"]
    clock.now += 1
    refused(remote(limits=limits))


def test_failed_refetch_leaves_fresh_keys_as_they_are(
    server: JwksServer, remote: Make, fault: tuple[Answer, str], store: MemoryStore
) -> None:
    server.publish(ec_jwk("a"))
    kids(remote())
    saved = store.saved
    server.answers["/jwks"] = fault[0]
    assert list(remote(limits=limits_of(fault[0])).candidates(header("unknown"))) == []
    assert kids(remote()) == ["a"]
    assert store.saved == saved


@pytest.mark.parametrize("bits", [1024, 9216])
def test_bad_keys_are_left_out_one_by_one(server: JwksServer, remote: Make, bits: int) -> None:
    weak: dict[str, Any] = rsa_jwk("size", rsa_key(bits)) if bits < 2048 else _huge(bits)
    server.publish(
        weak,
        ec_jwk("private", d="AAAA"),
        {"kty": "oct", "k": "AAAA", "kid": "shared"},
        rsa_jwk("enc", use="enc"),
        rsa_jwk("ops", key_ops=["encrypt"]),
        {"kty": "AKP", "kid": "unknown"},
        {"kty": "EC", "crv": "P-256", "kid": "malformed", "x": "AAAA", "y": "AAAA"},
        ec_jwk("good"),
    )
    assert kids(remote()) == ["good"]
    left_out = {entry.kid: entry.why for entry in remote().status().left_out}
    assert list(left_out) == ["size", "private", "shared", "enc", "ops", "unknown", "malformed"]
    assert str(bits) in left_out["size"]


def test_no_more_than_max_keys(server: JwksServer, remote: Make) -> None:
    server.publish(*(ec_jwk(str(number)) for number in range(5)))
    limits = KeyLimits(max_keys=3)
    assert kids(remote(limits=limits)) == ["0", "1", "2"]
    [rest] = remote(limits=limits).status().left_out
    assert rest.why == "beyond the 3 keys that are read of one set (5 in all)"


def test_answer_holds_no_key_material(server: JwksServer, remote: Make) -> None:
    jwk = ec_jwk("private", d="c2VjcmV0")
    server.publish(jwk)
    refusal = refused(remote())
    shown = json.dumps([refusal.detail, refusal.public_text, repr(remote().status())])
    assert not [name for name in ("x", "y", "d") if jwk[name] in shown]


def _huge(bits: int) -> dict[str, Any]:
    return rsa_jwk("size") | {"n": b64(b"\xff" * (bits // 8))}
