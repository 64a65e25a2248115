"""Issuers of identity providers.

Facts: the vendors' documentation of 2026, and draft 04 of ID-JAG.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from ..models import GrantRule, TrustedIssuer
from .base import ConditionTemplate, Preset, PresetQuestion
from .shapes import EXAMPLE_UUID, UUID, issuer

_REUSABLE = TrustedIssuer.ReplayPolicy.REUSABLE.value
# The scope of an access token is the provider's own ("profile email"), not one of this server's.
_IGNORE = GrantRule.ScopeClaim.IGNORE.value

OKTA = Preset(
    key="okta",
    name=gettext_noop("Okta (service application)"),
    questions=(
        issuer(
            _("Of the authorization server that issues tokens for this service as their audience."),
            "https://acme.okta.com/oauth2/default",
            # Access tokens of the organization's own server are for Okta alone.
            r"https://[^\s/]+/oauth2/[^\s/]+",
        ),
        PresetQuestion(
            name="client", label=_("Client id at Okta"), pattern=r"\w+", example="0oa1b2c3d4E5f6G7h8i9"
        ),
    ),
    conditions=(ConditionTemplate("cid", ("{client}",), pin=True), ConditionTemplate("sub", ("{client}",))),
    replay_policy=_REUSABLE,
    scope_claim_name="scp",
    docs="https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/",
)
_CLIENT = PresetQuestion(
    name=gettext_noop("client"),
    label=_("Client id here"),
    help=_("The client ID, at this server, of the application for which the provider signs."),
)
_AUD_TENANT = PresetQuestion(
    name=gettext_noop("aud_tenant"),
    label=_("Tenant of this server"),
    help=_("The aud_tenant claim. Blank: an ID-JAG that names a tenant of this server is refused."),
    required=False,
)
_FOR_CLIENT = (
    ConditionTemplate("client_id", ("{client}",), pin=True),
    ConditionTemplate("aud_tenant", ("{aud_tenant}",)),
)
_SIGNED_IN = ("auth_time", "acr", "amr", "act")
# Single use. Okta advises clients to send an ID-JAG again while it lasts; but a thief of one could do so as
# well, and the next one costs the client one request.
ID_JAG = Preset(
    key="id-jag",
    name=gettext_noop("ID-JAG of an identity provider"),
    questions=(
        issuer(
            _("The iss of its ID-JAGs, as the provider documents it."),
            "https://idp.example",
        ),
        _CLIENT,
        PresetQuestion(
            name="tenant",
            label=_("Tenant"),
            help=_("The tenant claim, if the provider serves several customers under this issuer."),
            required=False,
        ),
        _AUD_TENANT,
    ),
    conditions=(*_FOR_CLIENT, ConditionTemplate("tenant", ("{tenant}",), pin=True)),
    algorithms=(),
    max_lifetime=600,
    recorded_claims=_SIGNED_IN,
    profile=TrustedIssuer.Profile.ID_JAG.value,
    docs="https://datatracker.ietf.org/doc/draft-ietf-oauth-identity-assertion-authz-grant/",
)
_OKTA_ORGANIZATION = issuer(
    _("The URL of the Okta organization, without a path: its custom authorization servers sign no ID-JAG."),
    "https://acme.okta.com",
    r"https://[^\s/]+",
)
_OKTA_ID_JAG_DOCS = "https://developer.okta.com/docs/guides/xaa-validate-id-jag/main/"
OKTA_XAA = Preset(
    key="okta-xaa",
    name=gettext_noop("Okta Cross App Access (ID-JAG)"),
    questions=(_OKTA_ORGANIZATION, _CLIENT, _AUD_TENANT),
    conditions=_FOR_CLIENT,
    hosted=r"https://[\w-]+\.(okta|okta-emea|oktapreview)\.com",
    max_lifetime=600,
    recorded_claims=_SIGNED_IN,
    profile=TrustedIssuer.Profile.ID_JAG.value,
    docs=_OKTA_ID_JAG_DOCS,
)
OKTA_XAA_SAML = Preset(
    key="okta-xaa-saml",
    name=gettext_noop("Okta Cross App Access (ID-JAG, SAML)"),
    questions=(
        _OKTA_ORGANIZATION,
        _CLIENT,
        PresetQuestion(
            name="entity_id",
            label=_("SAML issuer at Okta"),
            help=_("Ties the name in sub_id to this customer: another one's Okta has another entity id."),
            pattern=r"https?://\S+|urn:\S+",
            example="http://www.okta.com/exk1example",
        ),
        PresetQuestion(
            name="service_provider",
            label=_("SAML entity id of this service"),
            help=_("The sp_name_qualifier in sub_id: a name is unique for one application alone."),
            pattern=r"\S+",
            example="https://app.example.net/saml",
        ),
        _AUD_TENANT,
    ),
    conditions=(
        *_FOR_CLIENT,
        ConditionTemplate("/sub_id/issuer", ("{entity_id}",)),
        ConditionTemplate("/sub_id/sp_name_qualifier", ("{service_provider}",)),
    ),
    subject_claim="/sub_id/nameid",
    max_lifetime=600,
    recorded_claims=_SIGNED_IN,
    profile=TrustedIssuer.Profile.ID_JAG.value,
    docs=_OKTA_ID_JAG_DOCS,
)
AUTH0 = Preset(
    key="auth0",
    name=gettext_noop("Auth0 (machine to machine)"),
    questions=(
        issuer(
            _("The tenant's domain; the final slash is part of it."),
            "https://acme.eu.auth0.com/",
            r"https://[^\s/]+/",
        ),
        PresetQuestion(
            name="client", label=_("Client id at Auth0"), pattern=r"\w+", example="Zk3mPq7RtXw2Yb9Lc4Nd8Vf1"
        ),
    ),
    conditions=(
        ConditionTemplate("azp", ("{client}",), pin=True),
        ConditionTemplate("gty", ("client-credentials",)),
    ),
    max_lifetime=86400,
    replay_policy=_REUSABLE,
    scope_claim=_IGNORE,
    docs="https://auth0.com/docs/secure/tokens/access-tokens",
)
KEYCLOAK = Preset(
    key="keycloak",
    name=gettext_noop("Keycloak realm"),
    questions=(
        issuer(_("Of the realm."), "https://sso.example.com/realms/acme", r"https://\S+/realms/[^\s/]+"),
        PresetQuestion(name="client", label=_("Client id in the realm")),
        PresetQuestion(
            name="subject",
            label=_("Subject"),
            help=_("The UUID of the client's service account user."),
            pattern=UUID,
            example=EXAMPLE_UUID,
        ),
    ),
    conditions=(
        ConditionTemplate("sub", ("{subject}",), pin=True),
        ConditionTemplate("azp", ("{client}",)),
        ConditionTemplate("typ", ("Bearer",)),
    ),
    algorithms=("RS256", "ES256", "PS256"),
    max_lifetime=600,
    replay_policy=_REUSABLE,
    scope_claim=_IGNORE,
    docs="https://www.keycloak.org/securing-apps/oidc-layers",
)
PRESETS = (OKTA, ID_JAG, OKTA_XAA, OKTA_XAA_SAML, AUTH0, KEYCLOAK)
