"""What an issuer publishes, and since when its keys have been there."""

from __future__ import annotations

import time

import pytest
from django.core.cache import cache
from django.urls import reverse

from oauth_jwt_grant.admin.keys.health import at
from oauth_jwt_grant.models import IssuerKeys, TrustedIssuer
from oauth_jwt_grant.trust import key_source_of
from tests.admin.issuers.test_control_room import change_url, text_of
from tests.factories import ec_key, jwks, rsa_key
from tests.jwks_server import Answer, JwksServer, json_answer

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


def url_of(issuer):
    return reverse("admin:oauth_jwt_grant_trustedissuer_discover", args=[issuer.pk])


def discover(page, issuer):
    response = page.post(url_of(issuer))
    assert response.status_code == 200
    return text_of(response)


def test_everything_is_as_it_should_be(page, remote, server):
    said = discover(page, remote)
    assert "It says where its keys are." in said
    assert f"Document {server.url(PLACE)} found" in said
    assert f"issuer {server.url('')} exactly the one that is trusted" in said
    assert f"jwks_uri {server.url('/jwks')} found" in said
    assert "id_token_signing_alg_values_supported RS256, ES256 accepted here: ES256" in said
    assert server.count("/jwks") == 0
    assert not IssuerKeys.objects.exists()


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"issuer": "https://other.example"}, "issuer https://other.example not the one that is trusted"),
        ({"issuer": None}, "issuer - not the one that is trusted"),
        ({"issuer": ["<script>"]}, "issuer - not the one that is trusted"),
        ({"jwks_uri": None}, "Its keys cannot be fetched: the discovery document has no jwks_uri."),
        ({"jwks_uri": None}, "jwks_uri - missing"),
        ({"jwks_uri": "http://x.example/"}, "not an https URL"),
        ({"id_token_signing_alg_values_supported": None}, "- not said"),
        ({"id_token_signing_alg_values_supported": "ES256"}, "- not said"),
        ({"id_token_signing_alg_values_supported": ["HS256", 1, {}]}, "HS256 none of them is accepted here"),
    ],
)
def test_what_is_wrong_is_said(page, remote, server, members, expected):
    publish(server, **members)
    assert expected in discover(page, remote)


def test_slash_at_the_end_is_seen(page, remote, server):
    publish(server, issuer=server.url("/"))
    said = discover(page, remote)
    assert "the discovery document is about another issuer" in said
    assert f"issuer {server.url('/')} not the one that is trusted" in said
    assert f"Trusted here {server.url('')}" in said


def test_texts_are_cut_and_escaped(page, remote, server):
    publish(
        server,
        issuer="<script>alert(1)</script>" + "x" * 10_000,
        id_token_signing_alg_values_supported=["ES256"] * 10_000,
    )
    content = page.post(url_of(remote)).content.decode()
    assert "<script>alert" not in content
    assert "&lt;script&gt;alert" in content
    assert len(content) < 20_000


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(status=500), "the answer has the HTTP status 500"),
        (Answer(b"<html>"), "the answer is not a JSON object"),
        (Answer(b"x" * 300_000), "the answer is larger than 262144 bytes"),
        (Answer(status=302, headers={"Location": "https://127.0.0.1/"}), "the HTTP status 302"),
    ],
)
def test_document_that_cannot_be_had(page, remote, server, answer, expected):
    server.answers[PLACE] = answer
    said = discover(page, remote)
    assert expected in said
    assert "Fetch now" not in said


def test_addresses_inside_are_not_asked(page, remote, server):
    TrustedIssuer.objects.update(allow_private_network=False)
    assert "which is not a public address" in discover(page, remote)
    assert server.requests == []


def test_only_by_those_who_may_change_it_only_by_post_and_only_where_there_is_metadata(
    page, page_of, remote, server, issuer
):
    assert page.get(url_of(remote)).status_code == 405
    for permissions in (["view_trustedissuer"], ["test_assertion", "revoke_tokens", "add_trustedissuer"]):
        assert page_of(*permissions).post(url_of(remote)).status_code == 403
    assert page_of("change_trustedissuer").post(url_of(remote)).status_code == 200
    assert page.post(url_of(issuer)).status_code == 404
    gone = reverse("admin:oauth_jwt_grant_trustedissuer_discover", args=[remote.pk + 999])
    assert page.post(gone).status_code == 404
    assert server.count(PLACE) == 1


def test_button_is_on_the_page(page, remote, issuer):
    assert 'formaction="../discover/"' in page.get(change_url(remote)).content.decode()
    assert 'formaction="../discover/"' not in page.get(change_url(issuer)).content.decode()


def test_key_says_since_when_it_has_been_there(page, remote, server):
    key_source_of(remote).refresh()
    then = time.time() - 86400
    IssuerKeys.objects.update(first_seen={ec_key_print(remote): then})
    cache.clear()
    server.answers["/jwks"] = json_answer(jwks(ec_key(), rsa_key()))
    key_source_of(remote).refresh()
    said = text_of(page.get(change_url(remote)))
    assert "First seen" in said
    first, second = key_source_of(remote).status().keys
    assert f"{first.thumbprint} {at(then)} not in the last 7 days" in said
    assert f"{second.thumbprint} {at(time.time())[:10]}" in said


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
