"""Presets: each makes what its vendor's tokens need, and none without the claim that pins the customer."""

from __future__ import annotations

import re

import pytest
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError

from oauth_jwt_grant.models import GrantRule, TrustedIssuer
from oauth_jwt_grant.presets import (
    ConditionTemplate,
    Pin,
    Preset,
    PresetQuestion,
    all_presets,
    apply,
    get_preset,
    pins_of,
    preset_for,
    register,
    registry,
    shared_pins,
)
from tests.factories import rsa_key
from tests.jwks_server import certificate_authority
from tests.support import cases, make_application

GOOGLE_POOL = (
    "https://sts.googleapis.com/v1/organizations/{}/locations/global/workloadIdentityPools/"
    "agents.global.org-{}.system.id.goog"
)
GITHUB = {"owner_id": "90210", "repository_id": "770123456"}
every = pytest.mark.parametrize("preset", [pytest.param(preset, id=preset.key) for preset in all_presets()])


def answers_for(preset):
    """An answer to each question that needs one, as its example looks."""
    special = {
        "jwks": rsa_key().pem(),
        "trust_anchors": certificate_authority().cert_pem.bytes().decode(),
    }
    return {
        question.name: special.get(question.name) or question.default or question.example or "acme"
        for question in preset.questions
        if question.required
    }


def words(applied):
    return [str(condition) for condition in applied.conditions]


def application_for(preset):
    """The application that a rule of ``preset`` authenticates, if it is for that."""
    return make_application("program") if "client_assertion" in preset.accepted_as else None


@every
@pytest.mark.django_db
def test_examples_make_an_issuer_that_can_be_saved(preset):
    applied = apply(preset, answers_for(preset))
    applied.rule.scopes = "read"
    applied.rule.default_application = application_for(preset)
    assert applied.save() is True
    issuer = TrustedIssuer.objects.get()
    assert issuer.rules.get().conditions.count() == len(applied.conditions)
    assert issuer.name == preset.name


@every
def test_nothing_comes_of_a_preset_without_an_answer_that_it_needs(preset):
    for question in preset.questions:
        if question.required:
            with pytest.raises(ValidationError) as caught:
                apply(preset, {**answers_for(preset), question.name: " "})
            assert set(caught.value.message_dict) == {question.name}


@every
def test_customer_is_pinned_by_an_exact_value(preset):
    if preset.pinned_by_keys:
        assert preset.key_source in ("inline", "certificates")
        return
    pins = [template for template in preset.conditions if template.pin]
    assert pins
    assert {template.operator for template in pins} == {"equals"}


@every
def test_every_example_is_taken_and_every_pattern_has_one(preset):
    for question in preset.questions:
        if question.pattern:
            assert re.fullmatch(question.pattern, question.example), question.name
            with pytest.raises(ValidationError):
                apply(preset, {**answers_for(preset), question.name: "no way!"})


@every
def test_vendor_is_cited(preset):
    assert preset.docs.startswith("https://")


def test_keys_are_unique():
    assert len({preset.key for preset in all_presets()}) == len(all_presets())


def test_github_actions_of_one_repository():
    applied = apply(get_preset("github-actions"), {**GITHUB, "environment": "production", "refs": ""})
    issuer = applied.issuer
    assert issuer.issuer == "https://token.actions.githubusercontent.com"
    assert (issuer.algorithms, issuer.max_lifetime, issuer.replay_policy) == (["RS256"], 600, "once")
    assert words(applied) == [
        "repository_owner_id is '90210'",
        "repository_id is '770123456'",
        "event_name is one of 'push', 'workflow_dispatch', 'schedule', 'release'",
        "ref_protected is 'true'",
        "environment is 'production'",
    ]
    assert applied.rule.name == "90210 770123456"


WORKFLOW = "acme/ci/.github/workflows/deploy.yml@refs/tags/v3"


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, ["ref is one of 'refs/heads/main'", "ref_protected is 'true'"]),
        ({"protected": ""}, ["ref is one of 'refs/heads/main'"]),
        ({"protected": "", "refs": "", "environment": "production"}, ["environment is 'production'"]),
        ({"refs": ""}, ["ref_protected is 'true'"]),
        (
            {"refs": "", "workflow": WORKFLOW},
            ["ref_protected is 'true'", f"job_workflow_ref is '{WORKFLOW}'"],
        ),
    ],
)
def test_github_something_says_which_code_runs(answers, expected):
    assert words(apply(get_preset("github-actions"), {**GITHUB, **answers}))[3:] == expected


@pytest.mark.parametrize("more", [{}, {"workflow": WORKFLOW}])
def test_github_every_branch_is_nobodys_rule(more):
    """Who may push may make a branch, also one that calls the workflow."""
    with pytest.raises(ValidationError) as caught:
        apply(get_preset("github-actions"), {**GITHUB, "refs": "", "protected": "", **more})
    needed = "One of these is needed: Refs, Protected refs alone, Environment."
    assert caught.value.message_dict == {"refs": [needed]}


def test_gitlab_job_runs_in_the_project_unless_the_instance_cannot_say():
    preset = get_preset("gitlab-ci")
    assert "job_project_id is '4711'" in words(apply(preset, {**answers_for(preset), "project_id": "4711"}))
    older = words(apply(preset, {**answers_for(preset), "runs_in_project": ""}))
    assert not [text for text in older if text.startswith("job_project_id")]


@pytest.mark.parametrize("key", ["entra-id", "entra-id-v1"])
def test_entra_only_a_managed_identitys_token_may_live_for_a_day(key):
    preset = get_preset(key)
    assert apply(preset, answers_for(preset)).issuer.max_lifetime == 7500
    managed = apply(preset, {**answers_for(preset), "managed_identity": "yes"})
    assert managed.issuer.max_lifetime == 90000


def test_client_that_names_itself_nowhere_is_admitted():
    preset = get_preset("claude-tag")
    assert apply(preset, answers_for(preset)).rule.client_policy == "anonymous"
    assert {one.client_policy for one in all_presets() if one is not preset} == {"listed"}


def test_several_refs_are_several_values():
    refs = "refs/heads/main\r\n\r\n refs/tags/v1 "
    applied = apply(get_preset("github-actions"), {**GITHUB, "refs": refs})
    assert "ref is one of 'refs/heads/main', 'refs/tags/v1'" in words(applied)


def test_question_that_is_not_answered_at_all_has_its_default():
    assert "ref is one of 'refs/heads/main'" in words(apply(get_preset("github-actions"), GITHUB))


@pytest.mark.parametrize(
    ("key", "changes", "expected"),
    [
        ("kubernetes", {}, "sub is 'system:serviceaccount:payments:exporter'"),
        ("circleci", {}, "oidc.circleci.com/ssh-rerun is False"),
        ("aws", {}, "/https:~1~1sts.amazonaws.com~1/aws_account is '123456789012'"),
        ("oidc", {"claim": "tid", "value": "{x}"}, "tid is '{x}'"),
        ("bitbucket", {}, "workspaceUuid is '{72f988bf-1111-4222-8333-000000000001}'"),
    ],
)
def test_conditions_are_as_the_issuer_sends_its_claims(key, changes, expected):
    preset = get_preset(key)
    assert expected in words(apply(preset, {**answers_for(preset), **changes}))


def test_entra_takes_the_audience_that_its_tenants_can_name():
    preset = get_preset("entra-id-v1")
    issuer = apply(preset, answers_for(preset)).issuer
    tenant = answers_for(preset)["tenant"]
    assert issuer.issuer == f"https://sts.windows.net/{tenant}/"
    assert issuer.audiences == [answers_for(preset)["audience"]]
    assert issuer.discovery_url.startswith(f"https://login.microsoftonline.com/{tenant}/")


@cases(
    ("changes", "field"),
    [
        ({"owner_id": "acme"}, "owner_id"),
        ({"owner_id": "1\n2"}, "owner_id"),
        ({"refs": "main"}, "refs"),
        ({"environment": "a\nb"}, "environment"),
        ({"workflow": "deploy.yml"}, "workflow"),
        ({"workflow": "acme/ci/.github/workflows/deploy.yml"}, "workflow"),
        ({"workflow": "acme/ci/.github/workflows/deploy.yml@*"}, "workflow"),
        ({"workflow": "acme/ci/.github/workflows/deploy.yml@v3"}, "workflow"),
        ({"owner": "1"}, "owner"),
    ],
)
def test_malformed_or_unknown_answers_are_refused_by_name(changes, field):
    with pytest.raises(ValidationError) as caught:
        apply(get_preset("github-actions"), {**GITHUB, **changes})
    assert set(caught.value.message_dict) == {field}


@pytest.mark.django_db
def test_second_repository_is_a_second_rule_of_the_same_issuer():
    for repository in ("1", "2", "3"):
        applied = apply(get_preset("github-actions"), {**GITHUB, "repository_id": repository})
        applied.rule.scopes = "read"
        assert applied.save() is (repository == "1")
    issuer = TrustedIssuer.objects.get()
    assert list(issuer.rules.values_list("position", "name")) == [
        (0, "90210 1"),
        (1, "90210 2"),
        (2, "90210 3"),
    ]


@pytest.mark.django_db
def test_issuer_without_rules_gets_its_first_one():
    TrustedIssuer.objects.create(name="x", issuer="https://accounts.google.com", key_source="discovery")
    preset = get_preset("google")
    applied = apply(preset, answers_for(preset))
    applied.rule.scopes = "read"
    assert applied.save() is False
    assert GrantRule.objects.get().position == 0


@pytest.mark.django_db
def test_nothing_is_saved_if_a_part_cannot_be():
    applied = apply(get_preset("github-actions"), GITHUB)
    with pytest.raises(ValidationError):  # the rule has no scopes
        applied.save()
    assert not TrustedIssuer.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error", "says"),
    [(DataError, "cannot store a character"), (IntegrityError, "has been changed meanwhile")],
)
def test_what_the_database_refuses_is_said_and_nothing_is_saved(monkeypatch, error, says):
    def refuse(rule):
        raise error

    monkeypatch.setattr(GrantRule, "save", refuse)
    applied = apply(get_preset("github-actions"), GITHUB)
    applied.rule.scopes = "read"
    with pytest.raises(ValidationError, match=says):
        applied.save()
    assert not TrustedIssuer.objects.exists()


def test_preset_that_pins_nobody_cannot_be_made():
    optional = PresetQuestion(name="tenant", label="Tenant", required=False)
    for conditions in ((), (ConditionTemplate("tid", ("{tenant}",), pin=True),)):
        with pytest.raises(ValueError, match="tells one customer"):
            Preset(key="open", name="Open", questions=(optional,), conditions=conditions)


@pytest.fixture
def registered(monkeypatch):
    """What is registered is forgotten afterwards."""
    monkeypatch.setattr(registry, "_presets", dict(registry._presets))
    yield
    shared_pins.cache_clear()


def test_site_registers_its_own(registered):
    own = Preset(
        key="own",
        name="Own",
        questions=(PresetQuestion(name="tenant", label="Tenant"),),
        conditions=(ConditionTemplate("tid", ("{tenant}",), pin=True),),
        issuer="https://login.example/{tenant}",
    )
    register(own)
    assert get_preset("own") is own
    assert all_presets()[-1] is own
    assert preset_for("https://login.example/acme") is own
    with pytest.raises(KeyError):
        get_preset("nobody")


@cases(
    ("iss", "key"),
    [
        ("https://token.actions.githubusercontent.com", "github-actions"),
        ("https://accounts.google.com", "google"),
        ("https://oidc.circleci.com/org/c9035eb6-1111-4222-8333-000000000001", "circleci"),
        ("https://oidc.circleci.com/org/a/b", None),
        ("https://accounts.google.com/", None),
        ("https://token.actions.githubusercontent.com/acme", "github-actions"),
        ("https://token.actions.acme.ghe.com", "github-actions"),
        ("https://token.actions.githubusercontent.com/acme/x", None),
        ("https://token.actions.githubusercontent.com.example", None),
        ("https://github.example.com/_services/token", "github-actions"),
        ("https://codeberg.org/api/actions", "forgejo-actions"),
        ("https://acme.okta.com", "okta-xaa"),
        ("https://acme.okta.com/oauth2/default", None),
        ("https://git.example.org/api/actions/oidc", "gitea-actions"),
        ("https://vault.example.org:8200/v1/team/identity/oidc", "vault"),
        ("https://vault.example.org:8200/v1/identity/oidc/provider/default", None),
        ("https://identity.anthropic.com/agents", "claude-tag"),
        ("https://identity.anthropic.com/users", None),
        ("https://api.pulumi.com/oidc/v2", "pulumi-esc"),
        ("https://api.pulumi.com/oidc", None),
        ("https://app.harness.io/ng/api/oidc/account/aBcD1234eFgH5678", "harness"),
        (GOOGLE_POOL.format("100000000001", "100000000001"), "google-agent"),
        (GOOGLE_POOL.format("100000000001", "100000000002"), None),
        ("https://oidc.vercel.com/acme", "vercel"),
        ("https://oidc.vercel.com", "vercel"),
        ("https://a1b2c3d4-1111-4222-8333-000000000001.tokens.sts.global.api.aws", "aws"),
        ("https://oidc.eks.eu-north-1.amazonaws.com/id/0123456789ABCDEF", "kubernetes"),
        ("https://container.googleapis.com/v1/projects/p/locations/l/clusters/c", "kubernetes"),
        ("https://westeurope.oic.prod-aks.azure.com/72f988bf-1111/c9035eb6-1111/", "kubernetes"),
        ("https://kubernetes.default.svc.cluster.local", None),
        ("https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc", "bitbucket"),
        ("https://oidc.fly.io/acme", "fly"),
        ("https://issuer.example", None),
    ],
)
def test_issuer_is_known_by_its_name(iss, key):
    preset = preset_for(iss)
    assert (preset.key if preset else None) == key
    assert bool(pins_of(iss)) is (key is not None)


@cases(
    ("iss", "pins"),
    [
        (
            "https://token.actions.githubusercontent.com",
            ["repository_id", "repository_owner_id", "repository_owner", "repository", "sub"],
        ),
        ("https://token.actions.acme.ghe.com", ["repository_id", "repository_owner_id"]),
        ("https://github.example.com/_services/token", None),
        ("https://gitlab.com", ["project_id", "namespace_id"]),
        ("https://gitlab.example.com", None),
        ("https://agent.buildkite.com", ["organization_id", "pipeline_id"]),
        ("https://app.terraform.io", ["terraform_organization_id"]),
        ("https://app.eu.terraform.io", ["terraform_organization_id"]),
        ("https://terraform.example.com", None),
        ("https://oidc.vercel.com", ["owner_id", "project_id"]),
        ("https://oidc.vercel.com/acme", None),
        ("https://accounts.google.com", ["sub", "hd"]),
        ("https://codeberg.org/api/actions", ["repository_id", "repository_owner_id"]),
        ("https://git.example.org/api/actions", None),
        ("https://gitea.com/api/actions/oidc", ["repository_id", "repository_owner_id"]),
        ("https://git.example.org/api/actions/oidc", None),
        ("https://identity.anthropic.com/agents", ["tenant", "sub"]),
        ("https://api.pulumi.com/oidc/v2", ["https://pulumi.com/org_id"]),
        ("https://app.harness.io/ng/api/oidc/account/aBcD1234eFgH5678", None),
        ("https://vault.example.org:8200/v1/identity/oidc", None),
        (GOOGLE_POOL.format("100000000001", "100000000001"), None),
        ("https://oidc.circleci.com/org/72f988bf-1111-4222-8333-000000000001", None),
        ("https://issuer.example", None),
    ],
)
def test_issuer_of_several_customers_has_pins(iss, pins):
    found = shared_pins(iss)
    names = None if found is None else [pin.claim for pin in found]
    assert names is None if pins is None else names[: len(pins)] == pins


def test_preset_that_is_registered_later_says_whether_its_issuer_is_shared(registered):
    assert shared_pins("https://login.example") is None
    own = Preset(
        key="example-login",
        name="Example Login",
        questions=(PresetQuestion(name="tenant", label="Tenant"),),
        conditions=(ConditionTemplate("tenant", ("{tenant}",), pin=True),),
        issuer="https://login.example",
        shared=True,
        pins=(Pin("tenant"),),
    )
    register(own)
    assert shared_pins("https://login.example") == (Pin("tenant"),)


def test_shared_preset_has_to_pin_by_one_of_its_pins():
    with pytest.raises(ValueError, match="its pins are none of those"):
        Preset(
            key="example-login",
            name="Example Login",
            questions=(PresetQuestion(name="tenant", label="Tenant"),),
            conditions=(ConditionTemplate("tenant", ("{tenant}",), pin=True),),
            issuer="https://login.example",
            shared=True,
            pins=(Pin("organization"),),
        )


def test_scope_claim_that_is_the_vendors_own_is_ignored_and_any_other_bounds():
    ignoring = {preset.key for preset in all_presets() if preset.scope_claim == "ignore"}
    assert ignoring == {"auth0", "keycloak", "vercel"}


@cases(
    ("key", "changes"),
    [
        # Tokens have UUIDs in small letters, and conditions compare exactly.
        ("buildkite", {"organization_id": "0184990A-1111-4222-8333-000000000001"}),
        ("circleci", {"project_id": "C9035EB6-1111-4222-8333-000000000001"}),
        ("bitbucket", {"workspace_uuid": "{C9035EB6-1111-4222-8333-000000000001}"}),
        ("bitbucket", {"repository_uuid": "c9035eb6-1111-4222-8333-000000000001"}),
        # Their issuers have no slash at the end.
        ("github-actions", {"issuer": "https://ghe.example/_services/token/"}),
        ("gitlab-ci", {"issuer": "https://gitlab.example.com/"}),
        ("gitlab-ci", {"issuer": "gitlab.example.com"}),
        ("hcp-terraform", {"issuer": "https://terraform.example.com/"}),
        ("keycloak", {"issuer": "https://sso.example.com/realms/acme/"}),
        ("keycloak", {"issuer": "https://sso.example.com"}),
        # Auth0's has.
        ("auth0", {"issuer": "https://acme.eu.auth0.com"}),
        # Okta's own access tokens are for Okta.
        ("okta", {"issuer": "https://acme.okta.com"}),
        ("vercel", {"environment": "development"}),
        ("vercel", {"issuer": "https://oidc.vercel.com/acme/"}),
        ("spiffe", {"spiffe_id": "spiffe://example.org/"}),
        ("google", {"unique_id": "exporter@acme.iam.gserviceaccount.com"}),
        ("kubernetes", {"allow_private_network": "no"}),
        ("gitea-actions", {"issuer": "https://git.example.org/api/actions"}),
        ("forgejo-actions", {"issuer": "https://git.example.org/api/actions/oidc"}),
        ("vault", {"issuer": "https://vault.example.org:8200/v1/identity/oidc/provider/default"}),
        ("ansible", {"issuer": "https://aap.example.org"}),
        ("okta-xaa", {"issuer": "https://acme.okta.com/oauth2/default"}),
        ("okta-xaa-saml", {"issuer": "https://acme.okta.com/"}),
        ("claude-tag", {"tenant": "acme"}),
        ("google-agent", {"issuer": "https://accounts.google.com"}),
        ("google-agent", {"agent": "spiffe://agents.global.org-1.system.id.goog/resources/x/projects/98*"}),
    ],
)
def test_answer_by_which_no_token_would_ever_be_taken_is_refused(key, changes):
    preset = get_preset(key)
    with pytest.raises(ValidationError) as caught:
        apply(preset, {**answers_for(preset), **changes})
    assert set(caught.value.message_dict) == set(changes)


def test_cluster_inside_the_network():
    preset = get_preset("kubernetes")
    plain = apply(preset, answers_for(preset)).issuer
    assert (plain.allow_private_network, plain.ca_bundle) == (False, "")
    ticked = apply(preset, {**answers_for(preset), "allow_private_network": "yes"}).issuer
    assert ticked.allow_private_network is True


def test_id_jag_of_a_provider_with_tenants():
    answers = {"issuer": "https://idp.example", "client": "wiki"}
    applied = apply(get_preset("id-jag"), {**answers, "tenant": "acme"})
    assert words(applied) == ["client_id is 'wiki'", "tenant is 'acme'"]
    both = apply(get_preset("id-jag"), {**answers, "tenant": "acme", "aud_tenant": "ours"})
    assert "aud_tenant is 'ours'" in words(both)
    assert applied.rule.recorded_claims == ["auth_time", "acr", "amr", "act"]
    assert words(apply(get_preset("id-jag"), answers)) == ["client_id is 'wiki'"]
