"""Advice on rules that let in more than was meant; and that no neighbour comes in where there is none."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from oauth_jwt_grant.assertion import Reason
from oauth_jwt_grant.models import GrantRule, TrustedIssuer
from oauth_jwt_grant.presets import TRAPS, all_presets, apply, get_preset, traps_of
from oauth_jwt_grant.rules import Condition, Operator
from oauth_jwt_grant.trust import obstacles_of_unsaved
from tests.presets.test_presets import answers_for
from tests.support import cases
from tests.vendors.every import VENDORS

EQUALS, IN, GLOB, EXISTS = Operator.EQUALS, Operator.IN, Operator.GLOB, Operator.EXISTS
GITHUB = "https://token.actions.githubusercontent.com"
OWN = "https://issuer.example"
ENTRA = "https://login.microsoftonline.com/72f988bf-1111-4222-8333-000000000001/v2.0"
PULUMI = "https://pulumi.com/"
HARNESS = "https://app.harness.io/ng/api/oidc/account/a"
CLAUDE = "https://identity.anthropic.com"
_UID = "/kubernetes.io/serviceaccount/uid"
EVENT = Condition("event_name", IN, ("push",))
OWNER = Condition("repository_owner_id", EQUALS, ("90210",))
MAIN = Condition("ref", EQUALS, ("refs/heads/main",))


def names(iss: str, *conditions: Condition, audiences: Any = (), **fields: Any) -> set[str]:
    issuer, rule = TrustedIssuer(issuer=iss, audiences=list(audiences)), GrantRule(**fields)
    return {trap.name for trap in traps_of(issuer, rule, conditions)}


def on(claim: str, *values: Any, operator: Operator = EQUALS) -> Condition:
    return Condition(claim, operator, values)


@cases("preset", [pytest.param(preset, id=preset.key) for preset in all_presets()])
def test_a_preset_with_all_its_answers_falls_into_none(preset: Any) -> None:
    applied = apply(preset, answers_for(preset))
    conditions = [row.condition for row in applied.conditions]
    assert list(traps_of(applied.issuer, applied.rule, conditions)) == []


#: The conditions without which a neighbour comes in and no advice is given: a wider circle of the same
#: customer, which may be meant. Nobody can know which claims tell the clients of Keycloak, Auth0 or Okta.
MEANT: dict[str, set[tuple[str, ...]]] = {
    "github": {
        *(("repository_owner_id",), ("repository_id",), ("ref",)),
        *(("repository_id", "ref"), ("repository_owner_id", "ref")),
    },
    "gitlab": {
        *(("namespace_id",), ("project_id",), ("ref_path",)),
        *(("project_id", "ref_path"), ("namespace_id", "ref_path")),
    },
    "buildkite": {("organization_id",), ("pipeline_id",)},
    "circleci": set(),
    "terraform": {("terraform_organization_id",), ("terraform_workspace_id",)},
    "eks": set(),
    "aks": set(),
    "google": set(),
    "aws": {("/https:~1~1sts.amazonaws.com~1/aws_account",), ("sub",)},
    "bitbucket": {("workspaceUuid",), ("repositoryUuid",)},
    "vercel": {("owner_id",), ("project_id",)},
    "fly": {("org_id",), ("app_id",)},
    "entra": {("tid",), ("oid",)},
    "keycloak": {("azp",), ("typ",), ("azp", "typ")},
    "auth0": set(),
    "okta": set(),
    "gitea": {("repository_id",), ("repository_owner_id",)},
    "forgejo": {
        *(("repository_id",), ("repository_owner_id",), ("ref",)),
        *(("repository_id", "ref"), ("repository_owner_id", "ref")),
    },
    "pulumi": {
        *((f"{PULUMI}org_id",), (f"{PULUMI}current_env_id",), (f"{PULUMI}root_env_id",)),
        *((f"{PULUMI}org_id", f"{PULUMI}root_env_id"), (f"{PULUMI}current_env_id", f"{PULUMI}root_env_id")),
        (f"{PULUMI}org_id", f"{PULUMI}current_env_id"),
    },
    "claude-tag": {("agent_id",)},
    "google-agent": set(),
    # Without any condition: the page of the issuer says so, as of each rule that has none.
    "kubernetes": {("sub",), (_UID,), ("sub", _UID)},
}


@pytest.mark.django_db
@pytest.mark.parametrize("vendor", [pytest.param(one, id=one.name) for one in VENDORS if one.name in MEANT])
def test_what_a_neighbour_can_obtain_is_refused_or_the_advice_says_so(vendor: Any) -> None:
    """Each neighbour's token is the sample token with other claims; each rule is the preset's with less."""
    applied = apply(get_preset(vendor.preset), vendor.answers)
    applied.rule.scopes = "read"
    silent = set()
    for size in range(len(applied.conditions)):
        for rows in combinations(applied.conditions, size):
            said = obstacles_of_unsaved(applied.issuer, [(applied.rule, rows, True)])
            if not said and _lets_in_a_neighbour(vendor, [row.condition for row in rows]):
                silent.add(tuple(row.claim for row in applied.conditions if row not in rows))
    assert silent == MEANT[vendor.name]


def _lets_in_a_neighbour(vendor: Any, conditions: list[Condition]) -> bool:
    return any(
        all(one.holds({**vendor.claims, **neighbour.claims}) for one in conditions)
        for neighbour in vendor.neighbours.values()
        if neighbour.key is None and neighbour.reason is Reason.NO_RULE
    )


@cases(
    ("falls", "iss", "conditions", "rather"),
    [
        ("github-actions-name", GITHUB, [on("repository", "acme/deploy")], OWNER),
        ("github-actions-name", GITHUB, [on("sub", "repo:acme/deploy:ref:refs/heads/main")], OWNER),
        ("gitlab-ci-name", "https://gitlab.com", [on("project_path", "acme/deploy")], on("project_id", "1")),
        ("google-name", "https://accounts.google.com", [on("hd", "acme.example")], on("sub", "1")),
        ("github-event", GITHUB, [OWNER, MAIN], EVENT),
        ("github-ref", GITHUB, [OWNER, EVENT], MAIN),
        ("github-ref", GITHUB, [OWNER, EVENT], on("environment", "production")),
        ("gitlab-ref", "https://gitlab.com", [on("project_id", "1")], on("ref_protected", "true")),
        ("unprotected-ref", GITHUB, [OWNER, MAIN], on("ref_protected", "true")),
        ("gitlab-fork", "https://gitlab.com", [on("project_id", "1")], on("job_project_id", "1")),
        ("gitlab-person", "https://gitlab.com", [on("sub", "1")], on("project_id", "1")),
        ("unverified-email", OWN, [on("email", "a@acme.example")], on("email_verified", True)),
        (
            "unverified-email",
            OWN,
            [on("email", "*@acme.example", operator=GLOB)],
            on("email_verified", "true"),
        ),
        ("terraform-plan", "https://app.terraform.io", [], on("terraform_run_phase", "apply")),
        ("any-client", "https://acme.eu.auth0.com/", [on("gty", "client-credentials")], on("azp", "1")),
        ("any-client", "https://acme.okta.com/oauth2/aus1", [on("sub", "1")], on("cid", "1")),
        ("only-exists", OWN, [Condition("environment", EXISTS, ())], on("environment", "production")),
        ("vercel-preview", "https://oidc.vercel.com/acme", [], on("environment", "production")),
        ("buildkite-branch", "https://agent.buildkite.com", [], on("build_branch", "main")),
        ("any-customer", "https://api.cursor.com", [on("repo_url", "acme/deploy")], on("team_id", "9021")),
        (
            "any-customer",
            "https://api.cursor.com",
            [on("sub", "user:*", operator=GLOB)],
            on("sub", "user:1", "user:2", operator=IN),
        ),
        ("any-customer", "https://oidc.modal.com", [on("app_name", "a")], on("workspace_id", "ac-1")),
        ("any-customer", "https://oidc.deno.com", [], on("sub", "deployment:acme/*", operator=GLOB)),
        ("any-customer", "https://identity.depot.dev", [on("repository_id", "1")], on("org_id", "1")),
        ("spacelift-proposed", "https://acme.app.spacelift.io", [], on("runType", "TRACKED")),
        ("harness-test", HARNESS, [on("account_id", "a")], on("context", "PIPELINE_EXECUTION")),
    ],
)
def test_a_condition_more_leads_out_of_it(falls: str, iss: str, conditions: Any, rather: Condition) -> None:
    unlinked = {"subject_policy": "no_user"}
    assert falls in names(iss, *conditions, **unlinked)
    assert falls not in names(iss, *conditions, rather, **unlinked)


@cases(
    ("falls", "wrong", "right"),
    [
        ("loose-end", on("repository", "acme*", operator=GLOB), on("repository", "acme/*", operator=GLOB)),
        ("open-start", on("sub", "*:production", operator=GLOB), on("sub", "acme:*", operator=GLOB)),
        ("open-start", on("sub", "a:*:ref:*", operator=GLOB), on("sub", "a:ref:*", operator=GLOB)),
        (
            "wide-account",
            on("sub", "system:serviceaccount:*:exporter", operator=GLOB),
            on("sub", "system:serviceaccount:payments:*", operator=GLOB),
        ),
        ("wide-account", on("sub", "spiffe://*", operator=GLOB), on("sub", "spiffe://acme/*", operator=GLOB)),
        ("login-name", on("upn", "ann@acme.example"), on("oid", "1")),
        (
            "email-domain",
            on("email", "*acme.example", operator=GLOB),
            on("email", "*@a.example", operator=GLOB),
        ),
        ("email-domain", on("email", "*@a.example*", operator=GLOB), on("email", "a@a.example")),
        ("group-name", on("groups", "admins", operator=Operator.CONTAINS), on("groups", "17", operator=IN)),
        ("display-name", on("actor", "mona"), on("actor_id", "1")),
        ("display-name", on(f"{PULUMI}actor", "mona"), on(f"{PULUMI}actor_id", "1")),
        ("display-name", on("/https:~1~1pulumi.com~1actor", "mona"), on("/https:/pulumi.com/actor", "mona")),
        ("any-branch", on("ref", "refs/heads/*", operator=GLOB), on("ref", "refs/heads/v/*", operator=GLOB)),
        ("any-branch", on("build_branch", "*main", operator=GLOB), on("build_branch", "main")),
        # Only what compares to the letter has no wildcards.
        ("loose-end", on("repository", "acme*", operator=GLOB), on("repository", "acme*")),
    ],
)
def test_another_condition_in_its_place_does_not_fall(falls: str, wrong: Condition, right: Condition) -> None:
    assert falls in names(OWN, wrong)
    assert falls not in names(OWN, right)


@pytest.mark.parametrize(
    "event", ["pull_request_target", "workflow_run", "issue_comment", "issues", "discussion"]
)
def test_runs_that_strangers_start_are_pointed_out(event: str) -> None:
    assert "github-foreign-code" in names(GITHUB, OWNER, MAIN, on("event_name", "push", event, operator=IN))
    assert "github-foreign-code" in names(
        GITHUB, OWNER, MAIN, on("event_name", "x", operator=Operator.NONE_OF)
    )
    assert "github-foreign-code" not in names(GITHUB, OWNER, MAIN, EVENT)


def test_exists_proves_nothing_of_an_address() -> None:
    assert "unverified-email" in names(
        OWN, on("email", "a@b.example"), Condition("email_verified", EXISTS, ())
    )
    assert "unverified-email" in names(OWN, on("email", "a@b.example"), on("email_verified", False))


def test_subject_of_a_new_repository_has_its_ids() -> None:
    subject = on("sub", "repo:acme@90210/deploy@770123456:ref:refs/heads/main")
    assert "github-actions-name" not in names(GITHUB, subject)


@pytest.mark.parametrize(
    ("claim", "falls"), [("email", "unverified-email"), ("/upn", "login-name"), ("sub", None)]
)
def test_users_are_found_by_what_stays_theirs(claim: str, falls: str | None) -> None:
    found = names(OWN, subject_policy="user_field", subject_claim=claim)
    assert found == ({falls} if falls else set())
    assert names(OWN, subject_policy="linked", subject_claim=claim) == set()


@pytest.mark.parametrize(
    ("audience", "falls"),
    [
        ("https://github.com/acme", True),
        ("api://AzureADTokenExchange", True),
        ("sts.amazonaws.com", True),
        ("https://as.example.com", False),
    ],
)
def test_an_audience_that_others_accept_too(audience: str, falls: bool) -> None:
    assert ("shared-audience" in names(OWN, audiences=[audience])) is falls


@pytest.mark.parametrize(
    ("falls", "place", "rather"),
    [
        ("default-issuer", "kubernetes/serviceaccount", "https://kubernetes.default.svc.cluster.local"),
        ("entra-common", "https://login.microsoftonline.com/common/v2.0", ENTRA),
        ("fixed-audience", "https://acme.cloudflareaccess.com", "https://cloudflareaccess.com.example"),
        ("other-issuer", f"{CLAUDE}/users", f"{CLAUDE}/agents"),
        ("other-issuer", f"{CLAUDE}/agent", f"{CLAUDE}/issuers/1"),
        ("other-issuer", CLAUDE, f"{CLAUDE}.example"),
        ("other-issuer", "https://api.pulumi.com/oidc", "https://api.pulumi.com/oidc/v2"),
    ],
)
def test_a_place_that_is_everybodys_is_pointed_out(falls: str, place: str, rather: str) -> None:
    assert falls in names(place)
    assert falls not in names(rather)
    by_keys = TrustedIssuer(issuer=OWN, key_source="jwks_url", jwks_url=f"{place}/keys")
    assert falls in {trap.name for trap in traps_of(by_keys, GrantRule(), ())}


@pytest.mark.parametrize(
    ("source", "iss", "place", "falls"),
    [
        ("jwks_url", GITHUB, "https://keys.example/jwks", True),
        ("discovery", GITHUB, "https://keys.example/discovery", True),
        ("jwks_url", GITHUB, f"{GITHUB}.example/jwks", True),
        ("jwks_url", GITHUB, "https://TOKEN.actions.githubusercontent.com/.well-known/jwks", False),
        ("discovery", GITHUB, "", False),
        ("inline", GITHUB, "https://keys.example/jwks", False),
        ("jwks_url", "https://accounts.google.com", "https://www.googleapis.com/oauth2/v3/certs", False),
        ("jwks_url", OWN, "https://keys.example/jwks", False),
        ("jwks_url", "https://git.example/_services/token", "https://keys.example/jwks", False),
    ],
)
def test_keys_of_a_shared_issuer_from_elsewhere(source: str, iss: str, place: str, falls: bool) -> None:
    where = "discovery_url" if source == "discovery" else "jwks_url"
    issuer = TrustedIssuer(issuer=iss, key_source=source, **{where: place})
    found = {trap.name for trap in traps_of(issuer, GrantRule(), ())}
    assert ("foreign-keys" in found) is falls


@pytest.mark.parametrize("iss", [f"{CLAUDE}/agents", "https://api.cursor.com"])
def test_what_steers_an_agent_must_not_act_for_a_person(iss: str) -> None:
    policies = GrantRule.SubjectPolicy.values
    found = {policy for policy in policies if "agent-person" in names(iss, subject_policy=policy)}
    assert found == {"linked", "user_field", "provision"}
    assert "agent-person" not in names(OWN, subject_policy="provision")


def test_a_rule_that_is_meant_for_every_customer_says_so() -> None:
    assert "any-customer" in names("https://oidc.modal.com")
    assert "any-customer" not in names("https://oidc.modal.com", allow_any_tenant=True)


def test_plans_and_previews_among_others_are_pointed_out() -> None:
    phases = on("terraform_run_phase", "apply", "plan", operator=IN)
    assert "terraform-plan" in names("https://app.terraform.io", phases)
    runs = on("runType", "TRACKED", "PROPOSED", operator=IN)
    assert "spacelift-proposed" in names("https://acme.app.spacelift.io", runs)
    stages = on("environment", "production", "preview", operator=IN)
    assert "vercel-preview" in names("https://oidc.vercel.com/acme", stages)


def test_who_is_linked_by_an_operator_needs_no_condition() -> None:
    auth0 = "https://acme.eu.auth0.com/"
    assert "any-client" not in names(auth0, subject_policy="linked")
    for policy in ("provision", "no_user"):
        assert "any-client" in names(auth0, subject_policy=policy)


def test_advice_is_for_the_vendor_whose_tokens_have_the_claim() -> None:
    assert names(OWN, on("repository", "acme/deploy")) == set()
    assert names("https://oidc.circleci.com/org/72f988bf-1111-4222-8333-000000000001") == {
        "circleci-ssh", "circleci-fork", "circleci-ref",
    }  # fmt: skip
    assert names("https://oidc.fly.io/acme", on("app_name", "web")) == {"fly-name"}
    bitbucket = "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"
    assert names(bitbucket) == {"bitbucket-branch"}


def test_each_has_its_row_in_the_docs() -> None:
    page = (Path(__file__).parents[2] / "docs" / "traps.md").read_text()
    rows = {
        line.split("|")[1].strip().strip("`"): line for line in page.splitlines() if line.startswith("| `")
    }
    assert rows.keys() == {trap.name for trap in TRAPS}
    for trap in TRAPS:
        assert f"| {trap.severity} |" in rows[trap.name]
        assert f"]({trap.source})" in rows[trap.name]
