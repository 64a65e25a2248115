"""What is written down of each answer: with the token, in bounds without one."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.assertion import AssertionRefused, Reason
from oauth_jwt_grant.assertion.jose import import_jwk
from oauth_jwt_grant.database import readable
from oauth_jwt_grant.decision import Case, Question, decide, explain, record
from oauth_jwt_grant.models import Decision, GrantRule, TrustedIssuer
from oauth_jwt_grant.signals import assertion_accepted, assertion_refused
from oauth_jwt_grant.trust import Issuer, Rows
from tests.factories import AUDIENCE, DROP, ISSUER, SUBJECT, ec_key, jwk, mint
from tests.support import (
    World,
    assert_granted,
    assert_refused,
    build_world,
    make_application,
    make_issuer,
    make_rule,
    post,
)


def test_an_accepted_decision_tells_everything(world: World) -> None:
    assertion = mint(ec_key(), jti="one")

    assert_granted(post(world.pairs(assertion=assertion, scope="read"), REMOTE_ADDR="2001:db8::1"))

    decision = Decision.objects.get()
    assert decision.outcome == "accepted"
    assert (decision.reason, decision.detail) == ("", "")
    assert (decision.issuer, decision.iss, decision.rule) == (world.issuer, world.issuer.issuer, world.rule)
    assert (decision.application, decision.user) == (world.application, world.user)
    assert (decision.subject, decision.scope) == (SUBJECT, "read")
    assert (decision.kid, decision.alg) == (ec_key().kid, "ES256")
    assert decision.jti_digest == hashlib.sha256(b"one").hexdigest()
    assert decision.client_address == "2001:db8::1"
    assert decision.access_token == get_access_token_model().objects.get()
    assert len(decision.replay_key or "") == 64
    assert str(decision) == f"accepted {world.issuer.issuer} {readable(decision.time)}"


def test_a_decision_tells_its_time_as_the_admin_does(settings) -> None:
    decision = Decision(
        outcome="accepted", iss="https://a.example", time=datetime(2026, 3, 4, 23, 5, tzinfo=UTC)
    )
    with timezone.override("Asia/Tokyo"):
        assert str(decision) == "accepted https://a.example March 5, 2026, 8:05 a.m."
    decision.time = datetime(2026, 3, 4, 23, 5)
    settings.USE_TZ = False
    assert str(decision) == "accepted https://a.example March 4, 2026, 11:05 p.m."


def test_who_has_stolen_a_key_cannot_hide_which_one_it_was(world: World) -> None:
    assert_granted(world.post(assertion=mint(ec_key(), header={"kid": DROP})))
    assert Decision.objects.get().kid == ec_key().kid
    Decision.objects.all().delete()

    world.issuer.jwks = {"keys": [jwk(ec_key(), kid=DROP)]}
    world.issuer.save()
    assert_granted(world.post(assertion=mint(ec_key(), header={"kid": "made up"})))
    assert Decision.objects.get().kid == import_jwk(jwk(ec_key())).thumbprint


@pytest.mark.standard("H-48")
@pytest.mark.parametrize(("leeway", "seconds"), [(None, 30), (0, 0), (120, 120)])
def test_single_use_is_guarded_for_as_long_as_the_issuers_leeway_admits(
    world: World, leeway: int | None, seconds: int
) -> None:
    world.change(world.issuer, leeway=leeway)
    expires = int(time.time()) + 300

    assert_granted(world.post(assertion=mint(ec_key(), exp=expires)))

    assert Decision.objects.get().replay_until == datetime.fromtimestamp(expires + seconds, tz=UTC)


def test_a_refused_decision_tells_what_was_known(world: World) -> None:
    assert_refused(world.post(assertion=mint(ec_key(), aud="other", jti="one")), "invalid_grant")
    decision = Decision.objects.get()
    assert (decision.outcome, decision.reason) == ("refused", "audience")
    assert (decision.issuer, decision.application) == (world.issuer, world.application)
    assert (decision.kid, decision.alg) == (ec_key().kid, "ES256")
    # Of what was not verified as a whole nothing passes for the issuer's word.
    assert (decision.subject, decision.jti_digest, decision.rule, decision.user) == ("", "", None, None)
    assert (decision.access_token, decision.replay_key, decision.replay_until) == (None, None, None)
    decision.delete()

    assert_refused(world.post(assertion=mint(ec_key(), jti="one"), scope="unknown"), "invalid_scope")
    decision = Decision.objects.get()
    assert (decision.rule, decision.user, decision.subject) == (world.rule, world.user, SUBJECT)
    assert decision.jti_digest == hashlib.sha256(b"one").hexdigest()
    assert "unknown" in decision.detail
    assert decision.replay_key is None


def test_a_refusal_for_want_of_the_right_client_names_the_rule_if_one_is_meant(world: World) -> None:
    make_application("other")
    make_rule(world.issuer).conditions.create(claim="absent", operator="exists")
    for number, expected in enumerate((world.rule, None)):
        assert_refused(world.post_anonymously(), "invalid_client")
        assert_refused(world.post(client_id="other"), "unauthorized_client")
        found = [(decision.reason, decision.rule) for decision in Decision.objects.order_by("pk")]
        assert found[-2:] == [("client_required", expected), ("client_not_admitted", expected)]
        make_rule(world.issuer, name=f"one more {number}")


@pytest.mark.parametrize("address", ["", "unix:", "not an address", "1.2.3.4, 5.6.7.8", "10.0.0.1\0"])
def test_what_is_no_address_is_none(world: World, address: str) -> None:
    assert_granted(post(world.pairs(), REMOTE_ADDR=address))

    assert Decision.objects.get().client_address is None


def test_long_and_odd_header_texts_fit(world: World) -> None:
    for kid, alg in (("k" * 1000, "ES256"), ("\U0001f600" * 300, "é" * 100), ("k", "A" * 500)):
        response = world.post(assertion=mint(ec_key(), header={"kid": kid, "alg": alg}))
        assert_refused(response, "invalid_grant")
    assert Decision.objects.count() == 3


def refuse_at_length(assertion: Any, rule: Any) -> Any:
    """A ``SUBJECT_RESOLVER`` of a site that has much to say."""
    raise AssertionRefused(Reason.UNKNOWN_SUBJECT, detail="x" * 1000)


def test_a_long_detail_fits(world: World, settings: Any) -> None:
    """Also where the database would keep all of it."""
    resolver = f"{__name__}.{refuse_at_length.__name__}"
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "SUBJECT_RESOLVER": resolver}
    assert_refused(world.post(), "invalid_grant")
    assert Decision.objects.get().detail == "x" * 500


def test_refusals_are_bounded_for_each_issuer_and_minute(world: World, settings: Any) -> None:
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "REFUSALS_PER_MINUTE": 3}
    other = make_issuer(ec_key(name="second"), issuer="https://second.example")
    make_rule(other, world.application, subject_policy="no_user")
    theirs = {"iss": "https://second.example", "aud": "other"}

    for _ in range(5):
        assert_refused(world.post(assertion=mint(ec_key(), aud="other")), "invalid_grant")
        assert_refused(world.post(assertion=mint(ec_key(name="second"), **theirs)), "invalid_grant")
    assert Decision.objects.filter(issuer=world.issuer).count() == 3
    assert Decision.objects.filter(issuer=other).count() == 3
    assert_granted(world.post())
    assert Decision.objects.filter(issuer=world.issuer, outcome="accepted").count() == 1

    for decision in Decision.objects.filter(outcome="refused"):
        world.change(decision, time=decision.time - timedelta(seconds=61))
    assert_refused(world.post(assertion=mint(ec_key(), aud="other")), "invalid_grant")
    assert Decision.objects.filter(issuer=world.issuer, outcome="refused").count() == 4


def test_accepted_decisions_do_not_use_up_the_refusals(world: World, settings: Any) -> None:
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "REFUSALS_PER_MINUTE": 1}
    for _ in range(3):
        assert_granted(world.post())

    assert_refused(world.post(scope="unknown"), "invalid_scope")
    assert Decision.objects.filter(outcome="refused").count() == 1


def test_no_refusal_is_kept_where_none_may_be(world: World, settings: Any) -> None:
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "REFUSALS_PER_MINUTE": 0}

    assert_refused(world.post(scope="unknown"), "invalid_scope")
    assert not Decision.objects.exists()


def test_a_refusal_writes_nothing_but_its_decision(world: World) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert_refused(world.post(scope="unknown"), "invalid_scope")

    writes = [
        query["sql"]
        for query in queries
        if query["sql"].split(None, 1)[0].upper() in ("INSERT", "UPDATE", "DELETE", "REPLACE")
    ]
    assert len(writes) == 1
    assert Decision._meta.db_table in writes[0]


def test_a_refusal_without_an_issuer_writes_nothing(world: World) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert_refused(world.post(assertion=mint(ec_key(), iss="https://unknown.example")), "invalid_grant")
        assert_refused(world.post(assertion="nonsense"), "invalid_grant")

    assert not any(query["sql"].upper().startswith(("INSERT", "UPDATE", "DELETE")) for query in queries)


def test_the_database_lets_no_replay_key_in_twice(world: World) -> None:
    assert_granted(world.post())
    decision = Decision.objects.get()

    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.create(outcome="accepted", iss="x", replay_key=decision.replay_key)


def test_decisions_outlive_what_they_are_about(world: World) -> None:
    assert_granted(world.post())
    world.issuer.delete()
    get_access_token_model().objects.all().delete()
    world.application.delete()
    world.user.delete()

    decision = Decision.objects.get()
    assert (decision.issuer, decision.rule, decision.application, decision.user) == (None, None, None, None)
    assert decision.iss == "https://issuer.example"
    assert decision.subject == SUBJECT
    assert decision.replay_key


def error_of(act: Callable[[], object]) -> DatabaseError:
    """What the database raises."""
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        act()
    return caught.value


def test_what_the_database_refuses_is_told_by_its_error(world: World) -> None:
    assert_granted(world.post())
    spent = Decision.objects.get().replay_key

    replay = error_of(lambda: Decision.objects.create(outcome="accepted", iss="x", replay_key=spent))
    # PostgreSQL shows the values of the row, some of which anybody may choose.
    other = error_of(lambda: Decision.objects.create(outcome="accepted", iss=None, kid="replay_key"))
    permission = decide(case_of(world))

    def reason_of(error: DatabaseError) -> Reason:
        return record.refusal_of(error, permission).reason

    assert reason_of(replay) is Reason.REPLAYED
    assert reason_of(other) is Reason.NOT_STORED
    world.change(world.issuer, enabled=False)
    assert reason_of(other) is Reason.ISSUER_DISABLED
    assert reason_of(OperationalError("lock wait timeout")) is Reason.DATABASE_BUSY


def case_of(world: World) -> Case:
    """A case that is decided in favour of the client."""
    question = Question(
        assertion=mint(ec_key()), application=world.application, audiences=[AUDIENCE], now=time.time()
    )
    return Case(question)


class Apart:
    """Writes one model to a database of its own, and says which for each request."""

    model: Any = None

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        return "other" if model is Apart.model else None


@pytest.mark.parametrize(
    "model", [TrustedIssuer, GrantRule, Decision, get_access_token_model(), get_user_model()]
)
def test_no_token_without_one_database_for_all(
    world: World, settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, model: Any
) -> None:
    settings.DATABASE_ROUTERS = [Apart()]
    assertion = mint(ec_key())
    monkeypatch.setattr(Apart, "model", model)
    with CaptureQueriesContext(connection) as queries:
        refused = world.post(assertion=assertion)

    assert_refused(refused, "temporarily_unavailable", status=503)
    assert refused["Retry-After"] == "30"
    assert not any(query["sql"].startswith("INSERT") for query in queries)
    [logged] = [line for line in caplog.records if "E010" in line.getMessage()]
    assert logged.levelname == "ERROR"
    assert f"{model._meta.label}: other" in logged.getMessage()
    assert "oauth_jwt_grant.E010" in logged.getMessage()
    assert explain(case_of(world).question).refused.reason is Reason.DATABASES_DIFFER

    # The router may answer in another way the next time.
    monkeypatch.setattr(Apart, "model", None)
    assert_granted(world.post(assertion=assertion))


def unkept(world: World) -> Case:
    """A case whose refusal no database takes: its issuer has lost its name."""
    issuer = TrustedIssuer(pk=world.issuer.pk, name="nameless")
    issuer.issuer = None  # type: ignore[assignment]
    case = Case(Question(assertion="x", audiences=["a"], now=time.time()))
    case.issuer, case.rows = Issuer.of(issuer), Rows(lambda: issuer, {})
    return case


@pytest.mark.django_db(transaction=True)
def test_a_refusal_that_the_database_does_not_take_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    assert record.refuse(unkept(build_world()), AssertionRefused(Reason.AUDIENCE), None) is None
    assert "did not take a refusal" in caplog.text
    assert not Decision.objects.exists()


def test_a_case_without_an_issuer_is_not_kept(db: None) -> None:
    case = Case(Question(assertion="x", audiences=["a"], now=0))

    assert record.refuse(case, AssertionRefused(Reason.MALFORMED), None) is None


@pytest.mark.parametrize("outcome", ["accepted", "refused"])
def test_receivers_read_what_a_decision_rests_on_without_a_statement(world: World, outcome: str) -> None:
    heard: list[Decision] = []

    def hear(decision: Decision, **others: Any) -> None:
        with CaptureQueriesContext(connection) as queries:
            assert decision.issuer is not None
            assert decision.rule is not None
            assert decision.rule.issuer is decision.issuer
            names = (decision.issuer.name, decision.rule.name, decision.rule.scopes)
            assert names == (world.issuer.name, world.rule.name, world.rule.scopes)
            assert (decision.application, decision.user) == (world.application, world.user)
            assert (decision.access_token is None) == (outcome == "refused")
        assert len(queries) == 0
        heard.append(decision)

    signal = assertion_accepted if outcome == "accepted" else assertion_refused
    signal.connect(hear)
    try:
        world.post(scope="read" if outcome == "accepted" else "never")
    finally:
        signal.disconnect(hear)

    assert heard == [Decision.objects.get(outcome=outcome)]


def test_a_user_that_a_resolver_has_read_from_a_replica_is_recorded(world: World) -> None:
    user = type(world.user).objects.get(pk=world.user.pk)
    user._state.db = "replica"

    case = Case(Question(assertion="x", audiences=["a"], now=time.time()))
    decision = record._decision(case, {"user": user}, iss=ISSUER)

    assert (decision.issuer, decision.rule, decision.user) == (None, None, user)
    assert (decision.issuer_id, decision.rule_id, decision.user_id) == (None, None, user.pk)
