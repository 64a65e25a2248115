"""Issuers of clouds, clusters and secret stores.

Facts: the vendors' documentation of 2026.
"""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from ..assertion import Door
from ..models import TrustedIssuer
from ..rules import Pin
from .base import ConditionTemplate, Preset, PresetQuestion
from .shapes import EXAMPLE_UUID, INSIDE, OWN_NETWORK, UUID, inside, issuer, tick, uuid

_REUSABLE = TrustedIssuer.ReplayPolicy.REUSABLE.value

KUBERNETES = Preset(
    key="kubernetes",
    name=gettext_noop("Kubernetes service account"),
    questions=(
        issuer(
            _("Of the cluster: kubectl get --raw /.well-known/openid-configuration; a final slash counts."),
            "https://oidc.eks.eu-north-1.amazonaws.com/id/0123456789ABCDEF",
        ),
        PresetQuestion(name="namespace", label=_("Namespace"), pattern=r"[a-z0-9-]+", example="payments"),
        PresetQuestion(
            name="account", label=_("Service account"), pattern=r"[a-z0-9.-]+", example="exporter"
        ),
        PresetQuestion(
            name="uid",
            label=_("UID of the service account"),
            help=_("Ties the rule to this account: one that is created again under its name has another."),
            required=False,
            pattern=UUID,
            example=EXAMPLE_UUID,
        ),
        *inside(
            _("In PEM, where the keys come from a cluster of your own: ca.crt of any pod."),
            _("EKS, GKE and AKS publish their keys on the internet."),
        ),
    ),
    conditions=(
        ConditionTemplate("sub", ("system:serviceaccount:{namespace}:{account}",), pin=True),
        ConditionTemplate("/kubernetes.io/serviceaccount/uid", ("{uid}",)),
    ),
    fields=INSIDE,
    algorithms=("RS256", "ES256", "ES384"),
    replay_policy=_REUSABLE,
    hosted=(
        r"https://oidc\.eks\.[\w-]+\.amazonaws\.com/id/\w+"
        r"|https://container\.googleapis\.com/v1/projects/[^/]+/locations/[^/]+/clusters/[^/]+"
        r"|https://([\w-]+\.)?oic\.prod-aks\.azure\.com/[\w-]+/[\w-]+/"
    ),
    docs="https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
    obtain="kubectl create token ACCOUNT --audience AUDIENCE  # in a pod: a projected volume",
)
GOOGLE = Preset(
    key="google",
    name=gettext_noop("Google service account (ID token)"),
    questions=(
        PresetQuestion(
            name="unique_id",
            label=_("Unique id of the service account"),
            help=_("A number of 21 digits, on the account's page; never its e-mail address."),
            pattern=r"[0-9]{15,25}",
            example="104929412345678901234",
        ),
    ),
    conditions=(ConditionTemplate("sub", ("{unique_id}",), pin=True),),
    issuer="https://accounts.google.com",
    shared=True,
    # Not email: an address that is not verified is anybody's.
    pins=(Pin("sub"), Pin("hd")),
    replay_policy=_REUSABLE,
    docs="https://cloud.google.com/compute/docs/instances/verifying-instance-identity",
    obtain="gcloud auth print-identity-token --audiences=AUDIENCE",
)
_ENTRA_PAIR = (
    uuid("tenant", _("Tenant id")),
    uuid(
        "object",
        _("Object id of the caller"),
        _("Of the service principal or managed identity: the oid claim."),
    ),
)


def _entra_audience(label: object, help: object) -> PresetQuestion:
    return PresetQuestion(
        name="audience",
        label=label,
        help=help,
        pattern=rf"(api://)?{UUID}|https://\S+",
        example=EXAMPLE_UUID,
    )


_ENTRA_PINS = (
    ConditionTemplate("tid", ("{tenant}",), pin=True),
    ConditionTemplate("oid", ("{object}",), pin=True),
)
ENTRA = Preset(
    key="entra-id",
    name=gettext_noop("Microsoft Entra ID (v2 tokens)"),
    questions=(
        *_ENTRA_PAIR,
        _entra_audience(
            _("Application id of this server in the tenant"),
            _("What the tenant's tokens name as aud: the application's id, or its App ID URI."),
        ),
        tick(
            "managed_identity",
            _("The caller is a managed identity"),
            _("Its tokens live for a day, those of a service principal for an hour and a half at most."),
        ),
    ),
    conditions=_ENTRA_PINS,
    issuer="https://login.microsoftonline.com/{tenant}/v2.0",
    fields={"audiences": ("{audience}",)},
    # A service principal's token lives 60 to 90 minutes, 120 at most.
    max_lifetime=7500,
    longer={"managed_identity": 90000},
    replay_policy=_REUSABLE,
    # Of delegated tokens alone; those of applications have roles instead.
    scope_claim_name="scp",
    docs="https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference",
    obtain="az account get-access-token --resource api://APPLICATION",
)
ENTRA_V1 = replace(
    ENTRA,
    key="entra-id-v1",
    name=gettext_noop("Microsoft Entra ID (v1 tokens)"),
    issuer="https://sts.windows.net/{tenant}/",
    fields={
        "discovery_url": "https://login.microsoftonline.com/{tenant}/.well-known/openid-configuration",
        "audiences": ("{audience}",),
    },
)
# The provisioning service is a client of this server, and sub is its own object, of Microsoft's application.
ENTRA_SCIM = Preset(
    key="entra-scim",
    name=gettext_noop("Microsoft Entra ID (SCIM provisioning)"),
    questions=(
        *_ENTRA_PAIR,
        uuid(
            "application", _("Application id of the caller"), _("Of the workload identity: the appid claim.")
        ),
        _entra_audience(
            _("Application that its tokens are for"),
            _(
                "api:// with the id of the customer's own application, one for this server alone: who else "
                "receives its tokens could present them here."
            ),
        ),
    ),
    conditions=(*_ENTRA_PINS, ConditionTemplate("appid", ("{application}",))),
    issuer="https://login.microsoftonline.com/{tenant}/v2.0",
    fields={"audiences": ("{audience}",)},
    max_lifetime=4200,
    replay_policy=_REUSABLE,
    accepted_as=(Door.CLIENT_ASSERTION.value,),
    scope_claim_name="scp",
    docs="https://github.com/AzureAD/SCIMReferenceCode",
)
_AWS = r"https://[\w.-]+\.tokens\.sts\.global\.api\.aws"
AWS = Preset(
    key="aws",
    name=gettext_noop("AWS outbound identity federation"),
    questions=(
        issuer(
            _("Of the account: aws iam get-outbound-web-identity-federation-info."),
            f"https://{EXAMPLE_UUID}.tokens.sts.global.api.aws",
            _AWS,
        ),
        PresetQuestion(name="account", label=_("Account"), pattern=r"[0-9]{12}", example="123456789012"),
        PresetQuestion(
            name="role",
            label=_("ARN of the role"),
            pattern=r"arn:aws[\w-]*:iam::[0-9]{12}:\S+",
            example="arn:aws:iam::123456789012:role/exporter",
        ),
    ),
    conditions=(
        ConditionTemplate("/https:~1~1sts.amazonaws.com~1/aws_account", ("{account}",), pin=True),
        ConditionTemplate("sub", ("{role}",), pin=True),
    ),
    algorithms=("ES384", "RS256"),
    hosted=_AWS,
    max_lifetime=900,
    docs="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound_getting_started.html",
    # Regional endpoints alone have it.
    obtain="aws sts get-web-identity-token --audience AUDIENCE --signing-algorithm ES384 --region REGION",
)
SPIFFE = Preset(
    key="spiffe",
    name=gettext_noop("SPIFFE (SPIRE JWT-SVID)"),
    questions=(
        issuer(_("SPIRE's jwt_issuer: without one a JWT-SVID has no iss."), "https://oidc.example.org"),
        PresetQuestion(
            name="spiffe_id",
            label=_("SPIFFE ID"),
            pattern=r"spiffe://[a-z0-9._-]+/\S+",
            example="spiffe://example.org/exporter",
        ),
    ),
    conditions=(ConditionTemplate("sub", ("{spiffe_id}",), pin=True),),
    algorithms=("ES256", "RS256"),
    replay_policy=_REUSABLE,
    docs="https://github.com/spiffe/spiffe/blob/main/standards/JWT-SVID.md",
    obtain="spire-agent api fetch jwt -audience AUDIENCE",
)
_VAULT = r"https://\S+/identity/oidc"
VAULT = Preset(
    key="vault",
    name=gettext_noop("HashiCorp Vault or OpenBao (identity token)"),
    questions=(
        issuer(
            _("Of identity tokens: it ends in /v1/identity/oidc. That of a login provider is another one."),
            "https://vault.example.org:8200/v1/identity/oidc",
            _VAULT,
        ),
        uuid("entity", _("Entity id"), _("The sub claim. Names and metadata can be changed.")),
        PresetQuestion(
            name="audience",
            label=_("Client id of the role"),
            help=_("What its tokens name as aud. Make a role for this server alone, with a TTL of an hour."),
            pattern=r"\S+",
            example="as-example-com",
        ),
        *OWN_NETWORK,
    ),
    conditions=(ConditionTemplate("sub", ("{entity}",), pin=True),),
    fields={**INSIDE, "audiences": ("{audience}",)},
    # Two reads in one second make the same token, unless the role's template has a jti.
    replay_policy=TrustedIssuer.ReplayPolicy.ONCE_IF_JTI.value,
    # Those that its keys can have.
    algorithms=("RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"),
    hosted=_VAULT,
    docs="https://developer.hashicorp.com/vault/docs/secrets/identity/identity-token",
    obtain="vault read -field=token identity/oidc/token/ROLE  # OpenBao: bao",
)

PRESETS = (KUBERNETES, GOOGLE, ENTRA, ENTRA_V1, ENTRA_SCIM, AWS, SPIFFE, VAULT)
