"""Issuers of clouds and clusters."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ..models import TrustedIssuer
from ..rules import Pin
from .base import ConditionTemplate, Preset, PresetQuestion
from .shapes import EXAMPLE_UUID, UUID, issuer

_REUSABLE = TrustedIssuer.ReplayPolicy.REUSABLE.value

KUBERNETES = Preset(
    key="kubernetes",
    name="Kubernetes service account",
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
        PresetQuestion(
            name="ca_bundle",
            label=_("CA of the API server"),
            help=_("In PEM, where the keys come from a cluster of your own: ca.crt of any pod."),
            required=False,
            multiline=True,
        ),
        PresetQuestion(
            name="allow_private_network",
            label=_("The API server is inside your network"),
            help=_("EKS, GKE and AKS publish their keys on the internet."),
            required=False,
            pattern="yes",
            example="yes",
            tick=True,
        ),
    ),
    conditions=(
        ConditionTemplate("sub", ("system:serviceaccount:{namespace}:{account}",), pin=True),
        ConditionTemplate("/kubernetes.io/serviceaccount/uid", ("{uid}",)),
    ),
    fields={"ca_bundle": "{ca_bundle}", "allow_private_network": "{allow_private_network}"},
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
    name="Google service account (ID token)",
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
_ENTRA = (
    PresetQuestion(name="tenant", label=_("Tenant id"), pattern=UUID, example=EXAMPLE_UUID),
    PresetQuestion(
        name="object",
        label=_("Object id of the caller"),
        help=_("Of the service principal or managed identity: the oid claim."),
        pattern=UUID,
        example=EXAMPLE_UUID,
    ),
    PresetQuestion(
        name="audience",
        label=_("Application id of this server in the tenant"),
        help=_("What the tenant's tokens name as aud: the application's id, or its App ID URI."),
        pattern=rf"(api://)?{UUID}|https://\S+",
        example=EXAMPLE_UUID,
    ),
)
_ENTRA_DOCS = "https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference"
# A service principal's token lives 60 to 90 minutes, a managed identity's a day.
_ENTRA_LIFETIME = 90000
_ENTRA_PINS = (
    ConditionTemplate("tid", ("{tenant}",), pin=True),
    ConditionTemplate("oid", ("{object}",), pin=True),
)
ENTRA = Preset(
    key="entra-id",
    name="Microsoft Entra ID (v2 tokens)",
    questions=_ENTRA,
    conditions=_ENTRA_PINS,
    issuer="https://login.microsoftonline.com/{tenant}/v2.0",
    fields={"audiences": ("{audience}",)},
    max_lifetime=_ENTRA_LIFETIME,
    replay_policy=_REUSABLE,
    # Of delegated tokens alone; those of applications have roles instead.
    scope_claim_name="scp",
    docs=_ENTRA_DOCS,
    obtain="az account get-access-token --resource api://APPLICATION",
)
ENTRA_V1 = Preset(
    key="entra-id-v1",
    name="Microsoft Entra ID (v1 tokens)",
    questions=_ENTRA,
    conditions=_ENTRA_PINS,
    issuer="https://sts.windows.net/{tenant}/",
    fields={
        "discovery_url": "https://login.microsoftonline.com/{tenant}/.well-known/openid-configuration",
        "audiences": ("{audience}",),
    },
    max_lifetime=_ENTRA_LIFETIME,
    replay_policy=_REUSABLE,
    # Of delegated tokens alone; those of applications have roles instead.
    scope_claim_name="scp",
    docs=_ENTRA_DOCS,
    obtain="az account get-access-token --resource api://APPLICATION",
)
_AWS = r"https://[\w.-]+\.tokens\.sts\.global\.api\.aws"
AWS = Preset(
    key="aws",
    name="AWS outbound identity federation",
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
    obtain="aws sts get-web-identity-token --audience AUDIENCE --signing-algorithm ES384",
)
SPIFFE = Preset(
    key="spiffe",
    name="SPIFFE (SPIRE JWT-SVID)",
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
PRESETS = (KUBERNETES, GOOGLE, ENTRA, ENTRA_V1, AWS, SPIFFE)
