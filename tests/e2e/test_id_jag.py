"""Cross App Access from end to end, over HTTPS: sign-in, token exchange, ID-JAG, token, API.

draft-ietf-oauth-identity-assertion-authz-grant section 4. The provider, the site and
the application speak to each other over real connections only.
"""

from __future__ import annotations

import io
import re
import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
import requests
from django.core.management import call_command
from django.urls import include, path
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.models import Decision, GrantRule, TrustedIssuer
from tests.checks.test_checks import urlconf
from tests.clients import server
from tests.factories import DROP, GRANT_TYPE, b64, ec_key, mint_hmac
from tests.support import make_application, make_user
from tests.urls import urlpatterns as plain_urls

from .idp import ID_JAG, ID_TOKEN, TOKEN_EXCHANGE, Connection, IdentityProvider

GUIDE = Path(__file__).parent.parent.parent / "docs" / "guides" / "id-jag.md"
WIKI, SECRET_AT_IDP, SECRET_HERE = "wiki at the provider", "s3cret+/ there", "s3cret: here"
JWT_DPOP = "urn:ietf:params:oauth:grant-type:jwt-dpop"
UNSIGNED = '{"alg":"none","typ":"oauth-id-jag+jwt"}'
SUBJECT = "00u1a2b3c4d5e6f7g8h9"


@pytest.fixture(scope="module")
def _port() -> Iterator[int]:
    with server.wsgi() as port:
        yield port


@pytest.fixture(scope="module")
def idp() -> Iterator[IdentityProvider]:
    with IdentityProvider() as running:
        running.clients[WIKI] = SECRET_AT_IDP
        yield running


def encoded(*credentials: str) -> tuple[str, ...] | None:
    """Client id and secret as RFC 6749 section 2.3.1 wants them; nothing for none."""
    return tuple(map(quote_plus, credentials)) or None


@dataclass
class Wiki:
    """The application: registered at the provider and, under another name, at the site."""

    idp: IdentityProvider
    site: str
    session: requests.Session
    user: Any

    @cached_property
    def token_endpoint(self) -> str:
        return str(self.discover()["token_endpoint"])

    @property
    def api(self) -> str:
        return f"{self.site}/api/"

    def discover(self) -> dict[str, Any]:
        """The site's metadata, from nothing but its issuer identifier."""
        return self.session.get(f"{self.site}/.well-known/oauth-authorization-server").json()

    def exchange(self, id_token: str, **changes: Any) -> requests.Response:
        """Ask the provider for an ID-JAG."""
        document = self.session.get(f"{self.idp.issuer}/.well-known/openid-configuration").json()
        assert ID_JAG in document["identity_chaining_requested_token_types_supported"]
        parameters = {
            "grant_type": TOKEN_EXCHANGE,
            "requested_token_type": ID_JAG,
            "audience": self.discover()["issuer"],
            "resource": self.api,
            "scope": "read",
            "subject_token": id_token,
            "subject_token_type": ID_TOKEN,
            **changes,
        }
        return self.session.post(document["token_endpoint"], parameters, auth=encoded(WIKI, SECRET_AT_IDP))

    def redeem(self, assertion: str, /, **changes: Any) -> requests.Response:
        """Post an ID-JAG to the site; ``auth``, ``headers`` and parameters can be changed."""
        auth = encoded(*changes.pop("auth", ("wiki", SECRET_HERE)))
        headers = changes.pop("headers", {})
        parameters = {"grant_type": GRANT_TYPE, "assertion": assertion, **changes}
        return self.session.post(
            self.token_endpoint, parameters, auth=auth, headers=headers, allow_redirects=False
        )

    def call(self, token: str) -> requests.Response:
        """Call the site's API."""
        return self.session.get(self.api, headers={"Authorization": f"Bearer {token}"})

    def issue(self, **changes: Any) -> str:
        """An ID-JAG that nothing is wrong with, changed."""
        good = {"sub": SUBJECT, "aud": self.site, "client_id": "wiki", "scope": "read", "resource": self.api}
        return self.idp.issue(**{**good, **changes})


def guide(site: str, provider: str, idp: IdentityProvider, ca: Path) -> list[list[str]]:
    """The commands of the guide that trust ``provider``, with what really runs in the place of both."""
    code = "\n".join(re.findall(r"^    .*$", GUIDE.read_text(), re.M)).replace("\\\n", " ")
    lines = [line for line in re.findall(r"manage\.py (trustissuer .+)", code) if provider in line]
    here = [line.replace(provider, idp.issuer).replace("https://as.example.com", site) for line in lines]
    return [[*shlex.split(line), "--ca-bundle", str(ca), "--allow-private-network"] for line in here]


@pytest.fixture
def wiki(
    transactional_db: None, settings: Any, _port: int, idp: IdentityProvider, tmp_path: Path
) -> Iterator[Wiki]:
    """A site whose operator has trusted the provider as the manual says."""
    site = f"https://localhost:{_port}"
    settings.ROOT_URLCONF = urlconf(path("", include("oauth_jwt_grant.urls")), *plain_urls)
    settings.OAUTH_JWT_GRANT = {"AUDIENCES": [site, f"{site}/o/token/"]}
    idp.connections = {(WIKI, site): Connection("wiki", frozenset({"read"}), frozenset({f"{site}/api/"}))}
    ca = tmp_path / "ca.pem"
    ca.write_text(idp.ca_pem)
    make_application("wiki", secret=SECRET_HERE)
    user = make_user("alice")
    for command in guide(site, "https://acme.okta.com", idp, ca)[:2]:
        call_command(*command, stdout=io.StringIO())
    with requests.Session() as session:
        # Neither another authority nor a proxy of the environment.
        session.verify, session.trust_env = str(ca), False
        yield Wiki(idp, site, session, user)


@pytest.mark.standard("JAG-01", "JAG-04", "JAG-06", "JAG-08", "JAG-10", "JAG-11", "JAG-12", "JAG-22")
def test_from_signing_in_to_the_api(wiki: Wiki) -> None:
    metadata = wiki.discover()
    assert metadata["authorization_grant_profiles_supported"] == [
        "urn:ietf:params:oauth:grant-profile:id-jag"
    ]
    assert GRANT_TYPE in metadata["grant_types_supported"]

    id_token = wiki.idp.sign_in(WIKI, SUBJECT)
    exchanged = wiki.exchange(id_token, scope="read write")
    assert exchanged.status_code == 200, exchanged.text
    assert (exchanged.json()["issued_token_type"], exchanged.json()["scope"]) == (ID_JAG, "read")

    response = wiki.redeem(exchanged.json()["access_token"])
    assert response.status_code == 200, response.text
    answer = response.json()
    assert answer.keys() == {"access_token", "token_type", "expires_in", "scope", "resource"}
    assert (answer["token_type"], answer["scope"], answer["resource"]) == ("Bearer", "read", wiki.api)
    assert response.headers["Cache-Control"] == "no-store"

    shown = wiki.call(answer["access_token"])
    assert shown.json() == {"user": wiki.user.get_username(), "client_id": "wiki", "scope": "read"}
    decision = Decision.objects.get()
    assert (decision.outcome, decision.subject) == ("accepted", SUBJECT)
    assert decision.claims.keys() == {"auth_time", "amr"}

    again = wiki.redeem(exchanged.json()["access_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert again.json()["error_description"] == "The assertion has been used before."
    # The next one brings the next token: that is what stands in for a refresh token.
    renewed = wiki.redeem(wiki.exchange(id_token).json()["access_token"])
    assert renewed.status_code == 200
    assert wiki.call(renewed.json()["access_token"]).status_code == 200
    # Withdrawn trust acts at once.
    TrustedIssuer.objects.update(enabled=False)
    assert wiki.redeem(wiki.exchange(id_token).json()["access_token"]).status_code == 400
    assert "authorization_grant_profiles_supported" not in wiki.discover()


@pytest.mark.standard("JAG-13")
def test_a_provider_with_tenants(wiki: Wiki, tmp_path: Path) -> None:
    TrustedIssuer.objects.all().delete()
    (command,) = guide(wiki.site, "https://idp.example", wiki.idp, tmp_path / "ca.pem")
    call_command(*command, stdout=io.StringIO())
    good: dict[str, Any] = {"sub": "U019488227", "tenant": "acme", "resource": DROP}

    for changes in (
        {"tenant": DROP},
        {"tenant": "evil"},
        {"sub": SUBJECT},
        {"sub": "tenant:acme:U019488227"},
    ):
        assert wiki.redeem(wiki.issue(**{**good, **changes})).status_code == 400, changes
    answer = wiki.redeem(wiki.issue(**good)).json()
    assert wiki.call(answer["access_token"]).json()["user"] == wiki.user.get_username()


@pytest.mark.standard("TYP-05", "JAG-01", "H-60")
def test_the_id_token_itself_is_no_grant(wiki: Wiki) -> None:
    response = wiki.redeem(wiki.idp.sign_in(WIKI, SUBJECT))

    assert (response.status_code, response.json()["error"]) == (400, "invalid_grant")


def test_the_provider_refuses_what_it_has_not_connected(wiki: Wiki) -> None:
    id_token = wiki.idp.sign_in(WIKI, SUBJECT)
    for changes, error in (
        ({"audience": "https://other.example"}, "invalid_target"),
        ({"resource": "https://other.example/"}, "invalid_target"),
        ({"subject_token": wiki.idp.sign_in("another", SUBJECT)}, "invalid_grant"),
        ({"subject_token": id_token[:-8] + "AAAAAAAA"}, "invalid_grant"),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:access_token"}, "invalid_request"),
    ):
        response = wiki.exchange(id_token, **changes)
        assert (response.status_code, response.json()) == (400, {"error": error})


def wrong(**claims: Any) -> Callable[[Wiki], requests.Response]:
    """A good ID-JAG but for these claims; dates are whole seconds from now."""

    def act(wiki: Wiki) -> requests.Response:
        now = int(time.time())
        changes = {name: value(wiki) if callable(value) else value for name, value in claims.items()}
        dates = {name: now + value for name, value in changes.items() if isinstance(value, int)}
        # email_verified is true, which Python takes for a number.
        return wiki.redeem(wiki.issue(**{**changes, **{k: v for k, v in dates.items() if len(k) == 3}}))

    return act


def presented(**changes: Any) -> Callable[[Wiki], requests.Response]:
    """A good ID-JAG in another request."""
    return lambda wiki: wiki.redeem(wiki.issue(), **changes)


def with_row(model: Any, **changes: Any) -> Callable[[Wiki], requests.Response]:
    """A good ID-JAG while something is withdrawn, which is put back."""

    def act(wiki: Wiki) -> requests.Response:
        row = model.objects.get()
        before = {name: getattr(row, name) for name in changes}
        model.objects.update(**changes)
        try:
            return wiki.redeem(wiki.issue())
        finally:
            model.objects.update(**before)

    return act


def unsigned(wiki: Wiki) -> requests.Response:
    payload = wiki.issue().split(".")[1]
    return wiki.redeem(".".join([b64(UNSIGNED), payload, ""]))


def with_public_key_as_secret(wiki: Wiki) -> requests.Response:
    return wiki.redeem(
        mint_hmac(
            wiki.idp.key.pem().encode(),
            header={"typ": "oauth-id-jag+jwt", "kid": wiki.idp.key.kid},
            iss=wiki.idp.issuer,
            sub=SUBJECT,
            aud=wiki.site,
            client_id="wiki",
        )
    )


def to_a_plain_issuer(wiki: Wiki) -> requests.Response:
    return with_row(TrustedIssuer, profile="jwt-bearer")(wiki)


def by_a_public_client(wiki: Wiki) -> requests.Response:
    make_application("public", client_type="public")
    rule = GrantRule.objects.get()
    rule.conditions.update(values=["public"])
    GrantRule.objects.update(client_policy="anonymous")
    try:
        return wiki.redeem(wiki.issue(client_id="public"), auth=(), client_id="public")
    finally:
        rule.conditions.update(values=["wiki"])
        GrantRule.objects.update(client_policy="listed")


def by_a_client_that_is_not_listed(wiki: Wiki) -> requests.Response:
    make_application("other", secret=SECRET_HERE)
    GrantRule.objects.get().conditions.all().delete()
    try:
        return wiki.redeem(wiki.issue(client_id="other"), auth=("other", SECRET_HERE))
    finally:
        GrantRule.objects.get().conditions.create(claim="client_id", values=["wiki"])


def of_another(wiki: Wiki) -> requests.Response:
    make_application("thief", secret=SECRET_HERE)
    return wiki.redeem(wiki.issue(), auth=("thief", SECRET_HERE))


def by_an_inactive_user(wiki: Wiki) -> requests.Response:
    wiki.user.is_active = False
    wiki.user.save()
    try:
        return wiki.redeem(wiki.issue())
    finally:
        wiki.user.is_active = True
        wiki.user.save()


GRANT, CLIENT = (400, "invalid_grant"), (401, "invalid_client")
#: Each gate, what runs against it, and the answer.
GATES: dict[str, tuple[Callable[[Wiki], requests.Response], tuple[int, str]]] = {
    "grant type": (presented(grant_type=JWT_DPOP), (400, "unsupported_grant_type")),
    "assertion missing": (presented(assertion=""), (400, "invalid_request")),
    "assertion twice": (presented(assertion=["a.b.c", "a.b.c"]), (400, "invalid_request")),
    "DPoP proof": (presented(headers={"DPoP": "a.b.c"}), (400, "invalid_request")),
    "no client": (presented(auth=()), CLIENT),
    "wrong secret": (presented(auth=("wiki", "guess")), CLIENT),
    "unknown client": (presented(auth=("nobody", SECRET_HERE)), CLIENT),
    "client assertion": (presented(auth=(), client_assertion="a.b.c"), CLIENT),
    "public client that is not listed": (by_a_public_client, (400, "unauthorized_client")),
    "client that is not listed": (by_a_client_that_is_not_listed, (400, "unauthorized_client")),
    "no JWT": (lambda wiki: wiki.redeem("a.b.c"), GRANT),
    "encrypted": (lambda wiki: wiki.redeem("a.b.c.d.e"), GRANT),
    "unsigned": (unsigned, GRANT),
    "signed with the public key": (with_public_key_as_secret, GRANT),
    "key of somebody else": (wrong(key=ec_key(name="evil"), header={"kid": ec_key(name="idp").kid}), GRANT),
    "unknown key": (wrong(key=ec_key(name="evil")), GRANT),
    "plain typ": (wrong(header={"typ": "JWT"}), GRANT),
    "typ of an access token": (wrong(header={"typ": "at+jwt"}), GRANT),
    "no typ": (wrong(header={"typ": DROP}), GRANT),
    "issuer for plain assertions": (to_a_plain_issuer, GRANT),
    "unknown issuer": (wrong(iss="https://evil.example"), GRANT),
    "issuer with a slash": (wrong(iss=lambda wiki: f"{wiki.idp.issuer}/"), GRANT),
    "this server as issuer": (wrong(iss=lambda wiki: wiki.site), GRANT),
    "issuer disabled": (with_row(TrustedIssuer, enabled=False), GRANT),
    "rule disabled": (with_row(GrantRule, enabled=False), GRANT),
    "audience missing": (wrong(aud=DROP), GRANT),
    "token endpoint as audience": (wrong(aud=lambda wiki: f"{wiki.site}/o/token/"), GRANT),
    "audience with a slash": (wrong(aud=lambda wiki: f"{wiki.site}/"), GRANT),
    "another audience": (wrong(aud="https://other.example"), GRANT),
    "two audiences": (wrong(aud=lambda wiki: [wiki.site, "https://other.example"]), GRANT),
    "no audience": (wrong(aud=lambda wiki: []), GRANT),
    "expired": (wrong(exp=-60, iat=-360), GRANT),
    "no expiry": (wrong(exp=DROP), GRANT),
    "too long-lived": (wrong(exp=7200), GRANT),
    "no issue date": (wrong(iat=DROP), GRANT),
    "issued in the future": (wrong(iat=120), GRANT),
    "not yet valid": (wrong(nbf=120), GRANT),
    "no jti": (wrong(jti=DROP), GRANT),
    "no client_id": (wrong(client_id=DROP), GRANT),
    "another client_id": (wrong(client_id="WIKI"), GRANT),
    "stolen by another client": (of_another, GRANT),
    "no subject": (wrong(sub=DROP), GRANT),
    "unknown subject": (wrong(sub="somebody"), GRANT),
    "known by email alone": (wrong(sub="somebody", email="alice@example.com", email_verified=True), GRANT),
    "inactive user": (by_an_inactive_user, GRANT),
    "tenant nobody has named": (wrong(tenant="acme"), GRANT),
    "our tenant nobody has named": (wrong(aud_tenant="acme"), GRANT),
    "bound to a key": (wrong(cnf={"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}), GRANT),
    "authorization details": (
        wrong(authorization_details=[{"type": "chat_read"}]),
        (400, "invalid_authorization_details"),
    ),
    "authorization details in the request": (
        presented(authorization_details="[]"),
        (400, "invalid_authorization_details"),
    ),
    "scope beyond the ID-JAG": (presented(scope="write"), (400, "invalid_scope")),
    "scope beyond the rule": (wrong(scope="admin"), (400, "invalid_scope")),
    "empty scope": (wrong(scope=""), (400, "invalid_scope")),
    "another resource": (wrong(resource="https://other.example/"), (400, "invalid_target")),
    "resource beyond the ID-JAG": (presented(resource="https://other.example/"), (400, "invalid_target")),
}


@pytest.mark.standard(
    "JAG-02", "JAG-03", "JAG-05", "JAG-07", "JAG-09", "JAG-13", "JAG-20", "JAG-21", "JAG-23"
)
def test_each_gate_is_shut_and_a_good_one_still_passes(wiki: Wiki, settings: Any) -> None:
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "REFUSALS_PER_MINUTE": 0}
    outcomes = {}
    for gate, (act, _) in GATES.items():
        response = act(wiki)
        outcomes[gate] = (response.status_code, response.json()["error"])
        assert response.headers["Cache-Control"] == "no-store", gate

    assert outcomes == {gate: answer for gate, (_, answer) in GATES.items()}
    assert get_access_token_model().objects.count() == 0
    assert not Decision.objects.filter(outcome="accepted").exists()
    assert wiki.redeem(wiki.issue(aud=[wiki.site])).status_code == 200
