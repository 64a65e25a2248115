"""Build systems.

Buildkite: https://buildkite.com/docs/agent/cli/reference/oidc.
CircleCI: https://circleci.com/docs/guides/permissions-authentication/openid-connect-tokens/.
HCP Terraform: https://developer.hashicorp.com/terraform/cloud-docs/dynamic-provider-credentials/workload-identity-tokens.
"""

from __future__ import annotations

from oauth_jwt_grant.assertion import Reason
from tests.factories import DROP

from .vendor import AUDIENCE, Neighbour, Vendor, no_rule, uuid4

BUILDKITE = Vendor(
    name="buildkite",
    preset="buildkite",
    answers={
        "organization_id": "0184990a-1111-4222-8333-000000000001",
        "pipeline_id": "0184990a-1111-4222-8333-000000000002",
    },
    issuer="https://agent.buildkite.com",
    jwks_uri="https://agent.buildkite.com/.well-known/jwks",
    lifetime=300,
    nbf=0,
    reused=True,
    claims={
        "sub": "organization:acme-inc:pipeline:deploy:ref:refs/heads/main:commit:4b825dc642cb:step:",
        "aud": AUDIENCE,
        "organization_slug": "acme-inc",
        "organization_id": "0184990a-1111-4222-8333-000000000001",
        "pipeline_slug": "deploy",
        "pipeline_id": "0184990a-1111-4222-8333-000000000002",
        "build_number": 17,
        "build_branch": "main",
        "build_commit": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
        "step_key": None,
        "job_id": "0184990a-1111-4222-8333-000000000003",
        "agent_id": "0184990a-1111-4222-8333-000000000004",
        "runner_environment": "self-hosted",
        "build_source": "webhook",
    },
    neighbours={
        "another organization": no_rule(organization_id="0184990a-1111-4222-8333-0000000000ff"),
        "another pipeline": no_rule(pipeline_id="0184990a-1111-4222-8333-0000000000ff"),
        "another branch": no_rule(build_branch="feature"),
        "ids that nobody asked for": no_rule(organization_id=DROP, pipeline_id=DROP),
        "the audience that nobody chose": Neighbour(
            Reason.AUDIENCE, {"aud": "https://buildkite.com/acme-inc"}
        ),
    },
)
_ORGANIZATION = "c9035eb6-1111-4222-8333-000000000001"
CIRCLECI = Vendor(
    name="circleci",
    preset="circleci",
    answers={
        "organization_id": _ORGANIZATION,
        "project_id": "3a2f5b1c-1111-4222-8333-000000000002",
        "origin": "github.com/acme/deploy",
    },
    issuer=f"https://oidc.circleci.com/org/{_ORGANIZATION}",
    jwks_uri=f"https://oidc.circleci.com/org/{_ORGANIZATION}/.well-known/jwks-pub.json",
    lifetime=3600,
    reused=True,
    claims={
        "sub": f"org/{_ORGANIZATION}/project/3a2f5b1c-1111-4222-8333-000000000002/user/5e6f7a8b",
        "aud": AUDIENCE,
        "oidc.circleci.com/org-id": _ORGANIZATION,
        "oidc.circleci.com/project-id": "3a2f5b1c-1111-4222-8333-000000000002",
        "oidc.circleci.com/context-ids": ["7b6a5c4d-1111-4222-8333-000000000008"],
        "oidc.circleci.com/vcs-origin": "github.com/acme/deploy",
        "oidc.circleci.com/vcs-ref": "refs/heads/main",
        "oidc.circleci.com/ssh-rerun": False,
    },
    neighbours={
        "another project": Neighbour(Reason.NO_RULE, {"oidc.circleci.com/project-id": "3a2f5b1c-ffff"}),
        "a build of a fork": Neighbour(
            Reason.NO_RULE, {"oidc.circleci.com/vcs-origin": "github.com/mallory/deploy"}
        ),
        "another branch": Neighbour(Reason.NO_RULE, {"oidc.circleci.com/vcs-ref": "refs/heads/feature"}),
        "somebody with a shell": Neighbour(Reason.NO_RULE, {"oidc.circleci.com/ssh-rerun": True}),
        "the token in the environment": Neighbour(Reason.AUDIENCE, {"aud": _ORGANIZATION}),
        "another organization": Neighbour(
            Reason.UNKNOWN_ISSUER,
            {"iss": "https://oidc.circleci.com/org/c9035eb6-1111-4222-8333-0000000000ff"},
        ),
    },
)
TERRAFORM = Vendor(
    name="terraform",
    preset="hcp-terraform",
    answers={"organization_id": "org-GRNbCjYNpBB6NEBH", "workspace_id": "ws-mbsd5E3Ktt5Rg2Xm"},
    issuer="https://app.terraform.io",
    jwks_uri="https://app.terraform.io/.well-known/jwks",
    lifetime=7200,
    nbf=-5,
    jti=uuid4,
    reused=True,
    claims={
        "sub": "organization:acme:project:Platform:workspace:prod:run_phase:apply",
        "aud": AUDIENCE,
        "terraform_organization_id": "org-GRNbCjYNpBB6NEBH",
        "terraform_organization_name": "acme",
        "terraform_project_id": "prj-vegSA59s1XPwMr2t",
        "terraform_workspace_id": "ws-mbsd5E3Ktt5Rg2Xm",
        "terraform_workspace_name": "prod",
        "terraform_full_workspace": "organization:acme:project:Platform:workspace:prod",
        "terraform_run_id": "run-X3n1AUXNGWbfECsJ",
        "terraform_run_phase": "apply",
    },
    neighbours={
        "another organization of the same name": no_rule(terraform_organization_id="org-other"),
        "another workspace": no_rule(terraform_workspace_id="ws-other"),
        "a plan": no_rule(terraform_run_phase="plan"),
    },
)


VENDORS = (BUILDKITE, CIRCLECI, TERRAFORM)
