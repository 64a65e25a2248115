"""From rows to terms, keys and rules."""

from __future__ import annotations

import dataclasses
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command

from oauth_jwt_grant.assertion import AssertionRefused, Door, Reason
from oauth_jwt_grant.database import to_datetime
from oauth_jwt_grant.keys import (
    CertificateKeys,
    DiscoveredKeys,
    Failure,
    InlineKeys,
    KeySet,
    RemoteKeys,
    Stored,
    key_set_text,
)
from oauth_jwt_grant.models import ClaimCondition, GrantRule, IssuerKeys, LinkedSubject, TrustedIssuer
from oauth_jwt_grant.rules import Client, Operator
from oauth_jwt_grant.trust import (
    Issuer,
    Link,
    Rule,
    check_trusted,
    find_trust,
    policy_of,
    trusted_at,
    why_not_trusted,
)
from oauth_jwt_grant.trust.key_store import DatabaseKeyStore
from oauth_jwt_grant.trust.sources import _source_of
from tests.factories import AUDIENCE, ISSUER, SUBJECT, ec_key, mint
from tests.support import World, assert_granted, beside, cases, make_application, make_issuer, make_rule

ODD: dict[str, Any] = {
    "source": "s",
    "count": 1,
    "since": 1.5,
    "at": 1.5,
    "error": "",
    "retry_at": 2,
    "urgent_at": 2,
}


def refusal(function: Any, *arguments: Any) -> Reason:
    with pytest.raises(AssertionRefused) as caught:
        function(*arguments)
    return caught.value.reason


def test_rules_come_in_their_order_with_their_conditions(world: World) -> None:
    first = make_rule(world.issuer, name="first", position=0)
    last = make_rule(world.issuer, name="last", position=9)
    early = make_rule(world.issuer, name="early", position=1)
    make_rule(world.issuer, name="off", position=2, enabled=False)
    early.conditions.create(claim="a", operator="in", values=["x", "y"])
    early.conditions.create(claim="/b/0", operator="exists", values=[])
    make_rule(make_issuer(issuer="https://other.example"), name="other")

    trust = find_trust(ISSUER, None)

    assert trust.issuer == Issuer.of(world.issuer)
    rows = [world.rule, first, early, last]
    assert [rule.rule for rule in trust.rules] == [Rule.of(row) for row in rows]
    assert [trust.rows.rule(rule.rule) for rule in trust.rules] == rows
    assert [rule.conditions for rule in trust.rules][:2] == [(), ()]
    one, two = trust.rules[2].conditions
    assert (one.claim, one.operator, one.values) == ("a", Operator.IN, ("x", "y"))
    assert (two.claim, two.operator, two.values) == ("/b/0", Operator.EXISTS, ())
    assert str(trust.rules[2]) == "early"


def test_a_rule_is_loaded_as_its_client_meets_it(world: World) -> None:
    other = make_application("other")
    client, stranger = Client(world.application.pk), Client(other.pk)

    (listed,) = find_trust(ISSUER, client).rules
    (not_listed,) = find_trust(ISSUER, stranger).rules
    (nobody,) = find_trust(ISSUER, None).rules

    assert listed.lists(client)
    assert not not_listed.lists(stranger)
    assert not nobody.lists(stranger)


def test_a_rule_comes_with_its_application_and_with_the_link(
    world: World, django_assert_num_queries: Any
) -> None:
    world.change(world.rule, default_application=world.application)

    with django_assert_num_queries(1):
        trust = find_trust(ISSUER, None, SUBJECT)
        (loaded,) = trust.rules
        assert loaded.application == world.application
        rule = trust.rule_of_request(loaded)
        assert (rule.pk, rule.issuer.pk) == (world.rule.pk, world.issuer.pk)
        assert rule.default_application_id == world.application.pk
        assert rule.link == Link(SUBJECT, world.user)
        assert trust.rows.rule(rule).issuer == world.issuer


@pytest.mark.parametrize("subject", [SUBJECT.upper(), f"{SUBJECT} ", "", "x" * 5000])
def test_the_link_of_a_neighbour_is_nobodys(world: World, subject: str) -> None:
    assert find_trust(ISSUER, None, subject).link == Link(subject, None)


def test_an_issuer_without_rules_is_still_known(world: World) -> None:
    world.rule.delete()

    trust = find_trust(ISSUER, None)
    assert (trust.issuer, trust.rows.issuer(), trust.rules) == (Issuer.of(world.issuer), world.issuer, ())


def test_a_row_that_is_not_saved_has_a_value(world: World) -> None:
    issuer = TrustedIssuer(issuer=ISSUER, algorithms=["ES256"], audiences="of SQL")
    rule = Rule.of(GrantRule(issuer=issuer, name="draft", resources=["a"], user=world.user))

    assert (rule.pk, rule.name, rule.resources, rule.user_id) == (None, "draft", ("a",), world.user.pk)
    assert (rule.issuer.pk, rule.issuer.algorithms, rule.issuer.audiences) == (None, ("ES256",), "of SQL")
    assert str(rule.issuer) == ISSUER


def test_a_value_has_what_its_row_has() -> None:
    """Fields that are not in a value are named here, so that a new column is not forgotten."""
    left_out = {"issuer": {"created", "updated"}, "rule": {"issuer_id", "enabled", "position"}}
    for name, model, value in (("issuer", TrustedIssuer, Issuer), ("rule", GrantRule, Rule)):
        columns = {field.attname for field in model._meta.concrete_fields if not field.primary_key}
        fields = {field.name for field in dataclasses.fields(value)} - {"pk", "link", "pinned"}
        assert columns - left_out[name] == fields - ({"issuer"} if name == "rule" else set())


@cases("iss", [ISSUER.upper(), f"{ISSUER}/", f"{ISSUER} ", "", "x" * 5000, "\u0130"])
def test_an_unknown_issuer(world: World, iss: str) -> None:
    assert refusal(find_trust, iss, None) is Reason.UNKNOWN_ISSUER


def test_an_issuer_is_trusted_in_its_dates(world: World) -> None:
    now = 1_800_000_000.5
    moment = datetime.fromtimestamp(now, tz=UTC)
    issuer = world.issuer

    check_trusted(issuer, now)
    issuer.valid_from, issuer.valid_until = moment, moment + timedelta(microseconds=1)
    check_trusted(issuer, now)
    issuer.valid_from = moment + timedelta(microseconds=1)
    assert refusal(check_trusted, issuer, now) is Reason.ISSUER_NOT_YET_VALID
    issuer.valid_from, issuer.valid_until = None, moment
    assert refusal(check_trusted, issuer, now) is Reason.ISSUER_EXPIRED
    issuer.enabled = False
    assert refusal(check_trusted, issuer, now) is Reason.ISSUER_DISABLED


@cases(
    ("enabled", "begins", "ends", "trusted"),
    [
        (enabled, begins, ends, enabled and (begins or 0) <= 0 and (ends is None or ends > 0))
        for enabled in (True, False)
        for begins in (None, -2, -1, 0, 1)
        for ends in (None, -1, 0, 1, 2)
        if begins is None or ends is None or begins < ends
    ],
)
def test_a_row_and_a_query_agree_on_who_is_trusted_now(
    world: World, enabled: bool, begins: int | None, ends: int | None, trusted: bool
) -> None:
    """To the microsecond."""
    now = to_datetime(1_800_000_000.5)
    valid_from, valid_until = (
        None if away is None else now + timedelta(microseconds=away) for away in (begins, ends)
    )
    world.change(world.issuer, enabled=enabled, valid_from=valid_from, valid_until=valid_until)

    assert (why_not_trusted(TrustedIssuer.objects.get(), now) is None) == trusted
    assert TrustedIssuer.objects.filter(trusted_at(now)).exists() == trusted
    assert GrantRule.objects.filter(trusted_at(now, "issuer__")).exists() == trusted


def test_the_terms_of_an_issuer_and_the_settings_it_leaves_open(world: World, settings: Any) -> None:
    settings.OAUTH_JWT_GRANT = {"ALGORITHMS": ["ES256", "RS256"], "LEEWAY": 7, "MAX_LIFETIME": 77}

    policy = policy_of(world.issuer, [AUDIENCE])
    assert policy.algorithms == {"ES256", "RS256"}
    assert (policy.leeway, policy.max_lifetime) == (7, 77)
    assert (policy.require_jti, policy.subject_fallback, policy.id_jag) == (False, False, False)
    issuer = TrustedIssuer(
        issuer=ISSUER,
        algorithms=["ES256", "ES384"],
        audiences=["own"],
        leeway=0,
        max_lifetime=5,
        replay_policy="require_jti",
        subject_fallback=True,
        profile="id-jag",
    )
    policy = policy_of(issuer, [AUDIENCE])
    assert policy.algorithms == {"ES256"}
    assert policy.audiences == {"own"}
    assert (policy.leeway, policy.max_lifetime) == (0, 5)
    assert (policy.require_jti, policy.subject_fallback, policy.id_jag) == (True, True, True)


@pytest.mark.standard("AUD-01", "JOSE-03")
@cases(
    "change",
    [
        {"algorithms": ["none"]},
        {"algorithms": ["HS256"]},
        {"algorithms": [["ES256"]]},
        {"audiences": [""]},
        {"audiences": [[]]},
        {"max_lifetime": 0},
        {"max_lifetime": 2**31},
        {"leeway": 2**31},
    ],
)
def test_terms_that_accept_all_or_nothing_are_refused(world: World, change: dict[str, Any]) -> None:
    for name, value in change.items():
        setattr(world.issuer, name, value)

    assert refusal(policy_of, world.issuer, [AUDIENCE]) is Reason.ISSUER_MISCONFIGURED


@pytest.mark.parametrize(
    "change", [{"ALGORITHMS": []}, {"ALGORITHMS": ["none", "HS256"]}, {"LEEWAY": -1}], ids=str
)
def test_settings_that_accept_all_or_nothing_are_refused(
    world: World, settings: Any, change: dict[str, Any]
) -> None:
    settings.OAUTH_JWT_GRANT = change

    assert refusal(policy_of, world.issuer, [AUDIENCE]) is Reason.ISSUER_MISCONFIGURED


def test_without_an_audience_nothing_is_accepted(world: World) -> None:
    assert refusal(policy_of, world.issuer, []) is Reason.ISSUER_MISCONFIGURED


@pytest.mark.parametrize(
    ("key_source", "kind"),
    [
        ("inline", InlineKeys),
        ("certificates", CertificateKeys),
        ("jwks_url", RemoteKeys),
        ("discovery", DiscoveredKeys),
    ],
)
def test_each_source_of_keys(world: World, key_source: str, kind: type) -> None:
    assert type(_source_of(TrustedIssuer(issuer=ISSUER, key_source=key_source))) is kind


def test_kept_keys(world: World) -> None:
    store, other = (
        DatabaseKeyStore(world.issuer),
        DatabaseKeyStore(make_issuer(issuer="https://other.example")),
    )
    assert store.load() == Stored()

    first = KeySet("source", '{"keys": []}', 1.5, 2.5, None)
    store.save(first)
    assert store.load() == Stored(first)
    assert other.load() == Stored()
    text = key_set_text({"keys": [{"kid": "é"}]})
    second = KeySet("other", text, 3.25, 4.0, '"etag"', "", {"thumbprint": 3.25})
    store.save(second)
    assert store.load() == Stored(second)
    store.save(KeySet("s", "{}", 1.0, 2.0, "e" * 300))
    kept = store.load().keys
    assert kept is not None
    assert kept.etag == "e" * 255


def test_a_failure_is_stored_beside_the_keys(world: World) -> None:
    store = DatabaseKeyStore(world.issuer)
    failure = Failure(source="s", count=2, since=1.5, at=3.0, error="é" * 600, retry_at=4.0, urgent_at=3.5)
    short = dataclasses.replace(failure, error="é" * 500)
    store.fail(failure)
    assert store.load() == Stored(None, short)
    keys = KeySet("s", '{"keys": []}', 1.5, 2.5, '"etag"')
    store.save(keys)
    assert store.load() == Stored(keys)
    store.fail(failure)
    assert store.load() == Stored(keys, short)


@cases(
    "value", ["x", [], {}, 5, {"source": "s"}, {**ODD, "at": "x"}, {**ODD, "error": None}, {**ODD, "x": 1}]
)
def test_a_failure_of_another_form_counts_as_none(world: World, value: Any) -> None:
    DatabaseKeyStore(world.issuer).fail(Failure(**ODD))
    assert DatabaseKeyStore(world.issuer).load().failure == Failure(**ODD)
    IssuerKeys.objects.update(failure=value)
    assert DatabaseKeyStore(world.issuer).load() == Stored()


def test_trust_is_carried_from_site_to_site(world: World, tmp_path: Any) -> None:
    """By natural keys: the rows of the other site have other primary keys."""
    world.rule.conditions.create(claim="a", values=["x"])
    fixture = tmp_path / "trust.json"
    models = ["trustedissuer", "grantrule", "claimcondition", "linkedsubject"]
    names = [f"oauth_jwt_grant.{model}" for model in models]
    options = {"use_natural_primary_keys": True, "use_natural_foreign_keys": True, "output": str(fixture)}
    call_command("dumpdata", *names, verbosity=0, **options)
    TrustedIssuer.objects.all().delete()
    make_issuer(issuer="https://first.example")

    call_command("loaddata", str(fixture), verbosity=0)

    trust = find_trust(ISSUER, Client(world.application.pk))
    (rule,) = trust.rules
    assert rule.lists(Client(world.application.pk))
    assert rule.conditions[0].claim == "a"
    assert_granted(world.post(assertion=mint(ec_key(), a="x")))
    assert trust.rows.issuer().linked_subjects.get().user == world.user


def test_keys_that_several_save_at_once(world: World, transactional_db: None) -> None:
    """On SQLite, too, where a transaction that reads before it writes is turned away."""
    barrier = threading.Barrier(4)
    errors: list[Exception] = []

    def save() -> None:
        store = DatabaseKeyStore(world.issuer)
        barrier.wait()
        try:
            for number in range(20):
                store.save(KeySet("source", "{}", float(number), 2.5))
        except Exception as error:
            errors.append(error)

    with beside(save), beside(save), beside(save), beside(save):
        pass
    assert errors == []
    assert IssuerKeys.objects.get().fetched_at == 19.0


def test_keys_of_an_issuer_that_was_deleted_meanwhile(
    world: World, transactional_db: None, caplog: pytest.LogCaptureFixture
) -> None:
    TrustedIssuer.objects.filter(pk=world.issuer.pk).delete()
    DatabaseKeyStore(world.issuer).save(KeySet("source", "{}", 1.0, 2.5))
    assert "cannot be stored" in caplog.text
    assert not IssuerKeys.objects.exists()


@pytest.mark.parametrize("model", [GrantRule, ClaimCondition, LinkedSubject])
def test_the_order_of_rows_joins_no_table(model: Any) -> None:
    assert " JOIN " not in str(model.objects.all().query)


def test_an_id_jag_comes_by_the_authorization_grant_alone(world: World) -> None:
    world.change(world.issuer, profile="id-jag")
    world.change(world.rule, accepted_as=[*Door])
    rule = Rule.of(world.rule)
    assert rule.why_not_for(Door.AUTHORIZATION_GRANT) == ""
    assert rule.why_not_for(Door.SUBJECT_TOKEN) == "an ID-JAG is not accepted as subject_token"
