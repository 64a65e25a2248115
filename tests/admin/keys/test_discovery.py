"""What an issuer publishes, and since when its keys have been there."""

from __future__ import annotations

import re
import time

import pytest
from django.core.cache import cache
from django.urls import reverse

from oauth_jwt_grant.admin.keys.health import at
from oauth_jwt_grant.models import IssuerKeys, TrustedIssuer
from oauth_jwt_grant.trust import key_source_of
from tests.admin.forms import said
from tests.admin.issuers.test_control_room import change_url, text_of
from tests.factories import ec_key, jwks, rsa_key
from tests.jwks_server import JwksServer, json_answer

PLACE = "/.well-known/openid-configuration"


@pytest.fixture
def server():
    with JwksServer() as server:
        server.answers["/jwks"] = json_answer(jwks(ec_key()))
        publish(server)
        yield server


@pytest.fixture
def remote(db, server):
    return TrustedIssuer.objects.create(
        name="Remote",
        issuer=server.url(""),
        key_source="discovery",
        ca_bundle=server.ca_pem,
        allow_private_network=True,
        algorithms=["ES256"],
    )


def publish(server, **members):
    document = {
        "issuer": server.url(""),
        "jwks_uri": server.url("/jwks"),
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        **members,
    }
    server.answers[PLACE] = json_answer(
        {name: value for name, value in document.items() if value is not None}
    )


def fetch(page, issuer):
    url = reverse("admin:oauth_jwt_grant_trustedissuer_fetch", args=[issuer.pk])
    return said(page.post(url, follow=True))


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (
            {"issuer": "https://other.example"},
            'about another issuer: the string "https://other.example", not "https://127.0.0.1',
        ),
        ({"issuer": None}, "another issuer: null"),
        ({"issuer": ["<script>"]}, 'the array ["<script>"]'),
        ({"issuer": "x" * 10_000}, "(10000 characters)"),
        ({"jwks_uri": None}, "the discovery document has no jwks_uri"),
        ({"jwks_uri": "http://x.example/"}, "not an https URL"),
    ],
)
def test_fetch_says_what_is_wrong_with_the_metadata(page, remote, server, members, expected):
    publish(server, **members)
    assert expected in fetch(page, remote)


def test_slash_at_the_end_is_seen(page, remote, server):
    publish(server, issuer=server.url("/"))
    words = fetch(page, remote)
    assert f'about another issuer: the string "{server.url("/")}", not "{server.url("")}"' in words
    assert "they differ in a slash at the end alone" in words


def test_key_says_since_when_it_has_been_there(page, remote, server):
    key_source_of(remote).refresh()
    then = time.time() - 8 * 86400
    IssuerKeys.objects.update(first_seen={ec_key_print(remote): then})
    cache.clear()
    server.answers["/jwks"] = json_answer(jwks(ec_key(), rsa_key()))
    key_source_of(remote).refresh()
    said = text_of(page.get(change_url(remote)))
    assert "First seen" in said
    first, second = key_source_of(remote).status().keys
    assert f"{first.thumbprint} {at(then)} not in the last 7 days" in said
    assert re.search(rf"{second.thumbprint} .{{0,40}}never used", said)


def test_keys_that_were_kept_before_such_times_say_nothing(page, remote):
    key_source_of(remote).refresh()
    IssuerKeys.objects.update(first_seen={})
    cache.clear()
    assert "First seen" not in text_of(page.get(change_url(remote)))
    key_source_of(remote).refresh()
    assert "First seen" not in text_of(page.get(change_url(remote)))


def test_entered_keys_and_certificates_say_nothing(page, issuer):
    assert "First seen" not in text_of(page.get(change_url(issuer)))


def ec_key_print(issuer):
    (key,) = key_source_of(issuer).status().keys
    return key.thumbprint
