"""Clusters and clouds.

Kubernetes: https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/.
Google: https://cloud.google.com/compute/docs/instances/verifying-instance-identity.
AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound_token_claims.html.
SPIFFE: https://github.com/spiffe/spiffe/blob/main/standards/JWT-SVID.md.
Vault: https://developer.hashicorp.com/vault/docs/secrets/identity/identity-token, and OpenBao's page alike.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from oauth_jwt_grant.assertion import Reason
from tests.factories import DROP, ec_key, jwk

from .vendor import AUDIENCE, Neighbour, Vendor, no_rule, other_key, uuid4

_UID = "14ee3fa4-a7e2-420f-9f9a-000000000001"
_YEAR = 365 * 86400


def pod(namespace: str = "payments", account: str = "exporter", uid: str = _UID) -> dict[str, Any]:
    """The claims of a pod that runs as a service account."""
    return {
        "sub": f"system:serviceaccount:{namespace}:{account}",
        "kubernetes.io": {
            "namespace": namespace,
            "node": {"name": "node-1", "uid": "646e7c5e-1111-4222-8333-000000000001"},
            "pod": {"name": "exporter-7c9d8b6f5-abcde", "uid": "7f3b1a90-1111-4222-8333-000000000001"},
            "serviceaccount": {"name": account, "uid": uid},
        },
    }


def _pod(**changes: str) -> Neighbour:
    return no_rule(**pod(**changes))


#: A cluster of one's own: the usual name, which many clusters have, and keys behind the cluster's own CA.
KUBERNETES = Vendor(
    name="kubernetes",
    preset="kubernetes",
    answers={
        "issuer": "https://kubernetes.default.svc.cluster.local",
        "namespace": "payments",
        "account": "exporter",
        "uid": _UID,
    },
    issuer="https://kubernetes.default.svc.cluster.local",
    # The API server names the address that it advertises, not the issuer.
    jwks_uri="https://10.0.12.7:6443/openid/v1/jwks",
    kid="Qm9vbS1zYS1rZXktMDAwMDAwMDAwMDAwMDAwMDAwMDA",
    members={"use": "sig", "alg": "RS256"},
    header={},
    metadata={
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    },
    lifetime=3600,
    nbf=0,
    jti=uuid4,
    reused=True,
    claims={"aud": [AUDIENCE], **pod()},
    neighbours={
        "another namespace": _pod(namespace="billing"),
        "another service account": _pod(account="default"),
        "an account whose name begins so": _pod(account="exporter-2"),
        "the account made again": _pod(uid="14ee3fa4-a7e2-420f-9f9a-0000000000ff"),
        "another cluster of the same name": Neighbour(Reason.NO_SUCH_KEY, key=other_key, kid="b3RoZXI"),
        "another cluster with the same key ID": Neighbour(Reason.BAD_SIGNATURE, key=other_key),
        "a token for the API server": Neighbour(
            Reason.AUDIENCE, {"aud": ["https://kubernetes.default.svc.cluster.local"]}
        ),
        "a token of a year": Neighbour(Reason.LIFETIME, {"exp": 4_102_444_800}),
        "a token out of a Secret": Neighbour(
            Reason.MISSING_CLAIM,
            {
                "iss": "https://kubernetes.default.svc.cluster.local",
                "aud": DROP,
                "exp": DROP,
                "kubernetes.io": DROP,
                "kubernetes.io/serviceaccount/namespace": "payments",
                "kubernetes.io/serviceaccount/service-account.name": "exporter",
            },
        ),
        "claims with slashes in their names": Neighbour(
            Reason.NO_RULE, {"kubernetes.io": DROP, "kubernetes.io/serviceaccount/uid": _UID}
        ),
    },
)
_EKS = "https://oidc.eks.eu-north-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
#: Before 1.30 there is no jti.
EKS = replace(
    KUBERNETES,
    name="eks",
    answers={**KUBERNETES.answers, "issuer": _EKS, "uid": ""},
    issuer=_EKS,
    jwks_uri=f"{_EKS}/keys",
    jti=None,
    neighbours={
        "another namespace": _pod(namespace="billing"),
        "another cluster": Neighbour(
            Reason.UNKNOWN_ISSUER, {"iss": _EKS.replace("0123456789ABCDEF", "FEDCBA9876543210", 1)}
        ),
    },
)
_AKS = "https://northeurope.oic.prod-aks.azure.com/72f988bf-1111-4222-8333-000000000001/9f8e7d6c-1111/"
#: The final slash is part of the issuer; keys on a curve are signed with ES256.
AKS = replace(
    KUBERNETES,
    name="aks",
    answers={**KUBERNETES.answers, "issuer": _AKS, "uid": ""},
    issuer=_AKS,
    jwks_uri=f"{_AKS}openid/v1/jwks",
    key=ec_key,
    members={"use": "sig", "alg": "ES256"},
    neighbours={
        "another namespace": _pod(namespace="billing"),
        "the issuer without its slash": Neighbour(Reason.UNKNOWN_ISSUER, {"iss": _AKS.rstrip("/")}),
    },
)
GOOGLE = Vendor(
    name="google",
    preset="google",
    answers={"unique_id": "104029292853099978293"},
    issuer="https://accounts.google.com",
    jwks_uri="https://www.googleapis.com/oauth2/v3/certs",
    kid="a1b2c3d4e5f60718293a4b5c6d7e8f9001122334",
    others=lambda: [GOOGLE.published(replace(other_key(), kid="c8ab71530972bba20b49f78a09c9852c43ff9118"))],
    lifetime=3600,
    reused=True,
    claims={
        "aud": AUDIENCE,
        "azp": "104029292853099978293",
        "email": "exporter@acme-prod.iam.gserviceaccount.com",
        "email_verified": True,
        "google": {
            "compute_engine": {
                "instance_creation_timestamp": 1790000000,
                "instance_id": "3047934050210597033",
                "instance_name": "worker-1",
                "project_id": "acme-prod",
                "project_number": 217706947495,
                "zone": "europe-north1-a",
            }
        },
        "sub": "104029292853099978293",
    },
    neighbours={
        "another account of the project": Neighbour(
            Reason.NO_RULE, {"sub": "104029292853099978294", "email": "x@acme-prod.iam.gserviceaccount.com"}
        ),
        "the account made again under its address": Neighbour(
            Reason.NO_RULE, {"sub": "999999999999999999999"}
        ),
        "another project's account": Neighbour(
            Reason.NO_RULE,
            {"sub": "111111111111111111111", "email": "exporter@mallory.iam.gserviceaccount.com"},
        ),
        "somebody who puts the address into an account of hers": Neighbour(
            Reason.NO_RULE, {"sub": "222222222222222222222", "email_verified": False}
        ),
        "the id as a number": Neighbour(Reason.MALFORMED_CLAIM, {"sub": 104029292853099978293}),
        "somebody who signs in": Neighbour(Reason.ID_TOKEN, {"at_hash": "HK6E_P6Dh8Y93mRNtsDB1Q"}),
        "a token for a web application": Neighbour(
            Reason.AUDIENCE, {"aud": "1234-abc.apps.googleusercontent.com"}
        ),
        "the issuer without its scheme": Neighbour(Reason.UNKNOWN_ISSUER, {"iss": "accounts.google.com"}),
    },
)
_ACCOUNT = "https://a1b2c3d4-1111-4222-8333-000000000001.tokens.sts.global.api.aws"
_STS = {
    "aws_account": "123456789012",
    "source_region": "eu-north-1",
    "org_id": "o-abc1234567",
    "principal_tags": {"team": "payments"},
    "request_tags": {"job": "nightly"},
}


def _sts(**changes: Any) -> dict[str, Any]:
    return {"https://sts.amazonaws.com/": {**_STS, **changes}}


AWS = Vendor(
    name="aws",
    preset="aws",
    answers={
        "issuer": _ACCOUNT,
        "account": "123456789012",
        "role": "arn:aws:iam::123456789012:role/exporter",
    },
    issuer=_ACCOUNT,
    jwks_uri=f"{_ACCOUNT}/.well-known/jwks.json",
    key=lambda: ec_key("P-384"),
    kid="EC384_0",
    members={"use": "sig", "alg": "ES384"},
    # The RSA key has no alg, and its id is the same in every account.
    others=lambda: [jwk(replace(other_key(), kid="RSA_0"))],
    lifetime=300,
    jti=uuid4,
    claims={"aud": AUDIENCE, "sub": "arn:aws:iam::123456789012:role/exporter", **_sts()},
    neighbours={
        "another role": no_rule(sub="arn:aws:iam::123456789012:role/other"),
        "another account": no_rule(**_sts(aws_account="999999999999")),
        "the account among the tags that the caller chooses": Neighbour(
            Reason.NO_RULE,
            {"https://sts.amazonaws.com/": {"request_tags": {"aws_account": "123456789012"}}},
        ),
        "another account's issuer": Neighbour(
            Reason.UNKNOWN_ISSUER, {"iss": _ACCOUNT.replace("a1b2c3d4", "ffffffff")}
        ),
        "another account's key of the same id": Neighbour(
            Reason.BAD_SIGNATURE, key=lambda: ec_key("P-384", "other")
        ),
    },
)
SPIFFE = Vendor(
    name="spiffe",
    preset="spiffe",
    answers={
        "issuer": "https://oidc.example.org",
        "spiffe_id": "spiffe://example.org/ns/payments/sa/exporter",
    },
    issuer="https://oidc.example.org",
    jwks_uri="https://oidc.example.org/keys",
    key=ec_key,
    kid="C6vs25welZOx6WksNYfbMfiw9l96pMnD",
    members={"alg": "ES256"},
    lifetime=300,
    reused=True,
    claims={"aud": [AUDIENCE], "sub": "spiffe://example.org/ns/payments/sa/exporter"},
    neighbours={
        "another workload": no_rule(sub="spiffe://example.org/ns/payments/sa/other"),
        "another trust domain": Neighbour(
            Reason.NO_RULE, {"sub": "spiffe://example.com/ns/payments/sa/exporter"}
        ),
        "no issuer": Neighbour(Reason.MISSING_CLAIM, {"iss": DROP}),
    },
)

_VAULT = "https://vault.example.org:8200/v1/identity/oidc"
_ENTITY = "7d2e3179-1111-4222-8333-000000000002"
#: A role for this server alone, with a TTL of an hour. Two reads in one second make the same token.
VAULT = Vendor(
    name="vault",
    preset="vault",
    answers={"issuer": _VAULT, "entity": _ENTITY, "audience": "as-example-com"},
    issuer=_VAULT,
    jwks_uri=f"{_VAULT}/.well-known/keys",
    kid="5e0c2b7a-1111-4222-8333-000000000001",
    header={},
    lifetime=3600,
    reused=True,
    claims={"aud": "as-example-com", "sub": _ENTITY, "namespace": "root"},
    neighbours={
        "another entity": no_rule(sub="7d2e3179-1111-4222-8333-0000000000ff"),
        "another entity with our name in its metadata": no_rule(
            sub="7d2e3179-1111-4222-8333-0000000000fe", name="exporter", metadata={"entity": _ENTITY}
        ),
        "a role for another service": Neighbour(Reason.AUDIENCE, {"aud": "reporting"}),
        "a role with the default of a day": Neighbour(Reason.LIFETIME, {"exp": 4_102_444_800}),
        "somebody who logs in by the provider of the same server": Neighbour(
            Reason.UNKNOWN_ISSUER, {"iss": f"{_VAULT}/provider/default"}
        ),
        "another cluster that writes our issuer": Neighbour(Reason.BAD_SIGNATURE, key=other_key),
    },
)

VENDORS = (KUBERNETES, EKS, AKS, GOOGLE, AWS, SPIFFE, VAULT)
