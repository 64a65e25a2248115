"""The issuer's keys as requests meet them: fetched from a real HTTPS server, kept in cache and database."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError

from oauth_jwt_grant.models import IssuerKeys, TrustedIssuer
from oauth_jwt_grant.trust import key_source_of
from tests.factories import ISSUER, ec_key, jwk, mint, rsa_key
from tests.jwks_server import Answer, JwksServer, json_answer
from tests.support import UNVERIFIED, World, assert_granted, assert_refused, cases, make_issuer, make_rule


@pytest.fixture
def server() -> Iterator[JwksServer]:
    with JwksServer() as running:
        running.publish(jwk(ec_key()))
        yield running


@pytest.fixture
def remote(world: World, server: JwksServer) -> World:
    """A world whose issuer publishes its keys."""
    world.fetch_keys_from(server)
    return world


def _answers() -> dict[str, Answer]:
    """The same keys as servers of this world send them."""
    body = json.dumps({"keys": [jwk(ec_key(), x5c=["no certificate"]), {"kty": "AKP", "kid": "pq"}]}).encode()
    return {
        "compressed": Answer(gzip.compress(body), headers={"Content-Encoding": "gzip"}),
        "byte order mark": Answer(b"\xef\xbb\xbf" + body),
        "CRLF": Answer(body.replace(b", ", b",\r\n")),
        "NUL in the entity tag": Answer(body, headers={"ETag": '"a\0b"'}),
        "long entity tag": Answer(body, headers={"ETag": f'"{"x" * 300}"'}),
        "entity tag with a space": Answer(body, headers={"ETag": '"a b"'}),
    }


@pytest.mark.parametrize("name", _answers())
def test_keys_as_the_world_sends_them(remote: World, server: JwksServer, name: str) -> None:
    server.answers["/jwks"] = _answers()[name]

    assert_granted(remote.post())
    assert len(IssuerKeys.objects.get().document["keys"]) == 2
    cache.clear()
    key_source_of(remote.issuer).refresh()
    assert_granted(remote.post())
    assert server.count() == 2


@pytest.mark.standard("KEY-04", "KEY-13", "RPL-06")
def test_keys_are_fetched_once_and_kept(remote: World, server: JwksServer) -> None:
    for _ in range(5):
        assert_granted(remote.post())

    assert server.count() == 1


@pytest.mark.standard("KEY-09")
def test_a_new_key_is_found_when_it_is_used(remote: World, server: JwksServer) -> None:
    assert_granted(remote.post())
    server.publish(jwk(ec_key()), jwk(rsa_key()))

    assert_granted(remote.post(assertion=mint(rsa_key())))
    assert server.count() == 2


@pytest.mark.standard("KEY-09", "JOSE-26")
def test_unknown_key_ids_do_not_cause_a_fetch_each(remote: World, server: JwksServer) -> None:
    for number in range(10):
        forged = mint(ec_key(name="attacker"), header={"kid": f"unknown {number}"})
        assert_refused(remote.post(assertion=forged), "invalid_grant", UNVERIFIED)

    assert server.count() <= 2
    assert_granted(remote.post())


@pytest.mark.standard("KEY-10")
def test_a_key_that_was_taken_out_works_no_more_once_the_keys_are_fetched_anew(
    remote: World, server: JwksServer
) -> None:
    assert_granted(remote.post())
    server.publish(jwk(rsa_key()))

    key_source_of(remote.issuer).refresh()

    assert_refused(remote.post(), "invalid_grant", UNVERIFIED)
    assert_granted(remote.post(assertion=mint(rsa_key())))


@pytest.mark.standard("KEY-14")
def test_an_outage_and_a_flushed_cache_together_lose_nothing(remote: World, server: JwksServer) -> None:
    assert_granted(remote.post())
    server.stop()
    cache.clear()

    for _ in range(3):
        assert_granted(remote.post())
    assert IssuerKeys.objects.get().issuer == remote.issuer


@pytest.mark.standard("KEY-14")
@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=404),
        Answer(status=500),
        Answer(status=302, headers={"Location": "https://127.0.0.1:1/"}),
        Answer(b"<html>", headers={"Content-Type": "application/json"}),
        Answer(b"[]"),
        json_answer({}),
        json_answer({"keys": {}}),
        json_answer({"keys": []}),
        json_answer({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}),
        Answer(b'{"keys": [], "keys": []}'),
        Answer(b'{"keys": [' + b"[" * 5000 + b"]}"),
        Answer(b"{" + b" " * 300_000 + b"}"),
    ],
)
@pytest.mark.standard("KEY-07", "KEY-11")
def test_an_issuer_without_usable_keys_is_the_trouble_of_the_operator(
    remote: World, server: JwksServer, answer: Answer
) -> None:
    server.answers["/jwks"] = answer

    response = remote.post()

    assert_refused(response, "temporarily_unavailable")
    assert int(response["Retry-After"]) >= 1
    assert remote.issuer.decisions.get().outcome == "undecided"


@pytest.mark.standard("KEY-06", "KEY-11", "KEY-12", "JOSE-11", "JOSE-12")
def test_odd_keys_beside_a_good_one_are_passed_over(remote: World, server: JwksServer) -> None:
    good = jwk(ec_key())
    other = jwk(rsa_key("other"))
    server.publish(
        {"kty": "oct", "k": "c2VjcmV0", "kid": "oct", "alg": "HS256"},
        {**other, "d": "AQAB", "kid": "private"},
        {**other, "x5c": ["bm8gY2VydGlmaWNhdGU="], "kid": "x5c"},
        {**other, "n": other["n"][:100], "kid": "short"},
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA", "kid": "new"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "point"},
        "nonsense",
        None,
        good,
    )

    assert_granted(remote.post())
    assert_refused(
        remote.post(assertion=mint(rsa_key("other"), header={"kid": "private"})), "invalid_grant", UNVERIFIED
    )


@pytest.mark.standard("KEY-05")
def test_discovery_is_of_the_very_issuer(world: World, server: JwksServer) -> None:
    issuer = server.url("")
    discovered = make_issuer(
        ec_key(),
        issuer=issuer,
        key_source="discovery",
        ca_bundle=server.ca_pem,
        allow_private_network=True,
        jwks={},
    )
    make_rule(discovered, world.application, subject_policy="no_user")
    path = "/.well-known/openid-configuration"
    server.answers[path] = json_answer({"issuer": f"{issuer}/", "jwks_uri": server.url()})

    assert_refused(world.post(assertion=mint(ec_key(), iss=issuer)), "temporarily_unavailable")
    assert server.count() == 0

    server.answers[path] = json_answer({"issuer": issuer, "jwks_uri": server.url()})
    key_source_of(discovered).refresh()
    assert_granted(world.post(assertion=mint(ec_key(), iss=issuer)))


@pytest.mark.standard("KEY-01", "KEY-02")
def test_two_issuers_at_one_server_do_not_share_keys(remote: World, server: JwksServer) -> None:
    server.publish(jwk(ec_key(name="second"), kid=ec_key().kid), path="/second")
    second = make_issuer(
        issuer="https://second.example",
        key_source="jwks_url",
        jwks_url=server.url("/second"),
        ca_bundle=server.ca_pem,
        allow_private_network=True,
    )
    make_rule(second, remote.application, subject_policy="no_user")
    same = {"header": {"kid": ec_key().kid}}

    assert_granted(remote.post())
    assert_granted(remote.post(assertion=mint(ec_key(name="second"), iss="https://second.example", **same)))
    for key, iss in ((ec_key(), "https://second.example"), (ec_key(name="second"), ISSUER)):
        assert_refused(remote.post(assertion=mint(key, iss=iss, **same)), "invalid_grant", UNVERIFIED)


def test_the_keys_of_the_old_address_are_not_those_of_the_new_one(remote: World, server: JwksServer) -> None:
    assert_granted(remote.post())
    server.publish(jwk(rsa_key()), path="/new")
    remote.change(remote.issuer, jwks_url=server.url("/new"))

    assert_refused(remote.post(), "invalid_grant", UNVERIFIED)
    assert_granted(remote.post(assertion=mint(rsa_key())))


@pytest.mark.standard("KEY-04", "JOSE-26")
def test_private_addresses_are_for_issuers_that_say_so(remote: World, server: JwksServer) -> None:
    remote.change(remote.issuer, allow_private_network=False)

    assert_refused(remote.post(), "temporarily_unavailable")
    assert server.count() == 0


@pytest.mark.standard("KEY-04")
def test_the_certificate_of_the_server_is_checked(remote: World, server: JwksServer) -> None:
    remote.change(remote.issuer, ca_bundle="")

    assert_refused(remote.post(), "temporarily_unavailable")
    assert server.count() == 0


@pytest.mark.standard("KEY-04")
@pytest.mark.parametrize(
    "url", ["http://issuer.example/jwks", "ftp://x/", "file:///etc/passwd", "https://u@x/", "x"]
)
def test_keys_come_by_https_alone(world: World, url: str) -> None:
    world.issuer.key_source, world.issuer.jwks_url = "jwks_url", url

    with pytest.raises(ValidationError) as caught:
        world.issuer.full_clean()
    assert "jwks_url" in caught.value.message_dict
    TrustedIssuer.objects.update(key_source="jwks_url", jwks_url=url)
    assert_refused(world.post(), "temporarily_unavailable")


@pytest.mark.standard("KEY-03", "JOSE-26", "JGC-16")
def test_an_unknown_issuer_is_never_asked_for_its_keys(world: World, server: JwksServer) -> None:
    server.answers["/.well-known/openid-configuration"] = json_answer(
        {"issuer": server.url(""), "jwks_uri": server.url()}
    )
    assertion = mint(ec_key(), iss=server.url(""), header={"jku": server.url()})

    assert_refused(world.post(assertion=assertion), "invalid_grant", UNVERIFIED)
    assert server.requests == []


@cases("jwks", [[], "x", 1, {"keys": 1}, {"keys": ["x"]}, {}, {"keys": []}])
def test_stored_keys_that_are_none_verify_nothing(world: World, jwks: Any) -> None:
    # Past the validation of the model.
    TrustedIssuer.objects.update(jwks=jwks)

    assert_refused(world.post(), "invalid_grant", UNVERIFIED)


@pytest.mark.standard("KEY-11", "JOSE-12")
@cases(
    "jwks",
    [
        {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]},
        {"keys": [{**jwk(ec_key()), "d": "AA"}]},
        rsa_key().private_pem(),
        {"keys": []},
        "",
        {},
    ],
)
def test_private_and_symmetric_keys_are_never_stored(world: World, jwks: Any) -> None:
    world.issuer.jwks = jwks

    with pytest.raises(ValidationError):
        world.issuer.full_clean()
    with pytest.raises(ValueError, match=r"key|PEM"):
        world.issuer.save()
    stored = TrustedIssuer.objects.values_list("jwks", flat=True).get()
    assert stored == {"keys": [jwk(ec_key())]}


@pytest.mark.parametrize("form", ["set", "jwk", "pem", "text"])
def test_public_keys_are_stored_as_one_set_whatever_they_came_as(world: World, form: str) -> None:
    key = rsa_key()
    given = {"set": {"keys": [jwk(key)]}, "jwk": jwk(key), "pem": key.pem(), "text": json.dumps(jwk(key))}[
        form
    ]
    world.change(world.issuer, jwks=given)

    assert world.issuer.jwks.keys() == {"keys"}
    assert_granted(world.post(assertion=mint(key)))
