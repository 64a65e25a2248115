"""What is accepted can grant something: dead configurations by each path, refused or reported."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oauth_jwt_grant.admin.shared import state_of
from oauth_jwt_grant.dot import get_scopes_backend
from oauth_jwt_grant.models import ClaimCondition, GrantRule, LinkedSubject, TrustedIssuer
from oauth_jwt_grant.presets import apply, get_preset
from oauth_jwt_grant.trust import Level, examine, obstacles_of
from tests.admin.forms import fill_in
from tests.factories import ISSUER, ec_key, jwks
from tests.support import make_application, make_user

pytestmark = pytest.mark.django_db

GOOD = {"client_policy": "anonymous", "subject_policy": "no_user", "scopes": "read"}


@dataclass(frozen=True)
class Dead:
    """A configuration that grants nothing, or less than it says. ``refused``: it can never be saved."""

    refused: bool = False
    issuer: dict[str, Any] = field(default_factory=dict)
    rule: dict[str, Any] = field(default_factory=dict)
    conditions: tuple[tuple[str, str, list[Any]], ...] = ()
    user: dict[str, Any] | None = None
    linked: bool = False
    after: bool = False
    settings: dict[str, Any] = field(default_factory=dict)


DEAD = {
    "no lifetime": Dead(refused=True, rule={"access_token_lifetime": 0}),
    "defaults beyond the scopes": Dead(refused=True, rule={"default_scopes": "write"}),
    "resource without a host": Dead(refused=True, rule={"resources": ["api"]}),
    "claims as a list in a string": Dead(refused=True, rule={"recorded_claims": ['["a", "b"]']}),
    "audiences as a list in a string": Dead(refused=True, issuer={"audiences": ['["a", "b"]']}),
    "audience with a space": Dead(refused=True, issuer={"audiences": [" https://as.example.com"]}),
    "no lifetime of assertions": Dead(refused=True, issuer={"max_lifetime": 0}),
    "no field of users": Dead(refused=True, rule={"subject_policy": "user_field", "user_field": "nothing"}),
    "field that is no text": Dead(
        refused=True, rule={"subject_policy": "user_field", "user_field": "last_login"}
    ),
    "resource required, none named": Dead(refused=True, rule={"require_resource": True}),
    "no claim for the link": Dead(refused=True, rule={"subject_policy": "linked", "subject_claim": "/a~2"}),
    "people of any issuer": Dead(
        rule={"subject_policy": "linked", "subject_claim": "/sub_id/nameid"}, linked=True
    ),
    "nobody chosen": Dead(refused=True, rule={"subject_policy": "service_user"}),
    "empty operand": Dead(refused=True, conditions=(("ref", "equals", [""]),)),
    "misspelt scope": Dead(rule={"scopes": "raed"}),
    "misspelt among good": Dead(rule={"scopes": "read wriet"}),
    "nothing listed": Dead(rule={"client_policy": "listed"}),
    "wildcard in an exact list": Dead(conditions=(("ref", "in", ["refs/tags/v*"]),)),
    "list as one text": Dead(conditions=(("ref", "equals", ['["main", "next"]']),)),
    "conditions that exclude each other": Dead(
        conditions=(("ref", "equals", ["main"]), ("ref", "in", ["next", "old"]))
    ),
    "nobody linked": Dead(rule={"subject_policy": "linked"}),
    "links that no rule uses": Dead(linked=True),
    "inactive user": Dead(rule={"subject_policy": "service_user"}, user={"is_active": False}),
    "privileged user": Dead(rule={"subject_policy": "service_user"}, user={"is_staff": True}),
    "proofs while DPoP is off": Dead(rule={"require_dpop": True}),
    "rule after one that takes all": Dead(after=True),
    "disabled rule": Dead(rule={"enabled": False}),
    "rule that refuses": Dead(rule={"refuses": True}),
    "algorithm that the site forbids": Dead(
        issuer={"algorithms": ["ES256"]}, settings={"ALGORITHMS": ["RS256"]}
    ),
    "server whose audience has a space": Dead(settings={"AUDIENCES": [" https://as.example.com"]}),
}
EACH = pytest.mark.parametrize("dead", [pytest.param(dead, id=name) for name, dead in DEAD.items()])


@pytest.fixture
def issuer(dead, settings) -> TrustedIssuer:
    """A good issuer, on a site as ``dead`` wants it."""
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, **dead.settings}
    row = TrustedIssuer.objects.create(name="Issuer", issuer=ISSUER, key_source="inline", jwks=jwks(ec_key()))
    if dead.linked:
        LinkedSubject.objects.create(issuer=row, subject="alice", user=make_user("alice"))
    if dead.after:
        GrantRule.objects.create(issuer=row, name="everything", **GOOD)
    return row


@pytest.fixture
def values(dead) -> dict[str, Any]:
    """The columns of the rule."""
    chosen = {} if dead.user is None else {"user": make_user("robot", **dead.user)}
    return {"name": "dead", "position": 5, **GOOD, **dead.rule, **chosen}


def store(dead, issuer, values) -> GrantRule:
    """Write the rows past every form."""
    TrustedIssuer.objects.filter(pk=issuer.pk).update(**dead.issuer)
    rule = GrantRule.objects.create(issuer=issuer, **values)
    for claim, operator, operands in dead.conditions:
        ClaimCondition.objects.create(rule=rule, claim=claim, operator=operator, values=operands)
    issuer.refresh_from_db()
    return rule


def as_text(value: Any) -> Any:
    """A value as one types it into a form."""
    return json.dumps(value) if isinstance(value, list) else getattr(value, "pk", value)


@EACH
def test_form(dead, issuer, values):
    browser = Client()
    browser.force_login(make_user("root", is_staff=True, is_superuser=True))
    page = reverse("admin:oauth_jwt_grant_trustedissuer_change", args=[issuer.pk])
    answers = []
    if dead.issuer:
        typed = {name: as_text(value) for name, value in dead.issuer.items()}
        if "algorithms" in dead.issuer:
            typed = dead.issuer
        answers.append(browser.post(page, fill_in(browser.get(page), "trustedissuer_form", **typed)))
    if not dead.refused or not dead.issuer:
        add = f"{reverse('admin:oauth_jwt_grant_grantrule_add')}?issuer={issuer.pk}"
        ticked = {"enabled", "require_dpop"}
        typed = {name: as_text(value) for name, value in values.items() if name not in ticked}
        typed |= {"enabled": None} if values.get("enabled") is False else {}
        typed |= {"require_dpop": "on"} if values.get("require_dpop") else {}
        form = fill_in(browser.get(add), "grantrule_form", **typed)
        form["conditions-TOTAL_FORMS"] = str(len(dead.conditions))
        for number, (claim, operator, operands) in enumerate(dead.conditions):
            row = {"claim": claim, "operator": operator, "values": json.dumps(operands)}
            form |= {f"conditions-{number}-{name}": value for name, value in row.items()}
        answers.append(browser.post(add, form))
    if dead.refused:
        assert [answer.status_code for answer in answers] == [200]
    else:
        assert {answer.status_code for answer in answers} == {302}
        content = browser.get(page).content.decode()
        assert "ojg-advice" in content
        assert 'class="ojg-state ojg-warning"' in content


FLAGS = {
    "access_token_lifetime": "--token-lifetime",
    "recorded_claims": "--record-claim",
    "resources": "--resource",
    "audiences": "--audience",
    "user": "--service-user",
}


def flags_for(dead, values) -> list[str]:
    """The flags of ``trustissuer`` for the rows."""
    given = {**values, **dead.issuer}
    policy, field_name = given.pop("subject_policy"), given.pop("user_field", None)
    flags = [f"--{given.pop('client_policy')}"]
    flags += ["--user-field", field_name] if field_name else []
    flags += ["--service-user", "nobody"] if policy == "service_user" and "user" not in given else []
    flags += [f"--{policy.replace('_', '-')}"] if policy in ("linked", "no_user") else []
    flags += ["--rule", given.pop("name")]
    for name, value in given.items():
        flag = FLAGS.get(name, f"--{name.replace('_', '-')}")
        for one in value if isinstance(value, list) else [value]:
            name_of = getattr(one, "get_username", one.__str__)
            flags += [flag] if one is True else [flag, name_of()]
    for claim, operator, operands in dead.conditions:
        plain = operator == "equals"
        flags += ["--condition", f"{claim}={operands[0]}" if plain else f"{claim} in {json.dumps(operands)}"]
    return flags


@EACH
def test_command(dead, issuer, values):
    if not values.pop("enabled", True):
        GrantRule.objects.create(issuer=issuer, **{**values, "enabled": False})
    said = io.StringIO()
    arguments = ("trustissuer", "--issuer", ISSUER, *flags_for(dead, values))
    if dead.refused:
        with pytest.raises(CommandError):
            call_command(*arguments)
        assert not GrantRule.objects.exists()
    else:
        call_command(*arguments, stdout=io.StringIO(), stderr=said)
        assert said.getvalue()


@EACH
def test_preset(dead, issuer, values):
    applied = apply(get_preset("service-account"), {"issuer": "robot", "jwks": json.dumps(jwks(ec_key()))})
    if dead.after or dead.linked:
        applied = apply(get_preset("service-account"), {"issuer": ISSUER, "jwks": json.dumps(issuer.jwks)})
        applied.conditions = [ClaimCondition(claim="ref", operator="equals", values=["main"])]
    for row, columns in ((applied.issuer, dead.issuer), (applied.rule, values)):
        for name, value in columns.items():
            setattr(row, name, value)
    applied.conditions += [
        ClaimCondition(claim=claim, operator=operator, values=operands)
        for claim, operator, operands in dead.conditions
    ]
    if dead.refused:
        with pytest.raises(ValidationError):
            applied.save()
        assert not GrantRule.objects.exists()
    else:
        applied.save()
        assert obstacles_of(applied.issuer)


def reported() -> list[str]:
    """What the system check says of the trust."""
    messages = run_checks(databases=["default"])
    return [message.msg for message in messages if message.id == "oauth_jwt_grant.W021"]


@EACH
def test_stored(dead, issuer, values):
    """The system check, ``checkissuers`` and the state on the page all report what is stored already."""
    assert [one.text for one in obstacles_of(issuer) if one.blocks] or dead.after
    store(dead, issuer, values)
    assert reported()
    health = examine(issuer, timezone.now().timestamp(), warn_days=30, fetch=False)
    assert health.level in (Level.WARNING, Level.FAILING)
    assert state_of(issuer, obstacles_of(issuer), timezone.now())[0] == "warning"


@pytest.mark.parametrize("dead", [Dead()])
def test_good_configuration_is_reported_by_nobody(dead, issuer, values):
    store(dead, issuer, values)
    assert obstacles_of(issuer) == []
    assert not reported()
    assert state_of(issuer, [], timezone.now()) == ("ok", "trusted")


@pytest.mark.parametrize("dead", [Dead()])
def test_own_resolver_knows_users_that_nobody_else_can_know(dead, issuer, values, settings):
    store(dead, issuer, {**values, "subject_policy": "linked"})
    assert len(obstacles_of(issuer)) == 2
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "SUBJECT_RESOLVER": "tests.own.resolver"}
    assert obstacles_of(issuer) == []


@pytest.mark.parametrize("dead", [Dead()])
def test_check_without_tables_says_nothing(dead, issuer, monkeypatch):
    monkeypatch.setattr(TrustedIssuer._meta, "db_table", "no_such_table")
    assert not reported()


@pytest.mark.parametrize("dead", [Dead()])
@pytest.mark.parametrize(
    ("claim", "operator", "operands", "pinned"),
    [
        ("repository_id", "equals", ["1"], True),
        ("repository_owner_id", "in", ["1", "2"], True),
        ("repository_id", "exists", [], False),
        ("repository_id", "none_of", ["1"], False),
        ("repository_id", "same_as", ["repository_owner_id"], False),
        ("ref", "equals", ["refs/heads/main"], False),
    ],
)
def test_rule_for_other_customers_of_the_issuer_too(dead, issuer, claim, operator, operands, pinned):
    TrustedIssuer.objects.update(issuer="https://token.actions.githubusercontent.com")
    issuer.refresh_from_db()
    rule = GrantRule.objects.create(issuer=issuer, name="rule", **GOOD)
    ClaimCondition.objects.create(rule=rule, claim=claim, operator=operator, values=operands)
    texts = [one.text for one in obstacles_of(issuer) if one.blocks]
    assert bool(texts) is not pinned
    assert pinned or "matches nothing: a condition must name customers" in texts[0]
    assert any("matches nothing" in text for text in reported()) is not pinned


@pytest.mark.parametrize("dead", [Dead()])
def test_rule_that_names_nobody_is_a_finding_where_the_issuer_is_not_shared(dead, issuer):
    TrustedIssuer.objects.update(issuer="https://oidc.vercel.com/acme")
    issuer.refresh_from_db()
    GrantRule.objects.create(issuer=issuer, name="rule", **GOOD)
    first, trap = obstacles_of(issuer)
    assert "holds for other customers of the issuer too" in first.text
    assert "(vercel-preview, high: https://vercel.com/docs/oidc/reference)" in trap.text
    assert not first.blocks
    assert not trap.blocks
    of_team = {"claim": "owner_id", "operator": "equals", "values": ["team_1"]}
    issuer.conditions = [of_team, {"claim": "environment", "operator": "equals", "values": ["production"]}]
    assert obstacles_of(issuer) == []


@pytest.mark.parametrize("dead", [Dead()])
@pytest.mark.parametrize(("doors", "said"), [([], True), (["client_assertion"], False)])
def test_clients_are_not_looked_at_where_the_assertion_authenticates_them(dead, issuer, values, doors, said):
    store(dead, issuer, {**values, "client_policy": "listed", "accepted_as": doors})
    assert any("lists no application" in one.text for one in obstacles_of(issuer)) is said


@pytest.mark.parametrize("dead", [Dead(rule={"scopes": "raed"})])
def test_scopes_that_nobody_can_tell_without_a_request_are_no_obstacle(dead, issuer, values, monkeypatch):
    def all_scopes(self):
        raise RuntimeError

    store(dead, issuer, values)
    assert "raed" in obstacles_of(issuer)[0].text
    monkeypatch.setattr(type(get_scopes_backend()), "get_all_scopes", all_scopes)
    assert obstacles_of(issuer) == []


@pytest.mark.parametrize("dead", [Dead(settings={"ALGORITHMS": None})])
def test_what_cannot_be_examined_at_all_is_failing(dead, issuer, values):
    store(dead, issuer, values)
    (found,) = obstacles_of(issuer)
    assert "It cannot be used: " in found.text
    assert "TypeError" in found.text
    assert (found.blocks, found.level) == (True, Level.FAILING)


@pytest.mark.parametrize("dead", [Dead()])
def test_a_listed_application_that_is_deleted_by_a_command_is_a_finding(dead, issuer, values):
    store(dead, issuer, {**values, "client_policy": "listed"})
    rule = GrantRule.objects.get()
    rule.applications.add(make_application("kept"))
    assert obstacles_of(issuer) == []

    url = "https://client.example/metadata.json"
    rule.applications.add(make_application(url, registration_source="cimd"))
    (found,) = obstacles_of(issuer)
    assert f"lists {url}, which clearcimdapplications deletes" in found.text
    assert (found.blocks, found.level, found.rule) == (False, Level.WARNING, rule)
    assert any(url in text for text in reported())
