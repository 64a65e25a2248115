"""A rule of a shared issuer that names none of its customers: refused on each path, and matching nothing."""

from __future__ import annotations

import io
import time
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.urls import reverse

from oauth_jwt_grant.assertion import Door, Reason
from oauth_jwt_grant.checks.trust import check_trust
from oauth_jwt_grant.decision import Question, explain, presented
from oauth_jwt_grant.models import ClaimCondition, GrantRule, TrustedIssuer
from oauth_jwt_grant.presets import all_presets, apply, shared_pins, why_unpinned
from oauth_jwt_grant.rules import Client, Condition, Operator
from oauth_jwt_grant.trust import find_trust
from oauth_jwt_grant.trust_file import TrustFileError, current, plan, read
from tests.admin.forms import fill_in
from tests.factories import AUDIENCE, ec_key, jwks, mint
from tests.presets.test_presets import answers_for
from tests.support import World

GITHUB = "https://token.actions.githubusercontent.com"
SHARED = [pytest.param(preset, id=preset.key) for preset in all_presets() if preset.shared]
UNPINNED = {"claim": "ref", "operator": "equals", "values": ["refs/heads/main"]}
RULE = {"name": "deploy", "client_policy": "anonymous", "subject_policy": "no_user", "scopes": "read"}
SAYS = "signs for other customers, too"


#: Where the operator is asked for the issuer: the one that several customers share.
ASKED = {
    "vercel": "https://oidc.vercel.com",
    "gitea-actions": "https://gitea.com/api/actions/oidc",
    "forgejo-actions": "https://codeberg.org/api/actions",
}


def iss_of(preset: Any) -> str:
    defaults = [question.default for question in preset.questions if question.name == "issuer"]
    iss = ASKED.get(preset.key) or (preset.issuer if "{" not in preset.issuer else defaults[0])
    assert shared_pins(iss), iss
    return iss


def make_shared(iss: str = GITHUB, **fields: Any) -> TrustedIssuer:
    return TrustedIssuer.objects.create(
        name="Shared", issuer=iss, key_source="inline", jwks=jwks(ec_key()), **fields
    )


@pytest.mark.django_db
@pytest.mark.parametrize("preset", SHARED)
class TestEachSharedIssuer:
    def test_form(self, preset, page):
        issuer = make_shared(iss_of(preset))
        url = f"{reverse('admin:oauth_jwt_grant_grantrule_add')}?issuer={issuer.pk}"
        posted = {f"conditions-0-{name}": value for name, value in UNPINNED.items()}
        data = fill_in(page.get(url), "grantrule_form", **RULE, **{**posted, "conditions-0-values": "main"})
        response = page.post(url, data)
        assert SAYS in response.content.decode()
        assert not GrantRule.objects.exists()
        assert page.post(url, {**data, "allow_any_tenant": "on"}).status_code == 302

    def test_inline(self, preset, page):
        issuer = make_shared(iss_of(preset))
        rule = GrantRule.objects.create(issuer=issuer, enabled=False, **RULE)
        url = reverse("admin:oauth_jwt_grant_trustedissuer_change", args=[issuer.pk])
        response = page.post(url, fill_in(page.get(url), "trustedissuer_form", **{"rules-0-enabled": "on"}))
        assert SAYS in response.content.decode()
        rule.refresh_from_db()
        assert not rule.enabled

    def test_preset(self, preset, settings):
        settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "SHARED_ISSUERS": {iss_of(preset): []}}
        answers = answers_for(preset)
        if "issuer" in answers:
            answers["issuer"] = iss_of(preset)
        applied = apply(preset, answers)
        applied.rule.scopes = "read"
        with pytest.raises(ValidationError, match=SAYS):
            applied.save()
        assert not TrustedIssuer.objects.exists()

    def test_command(self, preset):
        issuer = make_shared(iss_of(preset))
        arguments = ["--issuer", issuer.issuer, "--scopes", "read", "--no-user", "--anonymous"]
        with pytest.raises(CommandError, match=f"--condition: .*{SAYS}"):
            call_command("trustissuer", *arguments, "--condition", "ref=refs/heads/main")
        assert not GrantRule.objects.exists()
        call_command("trustissuer", *arguments, "--allow-any-tenant", stdout=io.StringIO())
        assert GrantRule.objects.get().allow_any_tenant

    def test_file(self, preset, tmp_path):
        issuer = make_shared(iss_of(preset))
        file = tmp_path / "trust.toml"
        text = (
            f'[[issuers]]\nissuer = "{issuer.issuer}"\nname = "Shared"\nkey_source = "jwks_url"\n'
            'jwks_url = "https://keys.example/jwks.json"\n[[issuers.rules]]\nname = "deploy"\n'
            'scopes = "read"\nclient_policy = "anonymous"\nsubject_policy = "no_user"\n'
        )
        file.write_text(text)
        with pytest.raises(TrustFileError, match=rf"trust\.toml: \[\[issuers\.rules\]\] deploy .*{SAYS}"):
            plan(read([str(file)]), current(links=False), prune=False)
        file.write_text(f"{text}allow_any_tenant = true\n")
        planned = plan(read([str(file)]), current(links=False), prune=False)
        assert [step.kind for step in planned.steps] == ["issuer", "rule"]

    def test_loaded_data_is_reported_by_the_check(self, preset):
        GrantRule.objects.create(issuer=make_shared(iss_of(preset)), **RULE)
        texts = [message.msg for message in check_trust(databases=["default"])]
        assert any("The rule deploy matches nothing" in text for text in texts)
        GrantRule.objects.update(allow_any_tenant=True)
        texts = [message.msg for message in check_trust(databases=["default"])]
        assert not any("matches nothing" in text for text in texts)

    def test_the_decision_takes_it_for_a_miss(self, preset, world: World):
        world.change(world.issuer, issuer=iss_of(preset))
        explanation = ask(world)
        assert explanation.refused is not None
        assert explanation.refused.reason is Reason.NO_RULE
        assert "a condition must name customers of the shared issuer" in str(explanation.case.misses[0])
        world.change(world.rule, allow_any_tenant=True)
        assert ask(world).accepted
        claim = next(one.claim for one in preset.conditions if one.pin)
        world.change(world.rule, allow_any_tenant=False)
        world.rule.conditions.create(claim=claim, operator="equals", values=["alice"])
        assert ask(world, **{claim: "alice"}).accepted
        assert not ask(world, **{claim: "mallory"}).accepted


def ask(world: World, **claims: Any) -> Any:
    jwt = mint(ec_key(), iss=world.issuer.issuer, **claims)
    how = presented(Door.AUTHORIZATION_GRANT, world.application)
    return explain(Question(assertion=jwt, audiences=frozenset({AUDIENCE}), now=time.time(), **how))


def test_conditions_of_the_issuer_pin_all_its_rules(world: World):
    named = [{"claim": "repository_owner_id", "operator": "equals", "values": ["90210"]}]
    world.change(world.issuer, issuer=GITHUB, conditions=named)
    assert ask(world, repository_owner_id="90210").accepted
    assert not ask(world, repository_owner_id="666").accepted


def test_it_costs_no_statement(world: World, django_assert_num_queries):
    world.change(world.issuer, issuer=GITHUB)
    find_trust(GITHUB, Client(world.application.pk))
    with django_assert_num_queries(1):
        trust = find_trust(GITHUB, Client(world.application.pk))
        assert trust.rules[0].why_not_for(Door.AUTHORIZATION_GRANT)


@pytest.mark.parametrize(
    ("claims", "condition", "pinned"),
    [
        (["repository"], Condition("repository", Operator.EQUALS, ("acme/deploy",)), True),
        # What the site says replaces what is known of the vendor, and a claim alone has no separator.
        (["repository"], Condition("repository", Operator.GLOB, ("acme/*",)), False),
        (["repository"], Condition("repository_id", Operator.EQUALS, ("1",)), False),
        (["/enterprise/id"], Condition("/enterprise/id", Operator.EQUALS, ("1",)), True),
        ([], Condition("repository_id", Operator.EQUALS, ("1",)), False),
    ],
)
@pytest.mark.parametrize("iss", [GITHUB, "https://login.example"])
def test_the_site_says_which_claims_name_the_customers(iss, claims, condition, pinned):
    with override_settings(OAUTH_JWT_GRANT={"SHARED_ISSUERS": {iss: claims}}):
        assert (why_unpinned(iss, (), [condition]) == "") is pinned
        assert (why_unpinned(iss, [condition], ()) == "") is pinned


def test_issuer_of_one_customer_needs_no_pin():
    assert why_unpinned("https://issuer.example", (), ()) == ""


@pytest.mark.django_db
def test_rule_that_is_off_may_be_saved_so_that_it_can_be_switched_off(page):
    issuer = make_shared()
    rule = GrantRule.objects.create(issuer=issuer, **RULE)
    url = reverse("admin:oauth_jwt_grant_trustedissuer_change", args=[issuer.pk])
    form = fill_in(page.get(url), "trustedissuer_form")
    del form["rules-0-enabled"]
    assert page.post(url, form).status_code == 302
    rule.refresh_from_db()
    assert not rule.enabled


@pytest.mark.django_db
def test_pins_are_asked_for_even_where_the_person_sees_no_conditions(page_of):
    issuer = make_shared()
    rule = GrantRule.objects.create(issuer=issuer, enabled=False, **RULE)
    page = page_of("view_trustedissuer", "change_grantrule")
    url = reverse("admin:oauth_jwt_grant_grantrule_change", args=[rule.pk])
    response = page.post(url, fill_in(page.get(url), "grantrule_form", enabled="on"))
    assert SAYS in response.content.decode()
    ClaimCondition.objects.create(rule=rule, claim="repository_id", values=["1"])
    assert page.post(url, fill_in(page.get(url), "grantrule_form", enabled="on")).status_code == 302


@pytest.mark.django_db
def test_conditions_of_an_issuer_are_written_one_to_a_line(page):
    issuer = make_shared(conditions=[])
    GrantRule.objects.create(issuer=issuer, **RULE)
    url = reverse("admin:oauth_jwt_grant_trustedissuer_change", args=[issuer.pk])
    form = fill_in(page.get(url), "trustedissuer_form")
    assert form["conditions"] == [""]
    two = '[{"claim": "tenant", "values": ["acme"]},\n{"claim": "sub", "operator": "exists"}]'
    assert page.post(url, {**form, "conditions": two}).status_code == 302
    issuer.refresh_from_db()
    assert [one["claim"] for one in issuer.conditions] == ["tenant", "sub"]
    (shown,) = fill_in(page.get(url), "trustedissuer_form")["conditions"]
    assert shown.replace("\r", "").strip() == two
    for wrong, says in (
        ("[{", "Not a JSON list"),
        ('["x"]', "Each condition is an object"),
        ("5", "JSON list"),
    ):
        response = page.post(url, {**form, "conditions": wrong})
        assert says in str(response.context["adminform"].form.errors["conditions"])
    TrustedIssuer.objects.update(conditions="written by SQL")
    assert "written by SQL" in page.get(url).content.decode()


@pytest.mark.django_db
def test_command_sets_the_conditions_of_an_issuer():
    issuer = make_shared()

    def run(*texts: str) -> None:
        flags = [part for text in texts for part in ("--issuer-condition", text)]
        call_command("trustissuer", "--issuer", GITHUB, *flags, stdout=io.StringIO(), stderr=io.StringIO())
        issuer.refresh_from_db()

    run("repository_owner_id=90210", "ref?exists")
    assert issuer.conditions == [
        {"claim": "repository_owner_id", "operator": "equals", "values": ["90210"]},
        {"claim": "ref", "operator": "exists", "values": []},
    ]
    with pytest.raises(CommandError, match="--issuer-condition: not a condition"):
        run("nothing")
    run()
    assert len(issuer.conditions) == 2
    run("")
    assert issuer.conditions == []


def by_form(page, row: TrustedIssuer, **fields: str) -> str:
    url = reverse("admin:oauth_jwt_grant_trustedissuer_change", args=[row.pk])
    response = page.post(url, fill_in(page.get(url), "trustedissuer_form", **{"conditions": "[]", **fields}))
    return "" if response.status_code == 302 else response.content.decode()


def by_command(*flags: str) -> str:
    try:
        call_command(
            "trustissuer", "--issuer", GITHUB, "--issuer-condition", "", *flags,
            stdout=io.StringIO(), stderr=io.StringIO(),
        )  # fmt: skip
    except CommandError as error:
        return str(error)
    return ""


def by_file(path, rules: str = "") -> str:
    path.write_text(
        f'[[issuers]]\nissuer = "{GITHUB}"\nname = "Shared"\nkey_source = "jwks_url"\n'
        f'jwks_url = "https://keys.example/jwks.json"\nenabled = false\n{rules}'
    )
    try:
        plan(read([str(path)]), current(links=False), prune=False)
    except TrustFileError as error:
        return str(error)
    return ""


@pytest.mark.django_db
def test_issuer_does_not_take_the_pin_of_its_rules(page, tmp_path):
    pin = {"claim": "repository_owner_id", "operator": "equals", "values": ["90210"]}
    issuer = make_shared(conditions=[pin])
    rule = GrantRule.objects.create(issuer=issuer, **RULE)
    GrantRule.objects.create(issuer=issuer, **{**RULE, "name": "for-all", "allow_any_tenant": True})
    GrantRule.objects.create(issuer=issuer, enabled=False, **{**RULE, "name": "off"})
    own = GrantRule.objects.create(issuer=issuer, **{**RULE, "name": "pinned"})
    own.conditions.create(**pin)
    says = f"{SAYS}, and these rules would let them in: deploy."
    file = tmp_path / "trust.toml"
    for refusal in (by_form(page, issuer), by_command(), by_command("--rule", "pinned"), by_file(file)):
        assert says in refusal
    issuer.refresh_from_db()
    assert issuer.conditions == [pin]
    # The rule that the command or the file changes as well is taken as it is going to be.
    named = '[[issuers.rules]]\nname = "deploy"\nscopes = "read"\nclient_policy = "anonymous"\n'
    assert by_file(file, f'{named}subject_policy = "no_user"\nallow_any_tenant = true\n') == ""
    assert by_command("--rule", "deploy", "--condition", "repository_owner_id=90210") == ""
    issuer.refresh_from_db()
    assert issuer.conditions == []
    # A rule that had no pin before does not stand in the way.
    rule.conditions.all().delete()
    assert by_form(page, issuer, conditions='[{"claim": "ref", "operator": "exists"}]') == ""


@pytest.mark.django_db
def test_issuer_does_not_become_a_shared_one_under_rules_without_a_pin(page):
    issuer = make_shared("https://own.example", conditions=[])
    GrantRule.objects.create(issuer=issuer, **RULE)
    assert "these rules would let them in: deploy." in by_form(page, issuer, issuer=GITHUB)
    assert by_form(page, issuer, issuer="https://other.example") == ""
