"""Traps: rules that let in more than their author may have meant. Each is advice, and no refusal."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
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
    #: The issuer, and whether each person is let in by a link of an operator's.
    issuer: TrustedIssuer
    linked: bool
    #: The claims that tell the clients of a provider that no preset finds by its host.
    pins: Collection[str]

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
    terms = Terms(
        tuple(conditions),
        rule.subject_claim if by_claim else "",
        audiences,
        issuer,
        rule.subject_policy == GrantRule.SubjectPolicy.LINKED,
        _pins_of_provider(issuer.issuer),
    )
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


def _pins_of_provider(iss: str) -> Collection[str]:
    return next((claims for expression, claims in _PROVIDERS if re.fullmatch(expression, iss)), ())


def _either(*ways: _Falls) -> _Falls:
    return lambda terms: any(falls(terms) for falls in ways)


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


def _anybody(terms: Terms) -> bool:
    """Nothing names a client of the provider. Of an issuer that a preset knows, obstacles say so."""
    pins = [claim.removeprefix("/") for claim in terms.pins]
    return bool(pins) and not terms.linked and not names_values_of(terms.on(*pins))


def _only_exists(*claims: str) -> _Falls:
    """A condition asks no more than that one of ``claims`` is there."""
    return lambda terms: any(
        all(one.operator is Operator.EXISTS for one in asked)
        for claim in claims
        if (asked := terms.on(claim))
    )


def _groups_by_name(terms: Terms) -> bool:
    named = [one for one in terms.on("groups", "cognito:groups", "groups_direct", "roles") if one.values]
    return any(
        not re.fullmatch(r"[0-9]+|[0-9a-fA-F-]{36}", str(value)) for one in named for value in one.values
    )


def _places(expression: str) -> _Falls:
    """The issuer, or a place of its keys, looks like ``expression``."""

    def falls(terms: Terms) -> bool:
        places = (terms.issuer.issuer, terms.issuer.discovery_url, terms.issuer.jwks_url)
        return any(re.search(expression, str(place)) for place in places)

    return falls


def _person(expression: str, claims: Sequence[str]) -> _Falls:
    """A provider of people, and a rule that neither links them nor asks for what only a client has."""
    return lambda terms: bool(
        re.fullmatch(expression, terms.issuer.issuer) and not terms.linked and not terms.on(*claims)
    )


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
        "gitea-actions",
        ("repository", "repository_owner"),
        ("repository_id", "repository_owner_id"),
        "https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens",
    ),
    (
        "forgejo-actions",
        ("repository", "repository_owner", "sub"),
        ("repository_id", "repository_owner_id"),
        "https://labs.boostsecurity.io/articles/sleeper-squats-github-oidc-immutable-subject-claim",
    ),
    (
        "google",
        ("email", "hd"),
        ("sub",),
        "https://workos.com/blog/google-oauth-vulnerability-can-expose-sensitive-data-of-failed-startups",
    ),
)
#: Providers for people and clients, which no preset finds by their host, and the claims that tell clients.
_PROVIDERS = (
    (r"https://[^/]+\.auth0\.com/", ("azp",)),
    (r"https://[^/]+\.okta(preview)?\.com/oauth2/.+", ("cid",)),
    (r"https://.+/realms/[^/]+", ("azp", "client_id", "sub")),
    (r"https://[^/]+/o", ("aap_controller_organization_id", "aap_controller_job_template_id")),
)
#: Which of their claims tell a client from a person who uses it.
_PEOPLE = (
    ("auth0", _PROVIDERS[0][0], ("gty", "sub"), "https://auth0.com/docs/secure/tokens/access-tokens"),
    (
        "okta",
        _PROVIDERS[1][0],
        ("sub",),
        "https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/",
    ),
    ("keycloak", _PROVIDERS[2][0], ("sub",), "https://www.keycloak.org/securing-apps/oidc-layers"),
)
_DISPLAYED = (
    *("actor", "triggering_actor", "workflow", "user_login", "build_creator", "triggered_by_name"),
    *("launched_by_name", "https:~1~1pulumi.com~1actor"),
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
        "any-client",
        Severity.HIGH,
        (),
        _anybody,
        _("names no client or workload of the issuer: everybody for whom it signs may be let in"),
        _("Add a condition on a claim that names whom it is for, as the preset of the vendor does."),
        "https://unit42.paloaltonetworks.com/oidc-misconfigurations-in-ci-cd/",
    ),
    *(
        Trap(
            f"{vendor}-person",
            Severity.HIGH,
            (),
            _person(expression, claims),
            _("lets in people who sign in, not only the client itself"),
            _("Add a condition on %s.") % " / ".join(claims),
            source,
        )
        for vendor, expression, claims, source in _PEOPLE
    ),
    Trap(
        "email-domain",
        Severity.CRITICAL,
        (),
        _pattern(r"^\*[^@]|\*$", "email"),
        _("has a pattern for e-mail addresses that addresses of other domains match as well"),
        _("Write *@ and the whole domain, with email_verified equals [true]."),
        "https://www.descope.com/blog/post/noauth",
    ),
    Trap(
        "only-exists",
        Severity.MEDIUM,
        (),
        _only_exists("environment", "job_workflow_ref", "email_verified", "ref_protected", "tid"),
        _("asks only that a claim is there, whatever it says"),
        _("Name the value that it must have."),
        _GITHUB_DOCS,
    ),
    Trap(
        "group-name",
        Severity.MEDIUM,
        (),
        _groups_by_name,
        _("trusts a group or role by its name, which others may be able to create or take"),
        _("Use the id of the group, or a role that only administrators assign."),
        "https://learn.microsoft.com/en-us/entra/identity-platform/optional-claims-reference",
    ),
    Trap(
        "display-name",
        Severity.HIGH,
        (),
        lambda terms: bool(names_values_of(terms.on(*_DISPLAYED))),
        _("names somebody by a text for display or by who started a job, which others can choose"),
        _("Use the id of the project or workload."),
        _GITLAB_DOCS,
    ),
    Trap(
        "any-branch",
        Severity.HIGH,
        (),
        _pattern(r"^(refs/)?(heads/)?\*$|^\*", "ref", "ref_path", "build_branch", "branchName"),
        _("has a pattern that every branch matches, also one that an outsider can make"),
        _('Name the branches, or add the condition ref_protected equals ["true"].'),
        "https://unit42.paloaltonetworks.com/oidc-misconfigurations-in-ci-cd/",
    ),
    Trap(
        "default-issuer",
        Severity.HIGH,
        (),
        _places(r"^(https?://)?(localhost|kubernetes/serviceaccount)"),
        _("trusts a name that unrelated installations share, as it is the default of their software"),
        _("Give the installation an issuer of its own."),
        "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
    ),
    Trap(
        "entra-common",
        Severity.CRITICAL,
        (),
        _places(r"login\.microsoftonline\.com/(common|organizations|consumers|\{)"),
        _("takes names or keys of every tenant of Microsoft's"),
        _("Trust one tenant, by its id."),
        _ENTRA_DOCS,
    ),
    Trap(
        "fixed-audience",
        Severity.HIGH,
        (),
        _places(r"//(vstoken\.dev\.azure|oidc\.modal|login\.app\.env0)\.com|\.cloudflareaccess\.com"),
        _("trusts an issuer whose tokens have one audience for all receivers, who could use them here"),
        _("Use another issuer, or require a jti and give few scopes."),
        "https://modal.com/docs/guide/oidc-integration",
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
        _either(_unasked("terraform_run_phase", "sub"), _admits("terraform_run_phase", "plan")),
        _("lets in plans, which run the code of pull requests"),
        _("Add the condition terraform_run_phase equals [apply]."),
        _TERRAFORM_DOCS,
    ),
    Trap(
        "vercel-preview",
        Severity.HIGH,
        ("vercel",),
        _either(_unasked("environment", "sub"), _admits("environment", "preview", "development")),
        _("lets in previews, which are built from pull requests, and laptops"),
        _("Add the condition environment equals [production]."),
        _VERCEL_DOCS,
    ),
)
