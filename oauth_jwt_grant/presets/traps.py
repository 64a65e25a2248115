"""Traps: rules that let in more than their author may have meant. Each is advice, and no refusal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _

from ..models import GrantRule, TrustedIssuer
from ..rules import Condition, Operator, names_values_of
from .registry import preset_for


class Severity(StrEnum):
    """Who may come in: a stranger; a neighbour or a later owner of a name; more of one customer."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a rule asks, with what its issuer asks of all: conditions, and the claim that finds the user."""

    conditions: Sequence[Condition]
    user_claim: str
    audiences: Sequence[str]

    def on(self, *claims: str) -> list[Condition]:
        """The conditions on one of ``claims``."""
        return [one for one in self.conditions if one.claim.removeprefix("/") in claims]


#: Whether the terms of a rule fall into a trap.
_Falls = Callable[[Terms], bool]


@dataclass(frozen=True, slots=True)
class Trap:
    """One way to let in more than was meant, and how to avoid it.

    ``vendors`` are keys of presets; without any it is looked for at each issuer.
    """

    name: str
    severity: Severity
    vendors: tuple[str, ...]
    falls: _Falls
    text: Any
    fix: Any
    source: str


def traps_of(issuer: TrustedIssuer, rule: GrantRule, conditions: Iterable[Condition]) -> Iterator[Trap]:
    """The traps into which ``rule`` falls with ``conditions``, those of the issuer among them."""
    vendor = preset_for(issuer.issuer)
    by_claim = rule.subject_policy == GrantRule.SubjectPolicy.USER_FIELD
    audiences = issuer.audiences if isinstance(issuer.audiences, list) else []
    terms = Terms(tuple(conditions), rule.subject_claim if by_claim else "", audiences)
    for trap in TRAPS:
        if (not trap.vendors or (vendor is not None and vendor.key in trap.vendors)) and trap.falls(terms):
            yield trap


def _unasked(*claims: str) -> _Falls:
    """No condition is on any of ``claims``."""
    return lambda terms: not terms.on(*claims)


def _admits(claim: str, *values: str) -> _Falls:
    """There are conditions on ``claim``, and one of ``values`` meets them all."""

    def falls(terms: Terms) -> bool:
        asked = terms.on(claim)
        return bool(asked) and any(all(one.holds({claim: value}) for one in asked) for value in values)

    return falls


def _by_name(names: Sequence[str], ids: Sequence[str]) -> _Falls:
    """Somebody is named by ``names``, which others can have later, and by none of ``ids``."""

    def falls(terms: Terms) -> bool:
        named = [one for one in terms.on(*names) if not _has_ids(one)]
        return bool(names_values_of(named)) and not names_values_of(terms.on(*ids))

    return falls


def _has_ids(condition: Condition) -> bool:
    """GitHub writes the ids of owner and repository into the subjects of new repositories."""
    return all(re.match(r"repo:[^/@]+@\d+/", str(value)) for value in condition.values)


def _pattern(expression: str, *claims: str) -> _Falls:
    """A pattern (on one of ``claims``, or on any) looks like ``expression``."""

    def falls(terms: Terms) -> bool:
        asked = terms.on(*claims) if claims else terms.conditions
        globs = [one for one in asked if one.operator is Operator.GLOB]
        return any(re.search(expression, str(value)) for one in globs for value in one.values)

    return falls


def _user_or_condition(*claims: str) -> _Falls:
    """The user is found by one of ``claims``, or a condition names its values."""

    def falls(terms: Terms) -> bool:
        return terms.user_claim.removeprefix("/") in claims or bool(names_values_of(terms.on(*claims)))

    return falls


def _unverified_email(terms: Terms) -> bool:
    verified = [one for one in terms.on("email_verified") if one.operator in (Operator.EQUALS, Operator.IN)]
    is_verified = any(all(value in (True, "true") for value in one.values) for one in verified)
    return _user_or_condition("email")(terms) and not is_verified


def _audience(expression: str) -> _Falls:
    return lambda terms: any(re.fullmatch(expression, str(name)) for name in terms.audiences)


_GITHUB_DOCS = "https://docs.github.com/en/actions/reference/security/oidc"
_GITLAB_DOCS = "https://docs.gitlab.com/ci/secrets/id_token_authentication/"
_BUILDKITE_DOCS = "https://buildkite.com/docs/agent/cli/reference/oidc"
_CIRCLECI_DOCS = "https://circleci.com/docs/guides/permissions-authentication/openid-connect-tokens/"
_TERRAFORM_DOCS = "https://developer.hashicorp.com/terraform/cloud-docs/dynamic-provider-credentials/workload-identity-tokens"
_VERCEL_DOCS = "https://vercel.com/docs/oidc/reference"
_ENTRA_DOCS = "https://learn.microsoft.com/en-us/entra/identity-platform/claims-validation"
_BITBUCKET_DOCS = (
    "https://support.atlassian.com/bitbucket-cloud/docs/integrate-pipelines-with-resource-servers-using-oidc/"
)
_NAMES: tuple[tuple[str, tuple[str, ...], tuple[str, ...], str], ...] = (
    (
        "github-actions",
        ("repository", "repository_owner", "sub"),
        ("repository_id", "repository_owner_id"),
        "https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens",
    ),
    ("gitlab-ci", ("project_path", "namespace_path", "sub"), ("project_id", "namespace_id"), _GITLAB_DOCS),
    (
        "buildkite",
        ("organization_slug", "pipeline_slug", "sub"),
        ("organization_id", "pipeline_id"),
        _BUILDKITE_DOCS,
    ),
    (
        "hcp-terraform",
        ("terraform_organization_name", "terraform_workspace_name", "terraform_full_workspace", "sub"),
        ("terraform_organization_id", "terraform_workspace_id"),
        _TERRAFORM_DOCS,
    ),
    ("vercel", ("owner", "project", "sub"), ("owner_id", "project_id"), _VERCEL_DOCS),
    (
        "fly",
        ("org_name", "app_name", "sub"),
        ("org_id", "app_id"),
        "https://fly.io/docs/security/openid-connect/",
    ),
    (
        "google",
        ("email", "hd"),
        ("sub",),
        "https://workos.com/blog/google-oauth-vulnerability-can-expose-sensitive-data-of-failed-startups",
    ),
)
#: Their tokens have the same claims.
_FORGES = ("github-actions", "gitea-actions", "forgejo-actions")
_NAME_TEXT = _("names somebody by a name, which somebody else can have later")

#: Every trap that is looked for.
TRAPS: tuple[Trap, ...] = (
    *(
        Trap(
            f"{vendor}-name",
            Severity.HIGH,
            (vendor,),
            _by_name(names, ids),
            _NAME_TEXT,
            _("Add a condition on %s.") % " / ".join(ids),
            source,
        )
        for vendor, names, ids, source in _NAMES
    ),
    Trap(
        "login-name",
        Severity.HIGH,
        (),
        _user_or_condition("preferred_username", "upn", "unique_name", "nickname"),
        _("names a person by a login name, which can be changed and given to somebody else"),
        _("Use sub, or oid of Entra ID."),
        _ENTRA_DOCS,
    ),
    Trap(
        "unverified-email",
        Severity.CRITICAL,
        (),
        _unverified_email,
        _("trusts an e-mail address that nobody may have verified"),
        _("Add the condition email_verified equals [true], or use sub."),
        "https://www.descope.com/blog/post/noauth",
    ),
    Trap(
        "loose-end",
        Severity.HIGH,
        (),
        _pattern(r"[A-Za-z0-9_-]\*$"),
        _("has a wildcard directly after a name: acme* also matches acme-evil"),
        _("End the name with what ends it in the claim: acme/*."),
        _GITHUB_DOCS,
    ),
    Trap(
        "open-start",
        Severity.HIGH,
        (),
        _pattern(r"^\*|\*[^*?]+\*"),
        _("looks for a text that somebody else can put at another place of the claim"),
        _("Use conditions with equals on separate claims."),
        "https://labs.boostsecurity.io/articles/sleeper-squats-github-oidc-immutable-subject-claim",
    ),
    Trap(
        "wide-account",
        Severity.CRITICAL,
        (),
        _pattern(r"^system:serviceaccount:[^:]*[*?]|^spiffe://[^/]*[*?]", "sub"),
        _("lets in every namespace of the cluster, or every trust domain"),
        _("Name the namespace and the account."),
        "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
    ),
    Trap(
        "shared-audience",
        Severity.HIGH,
        (),
        _audience(
            r"https://(github|buildkite|vercel)\.com/.*|sts\.amazonaws\.com|api://AzureADTokenExchange|sigstore|vault"
        ),
        _("accepts an audience that other servers accept, too: they could use here what they were sent"),
        _("Let the caller ask for an audience of this server alone."),
        "https://unit42.paloaltonetworks.com/oidc-misconfigurations-in-ci-cd/",
    ),
    Trap(
        "github-event",
        Severity.HIGH,
        _FORGES,
        _unasked("event_name"),
        _("does not ask what started the run, which may be a pull request of anybody"),
        _("Add the condition event_name in [push, workflow_dispatch, schedule, release]."),
        _GITHUB_DOCS,
    ),
    Trap(
        "github-foreign-code",
        Severity.CRITICAL,
        _FORGES,
        _admits("event_name", "pull_request_target", "workflow_run", "issue_comment", "issues", "discussion"),
        _("lets in runs that strangers start and that look like those of the default branch"),
        _("Admit none of pull_request_target, workflow_run, issue_comment, issues and discussion."),
        "https://github.blog/changelog/2025-11-07-actions-pull_request_target-and-environment-branch-"
        "protections-changes/",
    ),
    Trap(
        "github-ref",
        Severity.HIGH,
        _FORGES,
        _unasked("ref", "environment", "ref_protected", "workflow_ref", "sub"),
        _("lets in every branch and tag, no matter who pushed it"),
        _("Add a condition on ref, or on a protected environment."),
        _GITHUB_DOCS,
    ),
    Trap(
        "gitlab-ref",
        Severity.HIGH,
        ("gitlab-ci",),
        _unasked("ref", "ref_path", "ref_protected", "environment", "sub"),
        _("lets in every branch and tag, no matter who pushed it"),
        _('Add the condition ref_protected equals ["true"].'),
        _GITLAB_DOCS,
    ),
    Trap(
        "unprotected-ref",
        Severity.MEDIUM,
        ("github-actions", "gitlab-ci", "forgejo-actions"),
        lambda terms: bool(terms.on("ref", "ref_path")) and not terms.on("ref_protected"),
        _("names a branch or tag, but does not ask whether it is protected"),
        _('Add the condition ref_protected equals ["true"].'),
        _GITLAB_DOCS,
    ),
    Trap(
        "gitlab-fork",
        Severity.MEDIUM,
        ("gitlab-ci",),
        _unasked("job_project_id"),
        _("does not ask whose code a job runs, which may be that of a fork"),
        _("Add the condition job_project_id equals the id of the project."),
        _GITLAB_DOCS,
    ),
    Trap(
        "gitlab-person",
        Severity.HIGH,
        ("gitlab-ci",),
        _unasked("project_id", "project_path", "namespace_id", "namespace_path"),
        _("lets in people who log in by GitLab, not only jobs"),
        _("Add a condition on project_id."),
        _GITLAB_DOCS,
    ),
    Trap(
        "buildkite-branch",
        Severity.HIGH,
        ("buildkite",),
        _unasked("build_branch", "build_tag", "sub"),
        _("lets in builds of every branch, those of forks among them"),
        _("Add a condition on build_branch."),
        _BUILDKITE_DOCS,
    ),
    Trap(
        "circleci-ssh",
        Severity.HIGH,
        ("circleci",),
        _unasked("oidc.circleci.com/ssh-rerun"),
        _("lets in runs that a person repeats with a shell in them"),
        _("Add the condition oidc.circleci.com/ssh-rerun equals [false]."),
        _CIRCLECI_DOCS,
    ),
    Trap(
        "circleci-fork",
        Severity.HIGH,
        ("circleci",),
        _unasked("oidc.circleci.com/vcs-origin"),
        _("lets in builds of forks"),
        _("Add a condition on oidc.circleci.com/vcs-origin."),
        _CIRCLECI_DOCS,
    ),
    Trap(
        "circleci-ref",
        Severity.HIGH,
        ("circleci",),
        _unasked("oidc.circleci.com/vcs-ref"),
        _("lets in builds of every branch and tag"),
        _("Add a condition on oidc.circleci.com/vcs-ref."),
        _CIRCLECI_DOCS,
    ),
    Trap(
        "bitbucket-branch",
        Severity.HIGH,
        ("bitbucket",),
        _unasked("branchName", "deploymentEnvironmentUuid"),
        _("lets in builds of every branch"),
        _("Add a condition on branchName or deploymentEnvironmentUuid."),
        _BITBUCKET_DOCS,
    ),
    Trap(
        "terraform-plan",
        Severity.HIGH,
        ("hcp-terraform",),
        _unasked("terraform_run_phase", "sub"),
        _("lets in plans, which run the code of pull requests"),
        _("Add the condition terraform_run_phase equals [apply]."),
        _TERRAFORM_DOCS,
    ),
    Trap(
        "vercel-preview",
        Severity.HIGH,
        ("vercel",),
        _unasked("environment", "sub"),
        _("lets in previews, which are built from pull requests, and laptops"),
        _("Add the condition environment equals [production]."),
        _VERCEL_DOCS,
    ),
)
