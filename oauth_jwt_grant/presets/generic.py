"""Issuers that no other preset knows: pinned by their keys, or by a claim that the operator names."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from ..models import GrantRule, TrustedIssuer
from .base import ConditionTemplate, Preset, PresetQuestion
from .shapes import issuer

_ONCE_IF_JTI = TrustedIssuer.ReplayPolicy.ONCE_IF_JTI.value
_CLAIM = (
    PresetQuestion(
        name="claim",
        label=_("Claim"),
        help=_("The claim that distinguishes this client from all others for which the issuer signs."),
        default="sub",
    ),
    PresetQuestion(
        name="value",
        label=_("Value of the claim"),
        help=_("A string; for other types, write a rule of your own."),
    ),
)
_PIN = (ConditionTemplate("{claim}", ("{value}",), pin=True),)
# A scope claim bounds the token here, as everywhere unless the vendor is known to mean something
# else by it. A provider's own ("openid profile") is then refused, and is said to be: the rule can
# ignore it. The other way round, a bound that the issuer did mean would be lost, unseen.
_SCOPE_CLAIM = GrantRule.ScopeClaim.CEILING.value

SERVICE_ACCOUNT = Preset(
    key="service-account",
    name=gettext_noop("Service account with its own key"),
    questions=(
        PresetQuestion(
            name="issuer",
            label=_("Issuer"),
            help=_("What the account calls itself in iss."),
            example="robot@acme",
        ),
        PresetQuestion(
            name="jwks",
            label=_("Public key"),
            help=_("As a JWK Set, a JWK or PEM (key or certificate)."),
            multiline=True,
        ),
    ),
    key_source=TrustedIssuer.KeySource.INLINE.value,
    fields={"jwks": "{jwks}"},
    algorithms=(),
    replay_policy=_ONCE_IF_JTI,
    pinned_by_keys=True,
    docs="https://www.rfc-editor.org/rfc/rfc7523",
)
X5C = Preset(
    key="x5c",
    name=gettext_noop("Client with an enterprise certificate (x5c)"),
    questions=(
        PresetQuestion(name="issuer", label=_("Issuer"), help=_("What the client calls itself in iss.")),
        PresetQuestion(
            name="trust_anchors",
            label=_("Trust anchors"),
            help=_("PEM certificates of the authorities that certify the client."),
            multiline=True,
        ),
        PresetQuestion(
            name="binding",
            label=_("What ties a certificate to the client"),
            help=_(
                "The authority certifies others too, so say which certificate is meant. An organization "
                "number stands in the whole subject, by the number of its type: "
                "subject=CN=Acme,2.5.4.97=NTRNO-999999999,O=Acme AS,C=NO."
            ),
            pattern=r"(subject|dns|uri|email|sha256)=.+",
            example="dns=client.example",
        ),
    ),
    key_source=TrustedIssuer.KeySource.CERTIFICATES.value,
    fields={"trust_anchors": "{trust_anchors}", "certificate_bindings": ("{binding}",)},
    algorithms=("RS256", "RS384", "RS512", "ES256"),
    max_lifetime=120,
    replay_policy=TrustedIssuer.ReplayPolicy.REQUIRE_JTI.value,
    pinned_by_keys=True,
    docs="https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_jwtgrant",
)
OIDC = Preset(
    key="oidc",
    name=gettext_noop("OpenID Connect provider"),
    questions=(
        issuer(_("As its discovery document says; a final slash counts."), "https://issuer.example"),
        *_CLAIM,
    ),
    conditions=_PIN,
    algorithms=(),
    replay_policy=_ONCE_IF_JTI,
    scope_claim=_SCOPE_CLAIM,
    docs="https://openid.net/specs/openid-connect-discovery-1_0.html",
)
JWKS_URL = Preset(
    key="jwks-url",
    name=gettext_noop("Issuer with its keys at a URL"),
    questions=(
        PresetQuestion(name="issuer", label=_("Issuer"), help=_("The iss claim, character by character.")),
        PresetQuestion(
            name="jwks_url",
            label=_("JWK Set URL"),
            pattern=r"https://\S+",
            example="https://issuer.example/jwks.json",
        ),
        *_CLAIM,
    ),
    conditions=_PIN,
    key_source=TrustedIssuer.KeySource.JWKS_URL.value,
    fields={"jwks_url": "{jwks_url}"},
    algorithms=(),
    replay_policy=_ONCE_IF_JTI,
    scope_claim=_SCOPE_CLAIM,
    docs="https://www.rfc-editor.org/rfc/rfc7517",
)

PRESETS = (SERVICE_ACCOUNT, X5C, OIDC, JWKS_URL)
