"""Issuers of build systems. Most of them sign for all their customers with the same keys."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ..models import ClaimCondition, TrustedIssuer
from ..rules import Pin
from .base import ConditionTemplate, Preset, PresetQuestion
from .shapes import EXAMPLE_UUID, NO_SLASH, REF, UUID, issuer

_IN = ClaimCondition.OperatorChoices.IN.value
_ONCE_IF_JTI = TrustedIssuer.ReplayPolicy.ONCE_IF_JTI.value


def _id(
    name: str, label: object, help: object = "", *, example: str = "90210", required: bool = True
) -> PresetQuestion:
    return PresetQuestion(
        name=name, label=label, help=help, pattern=r"[0-9]+", example=example, required=required
    )


GITHUB = Preset(
    key="github-actions",
    name="GitHub Actions",
    questions=(
        _id(
            "owner_id", _("Repository owner id"), _("The id in https://api.github.com/users/OWNER, a number.")
        ),
        _id(
            "repository_id",
            _("Repository id"),
            _("The id in https://api.github.com/repos/OWNER/REPOSITORY, a number."),
            example="770123456",
        ),
        PresetQuestion(
            name="refs",
            label=_("Refs"),
            help=_("One to a line. Blank: every branch and tag, no matter who may push them."),
            required=False,
            default="refs/heads/main",
            pattern=REF,
            example="refs/heads/main",
            many=True,
        ),
        PresetQuestion(
            name="environment",
            label=_("Environment"),
            help=_("Only jobs of this environment, which should have required reviewers."),
            required=False,
        ),
        issuer(
            _(
                "Another one for GitHub Enterprise: https://token.actions.githubusercontent.com/ENTERPRISE, "
                "https://token.actions.SUBDOMAIN.ghe.com or https://HOST/_services/token."
            ),
            "https://token.actions.githubusercontent.com/acme",
            NO_SLASH,
            "https://token.actions.githubusercontent.com",
        ),
    ),
    conditions=(
        ConditionTemplate("repository_owner_id", ("{owner_id}",), pin=True),
        ConditionTemplate("repository_id", ("{repository_id}",), pin=True),
        # Not pull_request_target: its runs look like the default branch and may run foreign code.
        ConditionTemplate("event_name", ("push", "workflow_dispatch", "schedule", "release"), _IN),
        ConditionTemplate("ref", ("{refs}",), _IN),
        ConditionTemplate("environment", ("{environment}",)),
    ),
    max_lifetime=600,
    shared=True,
    # Not job_workflow_ref, nor another form of sub: others can have the same.
    pins=(
        Pin("repository_id"),
        Pin("repository_owner_id"),
        Pin("repository_owner"),
        Pin("repository", "", "/"),
        Pin("sub", "repo:", "/"),
    ),
    hosted=r"https://token\.actions\.(githubusercontent\.com|[\w-]+\.ghe\.com)(/[\w-]+)?",
    docs="https://docs.github.com/en/actions/reference/security/oidc",
    obtain=(
        "permissions: {id-token: write}\n"
        'curl -H "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" '
        '"$ACTIONS_ID_TOKEN_REQUEST_URL&audience=AUDIENCE"'
    ),
)
GITLAB = Preset(
    key="gitlab-ci",
    name="GitLab CI",
    questions=(
        _id("project_id", _("Project id"), _("On the project's page under its name."), example="4711"),
        _id("namespace_id", _("Namespace id"), _("The id of the group or user that owns the project.")),
        PresetQuestion(
            name="ref_paths",
            label=_("Refs"),
            help=_("Protected ones, one to a line. Blank: every protected branch and tag."),
            required=False,
            default="refs/heads/main",
            pattern=REF,
            example="refs/heads/main",
            many=True,
        ),
        issuer(
            _("The external URL of the instance, without a slash at its end."),
            "https://gitlab.example.com",
            NO_SLASH,
            "https://gitlab.com",
        ),
    ),
    conditions=(
        ConditionTemplate("project_id", ("{project_id}",), pin=True),
        ConditionTemplate("namespace_id", ("{namespace_id}",), pin=True),
        ConditionTemplate("ref_protected", ("true",)),
        ConditionTemplate("ref_path", ("{ref_paths}",), _IN),
    ),
    shared=True,
    pins=(
        Pin("project_id"),
        Pin("namespace_id"),
        Pin("namespace_path", "", "/"),
        Pin("project_path", "", "/"),
        Pin("sub", "project_path:", "/"),
    ),
    docs="https://docs.gitlab.com/ci/secrets/id_token_authentication/",
    obtain="id_tokens: {ASSERTION: {aud: AUDIENCE}}  # then $ASSERTION",
)
BUILDKITE = Preset(
    key="buildkite",
    name="Buildkite",
    questions=(
        PresetQuestion(
            name="organization_id", label=_("Organization id"), pattern=UUID, example=EXAMPLE_UUID
        ),
        PresetQuestion(name="pipeline_id", label=_("Pipeline id"), pattern=UUID, example=EXAMPLE_UUID),
        PresetQuestion(name="branch", label=_("Branch"), required=False, default="main"),
    ),
    conditions=(
        ConditionTemplate("organization_id", ("{organization_id}",), pin=True),
        ConditionTemplate("pipeline_id", ("{pipeline_id}",), pin=True),
        ConditionTemplate("build_branch", ("{branch}",)),
    ),
    issuer="https://agent.buildkite.com",
    shared=True,
    pins=(
        Pin("organization_id"),
        Pin("pipeline_id"),
        Pin("organization_slug"),
        Pin("sub", "organization:", ":"),
    ),
    max_lifetime=600,
    replay_policy=_ONCE_IF_JTI,
    docs="https://buildkite.com/docs/agent/cli/reference/oidc",
    obtain=("buildkite-agent oidc request-token --audience AUDIENCE --claim organization_id,pipeline_id"),
)
CIRCLECI = Preset(
    key="circleci",
    name="CircleCI",
    questions=(
        PresetQuestion(
            name="organization_id", label=_("Organization id"), pattern=UUID, example=EXAMPLE_UUID
        ),
        PresetQuestion(name="project_id", label=_("Project id"), pattern=UUID, example=EXAMPLE_UUID),
        PresetQuestion(
            name="origin",
            label=_("Repository"),
            help=_("Builds of forks come from another one."),
            example="github.com/acme/deploy",
            pattern=r"[^/\s:]+/\S+",
        ),
        PresetQuestion(
            name="ref",
            label=_("Ref"),
            required=False,
            default="refs/heads/main",
            pattern=REF,
            example="refs/heads/main",
        ),
    ),
    conditions=(
        ConditionTemplate("oidc.circleci.com/project-id", ("{project_id}",), pin=True),
        ConditionTemplate("oidc.circleci.com/vcs-origin", ("{origin}",)),
        ConditionTemplate("oidc.circleci.com/vcs-ref", ("{ref}",)),
        ConditionTemplate("oidc.circleci.com/ssh-rerun", (False,)),
    ),
    issuer="https://oidc.circleci.com/org/{organization_id}",
    replay_policy=_ONCE_IF_JTI,
    docs="https://circleci.com/docs/guides/permissions-authentication/oidc-tokens-with-custom-claims/",
    obtain="""circleci run oidc get --claims '{"aud": "AUDIENCE"}'""",
)
_BRACED = r"\{" + UUID + r"\}"
_EXAMPLE_BRACED = "{" + EXAMPLE_UUID + "}"
BITBUCKET = Preset(
    key="bitbucket",
    name="Bitbucket Pipelines",
    questions=(
        PresetQuestion(
            name="workspace",
            label=_("Workspace"),
            help=_("As in its URL."),
            pattern=r"[\w.-]+",
            example="acme",
        ),
        PresetQuestion(
            name="workspace_uuid", label=_("Workspace UUID"), pattern=_BRACED, example=_EXAMPLE_BRACED
        ),
        PresetQuestion(
            name="repository_uuid", label=_("Repository UUID"), pattern=_BRACED, example=_EXAMPLE_BRACED
        ),
        PresetQuestion(name="branch", label=_("Branch"), required=False, default="main"),
    ),
    conditions=(
        ConditionTemplate("workspaceUuid", ("{workspace_uuid}",), pin=True),
        ConditionTemplate("repositoryUuid", ("{repository_uuid}",), pin=True),
        ConditionTemplate("branchName", ("{branch}",)),
    ),
    issuer="https://api.bitbucket.org/2.0/workspaces/{workspace}/pipelines-config/identity/oidc",
    replay_policy=_ONCE_IF_JTI,
    docs="https://support.atlassian.com/bitbucket-cloud/docs/integrate-pipelines-with-resource-servers-using-oidc/",
    obtain="oidc: {audiences: [AUDIENCE]}  # then $BITBUCKET_STEP_OIDC_TOKEN",
)

PRESETS = (GITHUB, GITLAB, BUILDKITE, CIRCLECI, BITBUCKET)
