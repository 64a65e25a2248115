"""Build systems.

GitHub: https://docs.github.com/en/actions/reference/security/oidc.
GitLab: https://docs.gitlab.com/ci/secrets/id_token_authentication/.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from oauth_jwt_grant.assertion import Reason
from tests.factories import DROP, Key, rsa_key

from .vendor import AUDIENCE, Neighbour, Vendor, certificate_of, other_key, uuid4

_SHA = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def _no_rule(**claims: Any) -> Neighbour:
    """Somebody whose token is good, but no rule's."""
    return Neighbour(Reason.NO_RULE, claims)


def _old_github_key() -> dict[str, Any]:
    """A key of GitHub's older kind: its id is the thumbprint of the certificate that wraps it."""
    certificate = certificate_of(other_key())
    thumbprint = "38826B176A305F9BB1698BEB8202F723"
    return {**GITHUB.published(Key(thumbprint, "RS256", other_key().private)), **certificate}


_WORKFLOW = "acme-org/deploy/.github/workflows/release.yml@refs/heads/main"

#: A repository with ids in its ``sub``, as all are that were made or renamed after 15 July 2026.
GITHUB = Vendor(
    name="github",
    preset="github-actions",
    answers={"owner_id": "90210", "repository_id": "770123456"},
    issuer="https://token.actions.githubusercontent.com",
    jwks_uri="https://token.actions.githubusercontent.com/.well-known/jwks",
    kid="7d1e0a52-0c1f-5a3e-9b6c-3f2b8a4c9d10",
    others=lambda: [_old_github_key()],
    lifetime=300,
    nbf=-600,
    jti=uuid4,
    claims={
        "sub": "repo:acme-org@90210/deploy@770123456:ref:refs/heads/main",
        "aud": AUDIENCE,
        "ref": "refs/heads/main",
        "sha": _SHA,
        "repository": "acme-org/deploy",
        "repository_id": "770123456",
        "repository_owner": "acme-org",
        "repository_owner_id": "90210",
        "repository_visibility": "private",
        "run_id": "12000000001",
        "run_number": "42",
        "run_attempt": "1",
        "check_run_id": "33000000001",
        "actor": "mona",
        "actor_id": "1234",
        "workflow": "release",
        "workflow_ref": _WORKFLOW,
        "workflow_sha": _SHA,
        "job_workflow_ref": _WORKFLOW,
        "job_workflow_sha": _SHA,
        "head_ref": "",
        "base_ref": "",
        "event_name": "push",
        "ref_type": "branch",
        "ref_protected": "true",
        "runner_environment": "github-hosted",
    },
    neighbours={
        "another repository under the old name": _no_rule(
            repository_id="880000001", sub="repo:acme-org@90210/deploy@880000001:ref:refs/heads/main"
        ),
        "the name taken by another owner": _no_rule(
            repository_id="880000002",
            repository_owner_id="66666",
            sub="repo:acme-org@66666/deploy@880000002:ref:refs/heads/main",
        ),
        "the repository given to another owner": _no_rule(repository_owner_id="66666"),
        "a fork": _no_rule(repository="mallory/deploy", repository_id="99", repository_owner_id="66666"),
        "a pull request of a fork": _no_rule(
            event_name="pull_request",
            ref="refs/pull/7/merge",
            head_ref="main",
            base_ref="main",
            sub="repo:acme-org@90210/deploy@770123456:pull_request",
        ),
        "pull_request_target on the default branch": _no_rule(event_name="pull_request_target"),
        "a comment on an issue": _no_rule(event_name="issue_comment"),
        "another branch": _no_rule(
            ref="refs/heads/feature", sub="repo:acme-org@90210/deploy@770123456:ref:refs/heads/feature"
        ),
        "a tag that is called as the branch": _no_rule(ref="refs/tags/main", ref_type="tag"),
        "an id as a number": _no_rule(repository_id=770123456),
        "the audience that nobody chose": Neighbour(
            Reason.AUDIENCE, {"aud": "https://github.com/acme-org"}
        ),
        "an enterprise's own issuer": Neighbour(
            Reason.UNKNOWN_ISSUER, {"iss": "https://token.actions.githubusercontent.com/acme"}
        ),
        "a forger": Neighbour(Reason.BAD_SIGNATURE, key=lambda: rsa_key("forger")),
    },
)
#: An older repository, and a job of an environment.
GITHUB_CLASSIC = replace(
    GITHUB,
    name="github-classic",
    answers={**GITHUB.answers, "environment": "production", "refs": ""},
    claims={
        **GITHUB.claims,
        "sub": "repo:acme-org/deploy:environment:production",
        "environment": "production",
        "environment_node_id": "EN_kwDOexample",
    },
    header={"typ": "JWT", "x5t": "ykNaY4qM_ta4k2TgZOCEYLkcYlA"},
    neighbours={
        "another environment": _no_rule(
            environment="staging", sub="repo:acme-org/deploy:environment:staging"
        ),
        "no environment": _no_rule(environment=DROP, environment_node_id=DROP),
        "the environment of another repository": _no_rule(repository_id="880000001"),
        "the environment in a pull request": _no_rule(event_name="pull_request"),
    },
)
GITLAB = Vendor(
    name="gitlab",
    preset="gitlab-ci",
    answers={"project_id": "204455", "namespace_id": "7201"},
    issuer="https://gitlab.com",
    jwks_uri="https://gitlab.com/oauth/discovery/keys",
    kid="hY2mBvQ0sXk7l3rWq9",
    # The key that signs for people who log in at other sites with GitLab.
    others=lambda: [GITLAB.published(Key("4i3sFE7sxqNPOT7FdvcGA1ZVGGI_r-tsDXnEuYT4ZqE", "RS256", other_key().private))],
    lifetime=3600,
    nbf=-5,
    jti=uuid4,
    claims={
        "namespace_id": "7201",
        "namespace_path": "acme/platform",
        "project_id": "204455",
        "project_path": "acme/platform/deploy",
        "job_namespace_id": "7201",
        "job_namespace_path": "acme/platform",
        "job_project_id": "204455",
        "job_project_path": "acme/platform/deploy",
        "user_id": "31",
        "user_login": "mona",
        "user_email": "mona@acme.example",
        "user_access_level": "maintainer",
        "pipeline_id": "574001",
        "pipeline_source": "push",
        "job_id": "3021001",
        "job_source": "push",
        "ref": "main",
        "ref_type": "branch",
        "ref_path": "refs/heads/main",
        "ref_protected": "true",
        "groups_direct": ["acme/platform"],
        "environment": "production",
        "environment_protected": "true",
        "deployment_tier": "production",
        "runner_id": 15,
        "runner_environment": "gitlab-hosted",
        "sha": _SHA,
        "project_visibility": "private",
        "ci_config_ref_uri": None,
        "ci_config_sha": None,
        "sub": "project_path:acme/platform/deploy:ref_type:branch:ref:main",
        "aud": AUDIENCE,
    },
    neighbours={
        "another project under the old path": _no_rule(project_id="300000", job_project_id="300000"),
        "the path taken by another group": _no_rule(project_id="300001", namespace_id="9999"),
        "the project moved to another group": _no_rule(namespace_id="9999", namespace_path="mallory"),
        "a merge request of a fork": _no_rule(
            project_id="300002",
            project_path="mallory/deploy",
            namespace_id="9999",
            namespace_path="mallory",
            pipeline_source="merge_request_event",
            sub="project_path:mallory/deploy:ref_type:branch:ref:main",
        ),
        "a fork's merge request before GitLab 18.2.2": _no_rule(
            pipeline_source="merge_request_event", ref_protected="false"
        ),
        "another branch": _no_rule(ref="feature", ref_path="refs/heads/feature", ref_protected="false"),
        "another protected branch": _no_rule(ref="old", ref_path="refs/heads/old"),
        "a protected tag that is called as the branch": _no_rule(ref_type="tag", ref_path="refs/tags/main"),
        "somebody who logs in": Neighbour(
            Reason.ID_TOKEN, {"nonce": "n-0S6_WzA2Mj", "sub": "31", "auth_time": 1, "sub_legacy": "a"}
        ),
        "somebody who logs in, by the flow without a nonce": _no_rule(
            sub="31", project_id=DROP, namespace_id=DROP, ref_protected=DROP, ref_path=DROP
        ),
        "the audience that nobody chose": Neighbour(Reason.AUDIENCE, {"aud": "https://gitlab.com"}),
        "another instance": Neighbour(Reason.UNKNOWN_ISSUER, {"iss": "https://gitlab.example.com"}),
        "the old CI_JOB_JWT": Neighbour(Reason.UNKNOWN_ISSUER, {"iss": "gitlab.com", "aud": DROP}),
    },
)
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
        "sub": f"organization:acme-inc:pipeline:deploy:ref:refs/heads/main:commit:{_SHA}:step:",
        "aud": AUDIENCE,
        "organization_slug": "acme-inc",
        "organization_id": "0184990a-1111-4222-8333-000000000001",
        "pipeline_slug": "deploy",
        "pipeline_id": "0184990a-1111-4222-8333-000000000002",
        "build_number": 17,
        "build_branch": "main",
        "build_commit": _SHA,
        "step_key": None,
        "job_id": "0184990a-1111-4222-8333-000000000003",
        "agent_id": "0184990a-1111-4222-8333-000000000004",
        "runner_environment": "self-hosted",
        "build_source": "webhook",
    },
    neighbours={
        "another organization": _no_rule(organization_id="0184990a-1111-4222-8333-0000000000ff"),
        "another pipeline": _no_rule(pipeline_id="0184990a-1111-4222-8333-0000000000ff"),
        "another branch": _no_rule(build_branch="feature"),
        "ids that nobody asked for": _no_rule(organization_id=DROP, pipeline_id=DROP),
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
            Reason.UNKNOWN_ISSUER, {"iss": "https://oidc.circleci.com/org/c9035eb6-1111-4222-8333-0000000000ff"}
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
        "another organization of the same name": _no_rule(terraform_organization_id="org-other"),
        "another workspace": _no_rule(terraform_workspace_id="ws-other"),
        "a plan": _no_rule(terraform_run_phase="plan"),
    },
)

VENDORS = (GITHUB, GITHUB_CLASSIC, GITLAB, BUILDKITE, CIRCLECI, TERRAFORM)
