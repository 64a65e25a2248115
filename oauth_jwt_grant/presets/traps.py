"""Traps: rules that let in more than their author may have meant. Each is advice, and no refusal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _

from ..models import GrantRule, TrustedIssuer
from ..rules import Condition, Pin
from .predicates import (
    Predicate,
    Terms,
    admits,
    at,
    audience,
    by_name,
    either,
    foreign_keys,
    groups_by_name,
    named,
    of_a_person,
    only_exists,
    pattern,
    places,
    unasked,
    unlinked,
    unnamed,
    unpinned,
    unverified_email,
    user_or_condition,
)
from .registry import preset_for


class Severity(StrEnum):
    """Who may come in: a stranger; a neighbour or a later owner of a name; more of one customer."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"


@dataclass(frozen=True, slots=True)
class Trap:
    """One way to let in more than was meant, and how to avoid it.

    ``vendors`` are keys of presets; without any it is looked for at each issuer. ``falls``: whether the terms
    of a rule fall into it. ``source``: the URL of a page that says more.
    """

    name: str
    severity: Severity
    vendors: tuple[str, ...]
    falls: Predicate
    text: Any
    fix: Any
    source: str


def traps_of(issuer: TrustedIssuer, rule: GrantRule, conditions: Iterable[Condition]) -> Iterator[Trap]:
    """The traps into which ``rule`` falls with ``conditions``, those of the issuer among them."""
    vendor = preset_for(issuer.issuer)
    terms = Terms(issuer, rule, tuple(conditions))
    for trap in TRAPS:
        if (not trap.vendors or (vendor is not None and vendor.key in trap.vendors)) and trap.falls(terms):
            yield trap


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
#: Issuers that sign for several customers, and have no preset.
_SHARED = (
    (
        r"https://api\.cursor\.com",
        [*map(Pin, ("team_id", "owner_service_account_id", "owner_user_id", "cloud_agent_id", "sub"))],
    ),
    (
        r"https://oidc\.modal\.com",
        (Pin("workspace_id"), Pin("environment_id"), Pin("sub", "modal:workspace_id:", ":")),
    ),
    (
        r"https://oidc\.deno\.com",
        (Pin("org_id"), Pin("app_id"), Pin("context_id"), Pin("sub", "deployment:", "/")),
    ),
    # Its other claims are copied from GitHub's.
    (r"https://identity\.depot\.dev", (Pin("org_id"),)),
)
#: Issuers of programs that act on what people and documents tell them.
_AGENTS = (
    r"https://identity\.anthropic\.com/agents|https://api\.cursor\.com"
    r"|https://sts\.googleapis\.com/v1/.+/workloadIdentityPools/agents\.global\..+"
)
_DISPLAYED = (
    *("actor", "triggering_actor", "workflow", "user_login", "build_creator", "triggered_by_name"),
    *("launched_by_name", "https://pulumi.com/actor"),
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
            by_name(names, ids),
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
        user_or_condition("preferred_username", "upn", "unique_name", "nickname"),
        _("names a person by a login name, which can be changed and given to somebody else"),
        _("Use sub, or oid of Entra ID."),
        _ENTRA_DOCS,
    ),
    Trap(
        "unverified-email",
        Severity.CRITICAL,
        (),
        unverified_email,
        _("trusts an e-mail address that nobody may have verified"),
        _("Add the condition email_verified equals [true], or use sub."),
        "https://www.descope.com/blog/post/noauth",
    ),
    Trap(
        "loose-end",
        Severity.HIGH,
        (),
        pattern(r"[A-Za-z0-9_-]\*$"),
        _("has a wildcard directly after a name: acme* also matches acme-evil"),
        _("End the name with what ends it in the claim: acme/*."),
        _GITHUB_DOCS,
    ),
    Trap(
        "open-start",
        Severity.HIGH,
        (),
        pattern(r"^\*|\*[^*?]+\*"),
        _("looks for a text that somebody else can put at another place of the claim"),
        _("Use conditions with equals on separate claims."),
        "https://labs.boostsecurity.io/articles/sleeper-squats-github-oidc-immutable-subject-claim",
    ),
    Trap(
        "wide-account",
        Severity.CRITICAL,
        (),
        pattern(r"^system:serviceaccount:[^:]*[*?]|^spiffe://[^/]*[*?]", "sub"),
        _("lets in every namespace of the cluster, or every trust domain"),
        _("Name the namespace and the account."),
        "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
    ),
    Trap(
        "shared-audience",
        Severity.HIGH,
        (),
        audience(
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
        either(*(at(expression, unlinked, unnamed(*claims)) for expression, claims in _PROVIDERS)),
        _("names no client or workload of the issuer: everybody for whom it signs may be let in"),
        _("Add a condition on a claim that names whom it is for, as the preset of the vendor does."),
        "https://unit42.paloaltonetworks.com/oidc-misconfigurations-in-ci-cd/",
    ),
    Trap(
        "any-customer",
        Severity.CRITICAL,
        (),
        either(*(at(expression, unpinned(*pins)) for expression, pins in _SHARED)),
        _("names no customer of an issuer that signs for all customers of its vendor: strangers may come in"),
        _("Add a condition on the id of the customer, and name that claim in the setting SHARED_ISSUERS."),
        "https://unit42.paloaltonetworks.com/oidc-misconfigurations-in-ci-cd/",
    ),
    *(
        Trap(
            f"{vendor}-person",
            Severity.HIGH,
            (),
            at(expression, unlinked, unasked(*claims)),
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
        pattern(r"^\*[^@]|\*$", "email"),
        _("has a pattern for e-mail addresses that addresses of other domains match as well"),
        _("Write *@ and the whole domain, with email_verified equals [true]."),
        "https://www.descope.com/blog/post/noauth",
    ),
    Trap(
        "only-exists",
        Severity.MEDIUM,
        (),
        only_exists("environment", "job_workflow_ref", "email_verified", "ref_protected", "tid"),
        _("asks only that a claim is there, whatever it says"),
        _("Name the value that it must have."),
        _GITHUB_DOCS,
    ),
    Trap(
        "group-name",
        Severity.MEDIUM,
        (),
        groups_by_name,
        _("trusts a group or role by its name, which others may be able to create or take"),
        _("Use the id of the group, or a role that only administrators assign."),
        "https://learn.microsoft.com/en-us/entra/identity-platform/optional-claims-reference",
    ),
    Trap(
        "display-name",
        Severity.HIGH,
        (),
        named(*_DISPLAYED),
        _("names somebody by a text for display or by who started a job, which others can choose"),
        _("Use the id of the project or workload."),
        _GITLAB_DOCS,
    ),
    Trap(
        "any-branch",
        Severity.HIGH,
        (),
        pattern(r"^(refs/)?(heads/)?\*$|^\*", "ref", "ref_path", "build_branch", "branchName"),
        _("has a pattern that every branch matches, also one that an outsider can make"),
        _('Name the branches, or add the condition ref_protected equals ["true"].'),
        "https://unit42.paloaltonetworks.com/oidc-misconfigurations-in-ci-cd/",
    ),
    Trap(
        "default-issuer",
        Severity.HIGH,
        (),
        places(r"^(https?://)?(localhost|kubernetes/serviceaccount)"),
        _("trusts a name that unrelated installations share, as it is the default of their software"),
        _("Give the installation an issuer of its own."),
        "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
    ),
    Trap(
        "entra-common",
        Severity.CRITICAL,
        (),
        places(r"login\.microsoftonline\.com/(common|organizations|consumers|\{)"),
        _("takes names or keys of every tenant of Microsoft's"),
        _("Trust one tenant, by its id."),
        _ENTRA_DOCS,
    ),
    Trap(
        "foreign-keys",
        Severity.CRITICAL,
        (),
        # Google's own discovery document leads there.
        foreign_keys("www.googleapis.com"),
        _("takes the keys of a vendor from another host: its operator can sign for every customer"),
        _("Take the keys from the discovery document of the issuer."),
        "https://www.rfc-editor.org/rfc/rfc8725.html#section-3.8",
    ),
    Trap(
        "other-issuer",
        Severity.HIGH,
        (),
        places(
            r"^https://identity\.anthropic\.com($|/(?!agents(/|$)|issuers/))"
            r"|^https://api\.pulumi\.com($|/(?!oidc/v2(/|$)))"
        ),
        _("trusts an issuer that its vendor has beside the one for workloads, such as that for people"),
        _("Use the issuer of the vendor's preset."),
        "https://platform.claude.com/docs/en/manage-claude/oauth-apps/oauth-reference",
    ),
    Trap(
        "agent-person",
        Severity.HIGH,
        (),
        at(_AGENTS, of_a_person),
        _("gives the rights of a person to an agent, which text of anybody can steer"),
        _("Use one fixed user without privileges, or no user, and few scopes."),
        "https://genai.owasp.org/llmrisk/llm01-prompt-injection/",
    ),
    Trap(
        "fixed-audience",
        Severity.HIGH,
        (),
        places(r"//(vstoken\.dev\.azure|oidc\.modal|login\.app\.env0)\.com|\.cloudflareaccess\.com"),
        _("trusts an issuer whose tokens have one audience for all receivers, who could use them here"),
        _("Use another issuer, or require a jti and give few scopes."),
        "https://modal.com/docs/guide/oidc-integration",
    ),
    Trap(
        "github-event",
        Severity.HIGH,
        _FORGES,
        unasked("event_name"),
        _("does not ask what started the run, which may be a pull request of anybody"),
        _("Add the condition event_name in [push, workflow_dispatch, schedule, release]."),
        _GITHUB_DOCS,
    ),
    Trap(
        "github-foreign-code",
        Severity.CRITICAL,
        _FORGES,
        admits("event_name", "pull_request_target", "workflow_run", "issue_comment", "issues", "discussion"),
        _("lets in runs that strangers start and that look like those of the default branch"),
        _("Admit none of pull_request_target, workflow_run, issue_comment, issues and discussion."),
        "https://github.blog/changelog/2025-11-07-actions-pull_request_target-and-environment-branch-"
        "protections-changes/",
    ),
    Trap(
        "github-ref",
        Severity.HIGH,
        _FORGES,
        unasked("ref", "environment", "ref_protected", "workflow_ref", "sub"),
        _("lets in every branch and tag, no matter who pushed it"),
        _("Add a condition on ref, or on a protected environment."),
        _GITHUB_DOCS,
    ),
    Trap(
        "gitlab-ref",
        Severity.HIGH,
        ("gitlab-ci",),
        unasked("ref", "ref_path", "ref_protected", "environment", "sub"),
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
        unasked("job_project_id"),
        _("does not ask whose code a job runs, which may be that of a fork"),
        _("Add the condition job_project_id equals the id of the project."),
        _GITLAB_DOCS,
    ),
    Trap(
        "gitlab-person",
        Severity.HIGH,
        ("gitlab-ci",),
        unasked("project_id", "project_path", "namespace_id", "namespace_path"),
        _("lets in people who log in by GitLab, not only jobs"),
        _("Add a condition on project_id."),
        _GITLAB_DOCS,
    ),
    Trap(
        "buildkite-branch",
        Severity.HIGH,
        ("buildkite",),
        unasked("build_branch", "build_tag", "sub"),
        _("lets in builds of every branch, those of forks among them"),
        _("Add a condition on build_branch."),
        _BUILDKITE_DOCS,
    ),
    Trap(
        "circleci-ssh",
        Severity.HIGH,
        ("circleci",),
        unasked("oidc.circleci.com/ssh-rerun"),
        _("lets in runs that a person repeats with a shell in them"),
        _("Add the condition oidc.circleci.com/ssh-rerun equals [false]."),
        _CIRCLECI_DOCS,
    ),
    Trap(
        "circleci-fork",
        Severity.HIGH,
        ("circleci",),
        unasked("oidc.circleci.com/vcs-origin"),
        _("lets in builds of forks"),
        _("Add a condition on oidc.circleci.com/vcs-origin."),
        _CIRCLECI_DOCS,
    ),
    Trap(
        "circleci-ref",
        Severity.HIGH,
        ("circleci",),
        unasked("oidc.circleci.com/vcs-ref"),
        _("lets in builds of every branch and tag"),
        _("Add a condition on oidc.circleci.com/vcs-ref."),
        _CIRCLECI_DOCS,
    ),
    Trap(
        "bitbucket-branch",
        Severity.HIGH,
        ("bitbucket",),
        unasked("branchName", "deploymentEnvironmentUuid"),
        _("lets in builds of every branch"),
        _("Add a condition on branchName or deploymentEnvironmentUuid."),
        _BITBUCKET_DOCS,
    ),
    Trap(
        "terraform-plan",
        Severity.HIGH,
        ("hcp-terraform",),
        either(unasked("terraform_run_phase", "sub"), admits("terraform_run_phase", "plan")),
        _("lets in plans, which run the code of pull requests"),
        _("Add the condition terraform_run_phase equals [apply]."),
        _TERRAFORM_DOCS,
    ),
    Trap(
        "vercel-preview",
        Severity.HIGH,
        ("vercel",),
        either(unasked("environment", "sub"), admits("environment", "preview", "development")),
        _("lets in previews, which are built from pull requests, and laptops"),
        _("Add the condition environment equals [production]."),
        _VERCEL_DOCS,
    ),
    Trap(
        "spacelift-proposed",
        Severity.HIGH,
        (),
        at(
            r"https://[\w-]+\.app\.spacelift\.io",
            either(unasked("runType", "sub"), admits("runType", "PROPOSED")),
        ),
        _("lets in proposed runs, which run the code of pull requests"),
        _("Add the condition runType equals [TRACKED]."),
        "https://docs.spacelift.io/integrations/cloud-providers/oidc",
    ),
    Trap(
        "harness-test",
        Severity.MEDIUM,
        ("harness",),
        unasked("context"),
        _("lets in the test of a connector, which runs no pipeline"),
        _("Add the condition context equals [PIPELINE_EXECUTION]."),
        "https://developer.harness.io/docs/platform/",
    ),
)
