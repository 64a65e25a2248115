"""Issuers of identity providers."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ..models import GrantRule, TrustedIssuer
from .base import Ask, Preset, When

_REUSABLE = TrustedIssuer.ReplayPolicy.REUSABLE.value
# The scope of an access token is the provider's own ("profile email"), not one of this server's.
_IGNORE = GrantRule.ScopeClaim.IGNORE.value
# In small letters, as the tokens have them: conditions compare exactly.
_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_EXAMPLE_UUID = "72f988bf-1111-4222-8333-000000000001"


def _issuer(help: object, example: str = "") -> Ask:
    return Ask(name="issuer", label=_("Issuer"), help=help, pattern=r"https://\S+", example=example)


OKTA = Preset(
    key="okta",
    name="Okta (service application)",
    asks=(
        _issuer(
            _("Of the authorization server whose audience is this service."),
            "https://acme.okta.com/oauth2/default",
        ),
        Ask(name="client", label=_("Client id at Okta"), pattern=r"\w+", example="0oa1b2c3d4E5f6G7h8i9"),
    ),
    conditions=(When("cid", ("{client}",), pin=True), When("sub", ("{client}",))),
    replay_policy=_REUSABLE,
    docs="https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/",
)
OKTA_ID_JAG = Preset(
    key="id-jag",
    name="ID-JAG of an identity provider (Okta and others)",
    asks=(
        _issuer(_("As in the provider's discovery document."), "https://acme.okta.com"),
        Ask(
            name="client",
            label=_("Client id here"),
            help=_("Of the application of this server for whom the provider signs."),
        ),
        Ask(
            name="tenant",
            label=_("Tenant"),
            help=_("The tenant claim, if the provider serves several customers under this issuer."),
            required=False,
        ),
    ),
    conditions=(When("client_id", ("{client}",), pin=True), When("tenant", ("{tenant}",), pin=True)),
    algorithms=(),
    max_lifetime=600,
    recorded_claims=("auth_time", "acr", "amr", "act"),
    profile=TrustedIssuer.Profile.ID_JAG.value,
    docs="https://datatracker.ietf.org/doc/draft-ietf-oauth-identity-assertion-authz-grant/",
)
AUTH0 = Preset(
    key="auth0",
    name="Auth0 (machine to machine)",
    asks=(
        Ask(
            name="issuer",
            label=_("Issuer"),
            help=_("The tenant's domain; the final slash is part of it."),
            pattern=r"https://\S+/",
            example="https://acme.eu.auth0.com/",
        ),
        Ask(name="client", label=_("Client id at Auth0"), pattern=r"\w+", example="Zk3mPq7RtXw2Yb9Lc4Nd8Vf1"),
    ),
    conditions=(When("azp", ("{client}",), pin=True), When("gty", ("client-credentials",))),
    max_lifetime=86400,
    replay_policy=_REUSABLE,
    scope_claim=_IGNORE,
    docs="https://auth0.com/docs/secure/tokens/access-tokens",
)
KEYCLOAK = Preset(
    key="keycloak",
    name="Keycloak realm",
    asks=(
        _issuer(_("Of the realm."), "https://sso.example.com/realms/acme"),
        Ask(name="client", label=_("Client id in the realm")),
        Ask(
            name="subject",
            label=_("Subject"),
            help=_("The UUID of the client's service account user."),
            pattern=_UUID,
            example=_EXAMPLE_UUID,
        ),
    ),
    conditions=(
        When("sub", ("{subject}",), pin=True),
        When("azp", ("{client}",)),
        When("typ", ("Bearer",)),
    ),
    algorithms=("RS256", "ES256", "PS256"),
    max_lifetime=600,
    replay_policy=_REUSABLE,
    scope_claim=_IGNORE,
    docs="https://www.keycloak.org/securing-apps/oidc-layers",
)
PRESETS = (OKTA, OKTA_ID_JAG, AUTH0, KEYCLOAK)
