"""Platforms that run what is deployed to them, and the pipelines of Bitbucket.

Bitbucket: https://support.atlassian.com/bitbucket-cloud/docs/integrate-pipelines-with-resource-servers-using-oidc/.
Vercel: https://vercel.com/docs/oidc/reference.
Fly.io: https://fly.io/docs/security/openid-connect/.
Pulumi ESC: https://www.pulumi.com/docs/esc/.
Harness: https://developer.harness.io/docs/platform/.
Ansible Automation Platform: https://docs.redhat.com/en/documentation/red_hat_ansible_automation_platform/2.7.

Where Bitbucket and Fly.io publish their keys, and how long a token of Bitbucket's lives, they do not say:
metadata tell the first, and the second is taken to be an hour.
"""

from __future__ import annotations

from oauth_jwt_grant.assertion import Reason
from tests.factories import DROP

from .vendor import AUDIENCE, Neighbour, Vendor, no_rule, other_key, uuid4

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

_PULUMI = "https://pulumi.com/"
_PULUMI_ORGANIZATION = "3f1c2b7a-1111-4222-8333-000000000001"
_ENVIRONMENT = "7d2e3179-1111-4222-8333-000000000002"
PULUMI = Vendor(
    name="pulumi",
    preset="pulumi-esc",
    answers={"organization_id": _PULUMI_ORGANIZATION, "environment_id": _ENVIRONMENT},
    issuer="https://api.pulumi.com/oidc/v2",
    jwks_uri="https://api.pulumi.com/oidc/v2/.well-known/jwks",
    lifetime=3600,
    nbf=0,
    jti=uuid4,
    claims={
        "sub": f"pulumi:org:{_PULUMI_ORGANIZATION}:env:{_ENVIRONMENT}",
        "aud": AUDIENCE,
        f"{_PULUMI}org": "acme",
        f"{_PULUMI}org_id": _PULUMI_ORGANIZATION,
        f"{_PULUMI}current_env": "platform/exporter",
        f"{_PULUMI}current_env_id": _ENVIRONMENT,
        f"{_PULUMI}root_env": "platform/exporter",
        f"{_PULUMI}root_env_id": _ENVIRONMENT,
        f"{_PULUMI}actor": "mona",
    },
    neighbours={
        "another organization": Neighbour(
            Reason.NO_RULE,
            {
                "sub": "pulumi:org:3f1c2b7a-1111-4222-8333-0000000000ff:env:9e2e3179",
                f"{_PULUMI}org_id": "3f1c2b7a-1111-4222-8333-0000000000ff",
                f"{_PULUMI}current_env_id": "9e2e3179-1111-4222-8333-000000000002",
                f"{_PULUMI}root_env_id": "9e2e3179-1111-4222-8333-000000000002",
            },
        ),
        "another organization that took the name": Neighbour(
            Reason.NO_RULE, {f"{_PULUMI}org_id": "3f1c2b7a-1111-4222-8333-0000000000ff"}
        ),
        "another environment that imports ours": Neighbour(
            Reason.NO_RULE, {f"{_PULUMI}root_env_id": "9e2e3179-1111-4222-8333-000000000002"}
        ),
        "another environment that ours imports": Neighbour(
            Reason.NO_RULE, {f"{_PULUMI}current_env_id": "9e2e3179-1111-4222-8333-000000000002"}
        ),
        "the issuer of earlier logins": Neighbour(
            Reason.UNKNOWN_ISSUER, {"iss": "https://api.pulumi.com/oidc"}
        ),
    },
)
_HARNESS = "https://app.harness.io/ng/api/oidc/account/aBcD1234eFgH5678"
HARNESS = Vendor(
    name="harness",
    preset="harness",
    answers={
        "issuer": _HARNESS,
        "account_id": "aBcD1234eFgH5678",
        "organization_id": "default",
        "project_id": "deploy",
        "pipeline_id": "release",
    },
    issuer=_HARNESS,
    jwks_uri=f"{_HARNESS}/.wellknown/jwks",
    lifetime=3600,
    reused=True,
    claims={
        "sub": "account/aBcD1234eFgH5678:org/default:project/deploy",
        "aud": AUDIENCE,
        "account_id": "aBcD1234eFgH5678",
        "organization_id": "default",
        "project_id": "deploy",
        "pipeline_id": "release",
        "connector_id": "as_example",
        "connector_name": "as.example.com",
        "triggered_by_name": "mona",
        "context": "PIPELINE_EXECUTION",
    },
    neighbours={
        "another account that writes our issuer": no_rule(account_id="zYxW9876vUtS5432"),
        "another organization of the account": no_rule(organization_id="research"),
        "another project": no_rule(project_id="website"),
        "another pipeline under the same sub": no_rule(pipeline_id="preview"),
        "the connector's test, which needs no pipeline": no_rule(context="CONNECTOR_VALIDATION"),
        "another account": Neighbour(
            Reason.UNKNOWN_ISSUER, {"iss": _HARNESS.replace("aBcD1234eFgH5678", "zYxW9876vUtS5432")}
        ),
    },
)
_AAP = "https://aap.example.org/o"
ANSIBLE = Vendor(
    name="ansible",
    preset="ansible",
    answers={"issuer": _AAP, "organization_id": "3", "template_id": "41", "project_id": "12"},
    issuer=_AAP,
    # Without the slash at its end it is a redirect.
    discovery_url=f"{_AAP}/.well-known/openid-configuration/",
    jwks_uri=f"{_AAP}/.well-known/jwks.json",
    # Its metadata also have HS256, which is for people who log in.
    metadata={"id_token_signing_alg_values_supported": ["RS256", "HS256"]},
    lifetime=360,
    jti=uuid4,
    claims={
        "sub": "workload_type:aap_controller_automation_job:organization:Platform:job_template:Export",
        "aud": AUDIENCE,
        "aap_controller_organization_id": "3",
        "aap_controller_organization_name": "Platform",
        "aap_controller_job_template_id": "41",
        "aap_controller_job_template_name": "Export",
        "aap_controller_project_id": "12",
        "aap_controller_playbook_name": "export.yml",
        "aap_controller_job_id": "90210",
        "aap_controller_job_type": "run",
        "aap_controller_launch_type": "scheduled",
        "aap_controller_launched_by_id": "7",
    },
    neighbours={
        "another organization of the installation": no_rule(
            aap_controller_organization_id="4", aap_controller_organization_name="Platform"
        ),
        "another template that was renamed to ours": no_rule(aap_controller_job_template_id="42"),
        "the template with another project": no_rule(aap_controller_project_id="13"),
        "ids without a job": no_rule(aap_controller_job_id=DROP),
        "somebody who logs in": no_rule(
            sub="7",
            **dict.fromkeys(
                (
                    "aap_controller_organization_id",
                    "aap_controller_job_template_id",
                    "aap_controller_project_id",
                    "aap_controller_job_id",
                ),
                DROP,
            ),
        ),
        "another installation": Neighbour(Reason.UNKNOWN_ISSUER, {"iss": "https://aap.mallory.example/o"}),
        "another installation that writes our issuer": Neighbour(Reason.BAD_SIGNATURE, key=other_key),
    },
)

VENDORS = (BITBUCKET, VERCEL, FLY, PULUMI, HARNESS, ANSIBLE)
