"""Issuers of build systems. Most of them sign for all their customers with the same keys."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from ..models import TrustedIssuer
from ..rules import Pin
from .base import ConditionTemplate, Preset, PresetQuestion
from .shapes import EXAMPLE_UUID, REF, UUID, uuid

_ONCE_IF_JTI = TrustedIssuer.ReplayPolicy.ONCE_IF_JTI.value

BUILDKITE = Preset(
    key="buildkite",
    name=gettext_noop("Buildkite"),
    questions=(
        uuid("organization_id", _("Organization id")),
        uuid("pipeline_id", _("Pipeline id")),
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
    name=gettext_noop("CircleCI"),
    questions=(
        uuid("organization_id", _("Organization id")),
        uuid("project_id", _("Project id")),
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
    name=gettext_noop("Bitbucket Pipelines"),
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

PRESETS = (BUILDKITE, CIRCLECI, BITBUCKET)
