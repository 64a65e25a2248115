"""The metadata document (RFC 8414): DOT's own, with what the grant adds."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from django.utils import timezone
from oauth2_provider.models import get_application_model
from oauth2_provider.views import OAuthServerMetadataView

from oauth_jwt_grant.assertion import Door
from oauth_jwt_grant.grant import GRANT_TYPE
from oauth_jwt_grant.models import GrantRule, TrustedIssuer
from oauth_jwt_grant.views import ID_JAG_PROFILE, AuthorizationServerMetadataView
from tests.checks.test_checks import OURS, PLAIN

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_our_urls")]

WELL_KNOWN = "/.well-known/oauth-authorization-server"
#: What our view adds or changes.
ADDED = {
    "grant_types_supported",
    "authorization_grant_profiles_supported",
    "token_endpoint_auth_methods_supported",
}


@pytest.fixture
def _our_urls(settings):
    settings.ROOT_URLCONF = OURS


def document(path: str = WELL_KNOWN) -> dict:
    response = Client().get(path, headers={"host": "as.example.com"}, secure=True)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert response["Access-Control-Allow-Origin"] == "*"
    return json.loads(response.content)


def issuer(profile: str = "jwt-bearer", **changes) -> TrustedIssuer:
    return TrustedIssuer.objects.create(
        name="Issuer", issuer="https://issuer.example", profile=profile, **changes
    )


def rule(of: TrustedIssuer, **changes) -> GrantRule:
    return GrantRule.objects.create(**{"issuer": of, "name": "rule", "scopes": "read", **changes})


def application(client_type: str, **changes):
    return get_application_model().objects.create(
        client_type=client_type, authorization_grant_type="client-credentials", **changes
    )


def auth_methods() -> list[str]:
    return document()["token_endpoint_auth_methods_supported"]


def test_everything_else_is_as_in_the_plain_document(settings):
    ours = document()
    settings.ROOT_URLCONF = PLAIN
    plain = document(f"/o{WELL_KNOWN}")
    assert {key: ours[key] for key in ours.keys() - ADDED - {"issuer"}} == {
        key: plain[key] for key in plain.keys() - ADDED - {"issuer"}
    }
    assert ours["issuer"] == "https://as.example.com"


def test_the_grant_comes_last_and_once():
    rule(issuer())
    with_grant = ["authorization_code", GRANT_TYPE]
    for configured in (["authorization_code"], with_grant):
        with override_settings(OAUTH2_PROVIDER={"OAUTH2_GRANT_TYPES_SUPPORTED": configured}):
            assert document()["grant_types_supported"] == with_grant


def test_issuer_with_a_path():
    assert document(f"{WELL_KNOWN}/o")["issuer"] == "https://as.example.com/o"


def test_plain_view_stays_usable(settings):
    settings.ROOT_URLCONF = PLAIN
    with override_settings(OAUTH2_PROVIDER={"OAUTH2_GRANT_TYPES_SUPPORTED": [GRANT_TYPE]}):
        assert document(f"/o{WELL_KNOWN}")["grant_types_supported"] == [GRANT_TYPE]
    assert resolve(f"/o{WELL_KNOWN}").func.view_class is OAuthServerMetadataView


def test_login_required_middleware_lets_it_through(settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    rule(issuer())
    assert GRANT_TYPE in document()["grant_types_supported"]


def test_costs_one_statement():
    with CaptureQueriesContext(connection) as statements:
        document()
    assert sum("oauth_jwt_grant" in statement["sql"] for statement in statements) == 1


def test_no_token_endpoint_no_methods(settings):
    class WithoutTokenEndpoint(AuthorizationServerMetadataView):
        def _get_endpoint_url(self, request, view_name, required=False):
            return None

    rule(issuer(), client_policy="anonymous")
    request = Client(headers={"host": "as.example.com"}).get(WELL_KNOWN).wsgi_request
    answer = json.loads(WithoutTokenEndpoint.as_view()(request).content)
    assert "token_endpoint_auth_methods_supported" not in answer


@pytest.mark.standard("XMD-03")
@pytest.mark.parametrize(
    ("profile", "changes", "published"),
    [
        ("id-jag", {}, True),
        ("jwt-bearer", {}, False),
        ("id-jag", {"enabled": False}, False),
        ("id-jag", {"valid_from": timedelta(hours=-1), "valid_until": timedelta(hours=1)}, True),
        ("id-jag", {"valid_from": timedelta(hours=1)}, False),
        ("id-jag", {"valid_until": timedelta(hours=-1)}, False),
    ],
)
def test_profiles(profile, changes, published):
    now = timezone.now()
    dates = {key: now + value if isinstance(value, timedelta) else value for key, value in changes.items()}
    rule(issuer(profile, **dates))
    assert document().get("authorization_grant_profiles_supported") == (
        [ID_JAG_PROFILE] if published else None
    )


@pytest.mark.standard("MET-10", "MET-11", "XMD-12", "JGC-15")
def test_nothing_tells_who_is_trusted():
    rule(issuer("id-jag", audiences=["urn:secret:audience"]), client_policy="anonymous")
    text = json.dumps(document())
    assert "issuer.example" not in text
    assert "urn:secret:audience" not in text
    assert "identity_chaining_requested_token_types_supported" not in text


def test_no_issuer_no_none():
    assert "none" not in auth_methods()


@pytest.mark.standard("H-37")
@pytest.mark.parametrize(
    ("of", "changes", "published"),
    [
        ({}, {"client_policy": "anonymous"}, True),
        ({}, {"client_policy": "anonymous", "enabled": False}, False),
        ({"enabled": False}, {"client_policy": "anonymous"}, False),
        ({"profile": "id-jag"}, {"client_policy": "anonymous"}, False),
        ({}, {"client_policy": "listed"}, False),
    ],
)
def test_none_for_anonymous_clients(of, changes, published):
    rule(issuer(**of), **changes)
    assert ("none" in auth_methods()) is published


@pytest.mark.parametrize(("client_type", "published"), [("public", True), ("confidential", False)])
def test_none_for_listed_clients(client_type, published):
    rule(issuer(), client_policy="listed").applications.add(application(client_type))
    assert ("none" in auth_methods()) is published


def test_no_none_for_a_public_client_that_is_not_listed():
    application("public")
    rule(issuer(), client_policy="listed")
    assert "none" not in auth_methods()


CLIENT = {"accepted_as": ["client_assertion"], "subject_policy": "no_user"}
EXCHANGE, CREDENTIALS = Door.SUBJECT_TOKEN.grant_type, Door.CLIENT_ASSERTION.grant_type
ALL = [door.value for door in Door]


@pytest.mark.standard("XMD-01", "XMD-02", "XMD-04", "XMD-05", "XMD-06", "H-36")
@pytest.mark.parametrize(
    ("opened", "rules", "grants", "methods", "algorithms"),
    [
        (ALL, [], [], [], None),
        (ALL, [{}], [GRANT_TYPE], [], None),
        (["subject_token"], [{}], [], [], None),
        (ALL, [{"accepted_as": ["subject_token"]}], [EXCHANGE], [], None),
        (ALL, [{"accepted_as": ["subject_token"], "client_policy": "anonymous"}], [EXCHANGE], ["none"], None),
        (
            ["authorization_grant"],
            [{"accepted_as": ["subject_token"], "client_policy": "anonymous"}],
            [],
            [],
            None,
        ),
        (ALL, [{"accepted_as": ALL[:2]}], [GRANT_TYPE, EXCHANGE], [], None),
        (ALL, [CLIENT], [CREDENTIALS], ["private_key_jwt"], ["RS256", "ES256"]),
        (
            ALL,
            [{**CLIENT, "client_policy": "anonymous"}],
            [CREDENTIALS],
            ["private_key_jwt"],
            ["RS256", "ES256"],
        ),
        (ALL, [{**CLIENT, "enabled": False}], [], [], None),
        (ALL, [{**CLIENT, "subject_policy": "linked"}], [], [], None),
        (ALL[:2], [CLIENT], [], [], None),
    ],
    ids=str,
)
def test_the_members_of_each_state(settings, opened, rules, grants, methods, algorithms):
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "ACCEPTED_AS": opened}
    before = document()
    of, client = issuer(algorithms=["ES256", "RS256"]), application("confidential")
    for number, fields in enumerate(rules):
        rule(of, **{"name": str(number), "default_application": client, **fields})
    after = document()
    assert after.pop("grant_types_supported") == list(
        dict.fromkeys([*before.pop("grant_types_supported"), *grants])
    )
    name = "token_endpoint_auth_methods_supported"
    assert after.pop(name) == [*before.pop(name), *methods]
    assert after.pop("token_endpoint_auth_signing_alg_values_supported", None) == algorithms
    assert after == before


def test_an_id_jag_opens_one_door(settings):
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "ACCEPTED_AS": ALL}
    before = document()["grant_types_supported"]
    rule(issuer("id-jag"), **{**CLIENT, "accepted_as": ALL}, default_application=application("confidential"))
    assert document()["grant_types_supported"] == [*before, GRANT_TYPE]


def test_none_once():
    rule(issuer(), client_policy="anonymous")
    with override_settings(OAUTH2_PROVIDER={"OAUTH2_TOKEN_ENDPOINT_AUTH_METHODS_SUPPORTED": ["none"]}):
        assert auth_methods() == ["none"]
