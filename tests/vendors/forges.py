"""Code forges with build systems of their own.

GitHub: https://docs.github.com/en/actions/reference/security/oidc.
GitLab: https://docs.gitlab.com/ci/secrets/id_token_authentication/.
Gitea: https://github.com/go-gitea/gitea/pull/36988, of the development line of 2026.
Forgejo: https://forgejo.org/docs/next/user/actions/security-openid-connect/.

How long a token of Forgejo's lives, and whether ``ref_protected`` is a string there, it does not say.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from oauth_jwt_grant.assertion import Reason
from tests.factories import DROP, rsa_key

from .vendor import AUDIENCE, Neighbour, Vendor, certificate_of, no_rule, other_key, uuid4

_SHA = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def _old_github_key() -> dict[str, Any]:
    """A key of GitHub's older kind: its id is the thumbprint of the certificate that wraps it."""
    certificate = certificate_of(other_key())
    thumbprint = "38826B176A305F9BB1698BEB8202F723"
    return {**GITHUB.published(replace(other_key(), kid=thumbprint)), **certificate}


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
        "another repository under the old name": no_rule(
            repository_id="880000001", sub="repo:acme-org@90210/deploy@880000001:ref:refs/heads/main"
        ),
        "the name taken by another owner": no_rule(
            repository_id="880000002",
            repository_owner_id="66666",
            sub="repo:acme-org@66666/deploy@880000002:ref:refs/heads/main",
        ),
        "the repository given to another owner": no_rule(repository_owner_id="66666"),
        "a fork": no_rule(repository="mallory/deploy", repository_id="99", repository_owner_id="66666"),
        "a pull request of a fork": no_rule(
            event_name="pull_request",
            ref="refs/pull/7/merge",
            head_ref="main",
            base_ref="main",
            sub="repo:acme-org@90210/deploy@770123456:pull_request",
        ),
        "pull_request_target on the default branch": no_rule(event_name="pull_request_target"),
        "a comment on an issue": no_rule(event_name="issue_comment"),
        "another branch": no_rule(
            ref="refs/heads/feature", sub="repo:acme-org@90210/deploy@770123456:ref:refs/heads/feature"
        ),
        "a branch that nobody protects": no_rule(ref_protected="false"),
        "a tag that is called as the branch": no_rule(ref="refs/tags/main", ref_type="tag"),
        "an id as a number": no_rule(repository_id=770123456),
        "the audience that nobody chose": Neighbour(Reason.AUDIENCE, {"aud": "https://github.com/acme-org"}),
        "an enterprise's own issuer": Neighbour(
            Reason.UNKNOWN_ISSUER, {"iss": "https://token.actions.githubusercontent.com/acme"}
        ),
        "a forger": Neighbour(Reason.BAD_SIGNATURE, key=lambda: rsa_key("forger")),
    },
)
_SHARED_WORKFLOW = "acme-org/ci/.github/workflows/deploy.yml@refs/tags/v3"
#: An older repository, and a release that a workflow of another one deploys in an environment.
GITHUB_CLASSIC = replace(
    GITHUB,
    name="github-classic",
    answers={**GITHUB.answers, "environment": "production", "refs": "", "workflow": _SHARED_WORKFLOW},
    claims={
        **GITHUB.claims,
        "sub": "repo:acme-org/deploy:environment:production",
        "environment": "production",
        "environment_node_id": "EN_kwDOexample",
        "event_name": "release",
        "ref": "refs/tags/v1",
        "ref_type": "tag",
        "job_workflow_ref": _SHARED_WORKFLOW,
    },
    header={"typ": "JWT", "x5t": "ykNaY4qM_ta4k2TgZOCEYLkcYlA"},
    neighbours={
        "another environment": no_rule(environment="staging", sub="repo:acme-org/deploy:environment:staging"),
        "no environment": no_rule(environment=DROP, environment_node_id=DROP),
        "the environment of another repository": no_rule(repository_id="880000001"),
        "the repository given to another owner": no_rule(repository_owner_id="66666"),
        "a tag without a ruleset": no_rule(ref_protected="false"),
        "a workflow of the repository's own": no_rule(job_workflow_ref=_WORKFLOW),
        "the workflow as a branch has it": no_rule(
            job_workflow_ref=_SHARED_WORKFLOW.replace("tags/v3", "heads/v3")
        ),
        "the environment in a pull request": no_rule(event_name="pull_request"),
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
    others=lambda: [GITLAB.published(replace(other_key(), kid="4i3sFE7sxqNPOT7FdvcGA1ZVGGI"))],
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
        "another project under the old path": no_rule(project_id="300000", job_project_id="300000"),
        "the path taken by another group": no_rule(project_id="300001", namespace_id="9999"),
        "the project moved to another group": no_rule(namespace_id="9999", namespace_path="mallory"),
        "a merge request of a fork": no_rule(
            project_id="300002",
            project_path="mallory/deploy",
            namespace_id="9999",
            namespace_path="mallory",
            pipeline_source="merge_request_event",
            sub="project_path:mallory/deploy:ref_type:branch:ref:main",
        ),
        "a fork's merge request before GitLab 18.2.2": no_rule(
            pipeline_source="merge_request_event", ref_protected="false"
        ),
        "a merge request of a fork in the same group": no_rule(
            project_id="300003", project_path="acme/platform/fork", pipeline_source="merge_request_event"
        ),
        "a pipeline that another project runs": no_rule(job_project_id="300002", job_namespace_id="9999"),
        "another branch": no_rule(ref="feature", ref_path="refs/heads/feature", ref_protected="false"),
        "another protected branch": no_rule(ref="old", ref_path="refs/heads/old"),
        "a protected tag that is called as the branch": no_rule(ref_type="tag", ref_path="refs/tags/main"),
        "somebody who logs in": Neighbour(
            Reason.ID_TOKEN, {"nonce": "n-0S6_WzA2Mj", "sub": "31", "auth_time": 1}
        ),
        "somebody who logs in, by the flow without a nonce": no_rule(
            sub="31", project_id=DROP, namespace_id=DROP, ref_protected=DROP, ref_path=DROP
        ),
        "the audience that nobody chose": Neighbour(Reason.AUDIENCE, {"aud": "https://gitlab.com"}),
        "another instance": Neighbour(Reason.UNKNOWN_ISSUER, {"iss": "https://gitlab.example.com"}),
        "the old CI_JOB_JWT": Neighbour(Reason.UNKNOWN_ISSUER, {"iss": "gitlab.com", "aud": DROP}),
    },
)

_GITEA = "https://git.example.org/api/actions/oidc"
GITEA = Vendor(
    name="gitea",
    preset="gitea-actions",
    answers={"issuer": _GITEA, "owner_id": "12", "repository_id": "345"},
    issuer=_GITEA,
    jwks_uri=f"{_GITEA}/jwks",
    lifetime=300,
    nbf=0,
    jti=uuid4,
    claims={
        "sub": "repo:12/345:ref:refs/heads/main",
        "aud": [AUDIENCE],
        "repository": "acme/deploy",
        "repository_id": "345",
        "repository_owner": "acme",
        "repository_owner_id": "12",
        "repository_visibility": "private",
        "event_name": "push",
        "ref": "refs/heads/main",
        "ref_type": "branch",
        "sha": _SHA,
        "workflow_ref": "acme/deploy/.gitea/workflows/release.yml@refs/heads/main",
        "actor": "mona",
        "actor_id": "7",
        "run_id": "4711",
        "run_attempt": "1",
        "runner_environment": "self-hosted",
    },
    neighbours={
        "another repository of the owner": no_rule(
            repository_id="346", sub="repo:12/346:ref:refs/heads/main"
        ),
        "the repository given to another owner": no_rule(
            repository_owner_id="99", sub="repo:99/345:ref:refs/heads/main"
        ),
        "pull_request_target under the sub of a pull request": no_rule(
            event_name="pull_request_target", sub="repo:12/345:pull_request"
        ),
        "another branch": no_rule(ref="refs/heads/feature", sub="repo:12/345:ref:refs/heads/feature"),
        "a branch with the other's name at its end": no_rule(ref="refs/heads/x/main"),
        "the audience that nobody chose": Neighbour(Reason.AUDIENCE, {"aud": "https://git.example.org/acme"}),
        "the same numbers on another instance": Neighbour(
            Reason.UNKNOWN_ISSUER, {"iss": "https://git.mallory.example/api/actions/oidc"}
        ),
        "another instance that writes our issuer": Neighbour(Reason.BAD_SIGNATURE, key=other_key),
        "somebody who logs in at the instance": Neighbour(
            Reason.UNKNOWN_ISSUER, {"iss": "https://git.example.org"}
        ),
    },
)
_CODEBERG = "https://codeberg.org/api/actions"
FORGEJO = Vendor(
    name="forgejo",
    preset="forgejo-actions",
    answers={"issuer": _CODEBERG, "owner_id": "123", "repository_id": "456"},
    issuer=_CODEBERG,
    jwks_uri=f"{_CODEBERG}/.well-known/keys",
    lifetime=3600,
    nbf=0,
    reused=True,
    claims={
        "sub": "repo:acme-123/app-456:ref:refs/heads/main",
        "aud": AUDIENCE,
        "repository": "acme/app",
        "repository_id": "456",
        "repository_owner": "acme",
        "repository_owner_id": "123",
        "event_name": "push",
        "ref": "refs/heads/main",
        "ref_type": "branch",
        "ref_protected": "true",
        "sha": _SHA,
        "workflow": "release.yml",
        "workflow_ref": "acme/app/.forgejo/workflows/release.yml@refs/heads/main",
        "actor": "mona",
        "actor_id": "7",
        "run_id": "4711",
        "run_attempt": "1",
    },
    neighbours={
        "another account of the same host": no_rule(
            repository="mallory/app",
            repository_id="900",
            repository_owner="mallory",
            repository_owner_id="901",
            sub="repo:mallory-901/app-900:ref:refs/heads/main",
        ),
        "another repository of the owner": no_rule(repository_id="457"),
        "the repository given to another owner": no_rule(repository_owner_id="124"),
        "an older repository whose names look like the ids": no_rule(
            repository="acme-123/app-456", repository_id="900", repository_owner_id="901"
        ),
        "an older repository, without ids": no_rule(
            repository_id=DROP, repository_owner_id=DROP, sub="repo:acme/app:ref:refs/heads/main"
        ),
        "a pull request of a fork": no_rule(event_name="pull_request"),
        "a branch that nobody protects": no_rule(ref_protected="false"),
        "another branch": no_rule(ref="refs/heads/feature"),
        "another host": Neighbour(Reason.UNKNOWN_ISSUER, {"iss": "https://git.mallory.example/api/actions"}),
    },
)

VENDORS = (GITHUB, GITHUB_CLASSIC, GITLAB, GITEA, FORGEJO)
