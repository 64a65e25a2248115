"""Issuers of code forges: jobs of GitHub, GitLab, Gitea and Forgejo.

Facts: the vendors' documentation and source of 2026; Gitea's of its development line.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from ..models import ClaimCondition, TrustedIssuer
from ..rules import Pin
from .base import ConditionTemplate, Preset, PresetQuestion
from .shapes import INSIDE, NO_SLASH, OWN_NETWORK, WORKFLOW, issuer, number, refs, tick

_IN = ClaimCondition.OperatorChoices.IN.value
_EVENTS = ("push", "workflow_dispatch", "schedule")
_OWNER = ConditionTemplate("repository_owner_id", ("{owner_id}",), pin=True)
_REPOSITORY = ConditionTemplate("repository_id", ("{repository_id}",), pin=True)
_REF = ConditionTemplate("ref", ("{refs}",), _IN)
# Not job_workflow_ref, nor another form of sub: others can have the same.
_PINS = (
    Pin("repository_id"),
    Pin("repository_owner_id"),
    Pin("repository_owner"),
    Pin("repository", "", "/"),
    Pin("sub", "repo:", "/"),
)
_OBTAIN = (
    'curl -H "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" '
    '"$ACTIONS_ID_TOKEN_REQUEST_URL&audience=AUDIENCE"'
)

GITHUB = Preset(
    key="github-actions",
    name=gettext_noop("GitHub Actions"),
    questions=(
        number(
            "owner_id", _("Repository owner id"), _("The id in https://api.github.com/users/OWNER, a number.")
        ),
        number(
            "repository_id",
            _("Repository id"),
            _("The id in https://api.github.com/repos/OWNER/REPOSITORY, a number."),
            example="770123456",
        ),
        refs(
            _(
                "One to a line; a release runs on its tag. Blank: every branch and tag that the next two "
                "answers leave."
            )
        ),
        tick(
            "protected",
            _("Protected refs alone"),
            _(
                "Branches and tags with branch protection or a ruleset. Everybody who may push can make "
                "and change any other."
            ),
            ticked=True,
        ),
        PresetQuestion(
            name="environment",
            label=_("Environment"),
            help=_("Only jobs of this environment, which should have required reviewers."),
            required=False,
        ),
        PresetQuestion(
            name="workflow",
            label=_("Workflow"),
            help=_(
                "Only jobs that this file holds, also as a reusable workflow, with the ref that they take it "
                "from: acme/ci/.github/workflows/deploy.yml@refs/tags/v3."
            ),
            required=False,
            pattern=WORKFLOW,
            example="acme/ci/.github/workflows/deploy.yml@refs/tags/v3",
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
    # Without any of them every branch would do, and everybody who may push can make one.
    either=("refs", "protected", "environment"),
    conditions=(
        _OWNER,
        _REPOSITORY,
        # Not pull_request_target: its runs look like the default branch and may run foreign code.
        ConditionTemplate("event_name", (*_EVENTS, "release"), _IN),
        _REF,
        ConditionTemplate("ref_protected", ("true",), when="protected"),
        ConditionTemplate("environment", ("{environment}",)),
        ConditionTemplate("job_workflow_ref", ("{workflow}",)),
    ),
    max_lifetime=600,
    hosted=(
        r"https://token\.actions\.(githubusercontent\.com|[\w-]+\.ghe\.com)(/[\w-]+)?"
        r"|https://[^/\s]+/_services/token"
    ),
    shared=True,
    of_one_customer=r"https://[^/\s]+/_services/token",
    pins=_PINS,
    docs="https://docs.github.com/en/actions/reference/security/oidc",
    obtain=f"permissions: {{id-token: write}}\n{_OBTAIN}",
)
GITLAB = Preset(
    key="gitlab-ci",
    name=gettext_noop("GitLab CI"),
    questions=(
        number("project_id", _("Project id"), _("On the project's page under its name."), example="4711"),
        number("namespace_id", _("Namespace id"), _("The id of the group or user that owns the project.")),
        refs(_("Protected ones, one to a line. Blank: every protected branch and tag."), name="ref_paths"),
        tick(
            "runs_in_project",
            _("The job runs in the project itself"),
            _("By its job_project_id, which GitLab has from 18.4 on: untick it for an older instance."),
            ticked=True,
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
        ConditionTemplate("job_project_id", ("{project_id}",), when="runs_in_project"),
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
_IDS = (
    number("owner_id", _("Repository owner id"), _("The id that this instance's API has for the owner.")),
    number("repository_id", _("Repository id"), _("The id that this instance's API has for the repository.")),
)
GITEA = Preset(
    key="gitea-actions",
    name=gettext_noop("Gitea Actions"),
    questions=(
        issuer(
            _("The URL of the instance with /api/actions/oidc."),
            "https://git.example.org/api/actions/oidc",
            r"https://\S+/api/actions/oidc",
        ),
        *_IDS,
        # Its tokens neither say whether a ref is protected nor name an environment.
        refs(_("One to a line. Name branches to which maintainers alone may push."), required=True),
        *OWN_NETWORK,
    ),
    conditions=(_OWNER, _REPOSITORY, ConditionTemplate("event_name", _EVENTS, _IN), _REF),
    fields=INSIDE,
    # An administrator of the instance chooses the kind of its key.
    algorithms=("RS256", "ES256", "EdDSA"),
    max_lifetime=600,
    hosted=r"https://\S+/api/actions/oidc",
    # The other hosts are somebody's own.
    shared=True,
    of_one_customer=r"https://(?!gitea\.com/)\S+",
    pins=_PINS,
    docs="https://github.com/go-gitea/gitea/pull/36988",
    obtain=f"permissions: {{id-token: write}}\n{_OBTAIN}",
)
FORGEJO = Preset(
    key="forgejo-actions",
    name=gettext_noop("Forgejo Actions"),
    questions=(
        issuer(
            _("The URL of the instance with /api/actions. Codeberg: https://codeberg.org/api/actions."),
            "https://git.example.org/api/actions",
            r"https://\S+/api/actions",
        ),
        *_IDS,
        refs(_("One to a line. Blank: every protected branch and tag.")),
        *OWN_NETWORK,
    ),
    conditions=(
        _OWNER,
        _REPOSITORY,
        ConditionTemplate("event_name", _EVENTS, _IN),
        # Whether it is a string or a boolean, its documentation does not say.
        ConditionTemplate("ref_protected", ("true", True), _IN),
        _REF,
    ),
    fields=INSIDE,
    replay_policy=TrustedIssuer.ReplayPolicy.ONCE_IF_JTI.value,
    hosted=r"https://\S+/api/actions",
    shared=True,
    of_one_customer=r"https://(?!codeberg\.org/)\S+",
    pins=_PINS,
    docs="https://forgejo.org/docs/next/user/actions/security-openid-connect/",
    obtain=f"enable-openid-connect: true\n{_OBTAIN}",
)

PRESETS = (GITHUB, GITLAB, GITEA, FORGEJO)
