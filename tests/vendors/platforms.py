"""Platforms that run what is deployed to them, and the pipelines of Bitbucket.

Bitbucket: https://support.atlassian.com/bitbucket-cloud/docs/integrate-pipelines-with-resource-servers-using-oidc/.
Vercel: https://vercel.com/docs/oidc/reference.
Fly.io: https://fly.io/docs/security/openid-connect/.

Where Bitbucket and Fly.io publish their keys, and how long a token of Bitbucket's lives, they do not say:
metadata tell the first, and the second is taken to be an hour.
"""

from __future__ import annotations

from oauth_jwt_grant.assertion import Reason
from tests.factories import DROP

from .vendor import AUDIENCE, Neighbour, Vendor, no_rule, uuid4

_WORKSPACE = "7baee083-1111-4222-8333-000000000003"
_DEFAULT_AUDIENCE = f"ari:cloud:bitbucket::workspace/{_WORKSPACE}"
_PIPELINES = "https://api.bitbucket.org/2.0/workspaces/{}/pipelines-config/identity/oidc"
BITBUCKET = Vendor(
    name="bitbucket",
    preset="bitbucket",
    answers={
        "workspace": "acme",
        "workspace_uuid": f"{{{_WORKSPACE}}}",
        "repository_uuid": "{2e9e429c-1111-4222-8333-000000000001}",
    },
    issuer=_PIPELINES.format("acme"),
    jwks_uri=f"{_PIPELINES.format('acme')}/keys.json",
    lifetime=3600,
    reused=True,
    claims={
        # Another one for every step.
        "sub": "{2e9e429c-1111-4222-8333-000000000001}:{77777777-1111-4222-8333-000000000002}",
        # The workspace's own cannot be left out.
        "aud": [_DEFAULT_AUDIENCE, AUDIENCE],
        "workspaceUuid": f"{{{_WORKSPACE}}}",
        "repositoryUuid": "{2e9e429c-1111-4222-8333-000000000001}",
        "pipelineUuid": "{66666666-1111-4222-8333-000000000004}",
        "pipelineRunUuid": "{88888888-1111-4222-8333-000000000005}",
        "stepUuid": "{77777777-1111-4222-8333-000000000002}",
        "branchName": "main",
    },
    neighbours={
        "another repository": no_rule(repositoryUuid="{2e9e429c-1111-4222-8333-0000000000ff}"),
        "the workspace's name taken by another": no_rule(
            workspaceUuid="{7baee083-1111-4222-8333-0000000000ff}"
        ),
        "another branch": no_rule(branchName="feature"),
        "a tag, which has no branch": no_rule(branchName=DROP),
        "ids without their braces": no_rule(workspaceUuid=_WORKSPACE),
        "the audience that nobody chose": Neighbour(Reason.AUDIENCE, {"aud": _DEFAULT_AUDIENCE}),
        "another workspace": Neighbour(Reason.UNKNOWN_ISSUER, {"iss": _PIPELINES.format("mallory")}),
    },
)
VERCEL = Vendor(
    name="vercel",
    preset="vercel",
    answers={
        "issuer": "https://oidc.vercel.com/acme",
        "owner": "team_7Gw5ZMexample00000001",
        "project": "prj_7Gw5ZMexample00000001",
    },
    issuer="https://oidc.vercel.com/acme",
    jwks_uri="https://oidc.vercel.com/.well-known/jwks",
    lifetime=3600,
    nbf=0,
    reused=True,
    claims={
        "sub": "owner:acme:project:web:environment:production",
        "aud": AUDIENCE,
        # No scope of an access token: it says the same as sub.
        "scope": "owner:acme:project:web:environment:production",
        "owner": "acme",
        "owner_id": "team_7Gw5ZMexample00000001",
        "project": "web",
        "project_id": "prj_7Gw5ZMexample00000001",
        "environment": "production",
    },
    neighbours={
        "the team's name taken by another": no_rule(owner_id="team_other"),
        "another project": no_rule(project_id="prj_other"),
        "a preview, built from a pull request": no_rule(environment="preview"),
        "a laptop": no_rule(environment="development", user_id="user_1"),
        "the audience that nobody chose": Neighbour(Reason.AUDIENCE, {"aud": "https://vercel.com/acme"}),
        "a project in global mode": Neighbour(Reason.UNKNOWN_ISSUER, {"iss": "https://oidc.vercel.com"}),
        "another team": Neighbour(Reason.UNKNOWN_ISSUER, {"iss": "https://oidc.vercel.com/mallory"}),
    },
)
FLY = Vendor(
    name="fly",
    preset="fly",
    answers={"organization": "acme", "org_id": "22222222", "app_id": "11111111"},
    issuer="https://oidc.fly.io/acme",
    jwks_uri="https://oidc.fly.io/acme/.well-known/jwks",
    lifetime=600,
    nbf=0,
    jti=uuid4,
    claims={
        "sub": "acme:exporter:worker-1",
        "aud": AUDIENCE,
        "app_id": "11111111",
        "app_name": "exporter",
        "image": "registry.fly.io/exporter:v1",
        "image_digest": "sha256:2c1cdaded1b3820020c9dc9fdd1d6e798d6f6ca36861bb6ae64019fad6be9ee3",
        "machine_id": "148e21ea7e46e8",
        "machine_name": "worker-1",
        "machine_version": "01HTGGC1TZ2JHK83J4AC0R3VET",
        "org_id": "22222222",
        "org_name": "acme",
        "region": "arn",
    },
    neighbours={
        "the organization's name taken by another": no_rule(org_id="33333333"),
        "an app made again under the name": no_rule(app_id="44444444"),
        "an id that is a number": no_rule(app_id=11111111),
        "the audience that nobody chose": Neighbour(Reason.AUDIENCE, {"aud": "https://fly.io/acme"}),
        "another organization": Neighbour(Reason.UNKNOWN_ISSUER, {"iss": "https://oidc.fly.io/mallory"}),
    },
)

VENDORS = (BITBUCKET, VERCEL, FLY)
