"""The dry run: the same decision, step by step, with nothing issued, stored or spent."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from oauth_jwt_grant.assertion import OPTIONAL_STEPS, Door, Reason, Step
from oauth_jwt_grant.decision import Explanation, Question, Status, explain
from oauth_jwt_grant.models import Decision, TrustedIssuer
from tests.factories import AUDIENCE, DROP, NOW, SUBJECT, ec_key, mint
from tests.support import World, assert_granted, cases, make_rule, tokens


def ask(world: World, assertion: str, **changes: Any) -> Explanation:
    arguments = {"audiences": [AUDIENCE], "now": time.time(), "application": world.application, **changes}
    return explain(Question(assertion=assertion, **arguments))


def failed(explanation: Explanation) -> list[Step]:
    return [step.step for step in explanation.steps if step.status is Status.FAILED]


def test_a_good_assertion_passes_every_step(world: World) -> None:
    explanation = ask(world, mint(ec_key()), scope="read")

    assert explanation.accepted
    assert {step.status for step in explanation.steps} == {Status.PASSED}
    assert [step.step for step in explanation.steps] == [step for step in Step if step not in OPTIONAL_STEPS]
    assert explanation.answer == {"token_type": "Bearer", "expires_in": 3600, "scope": "read"}
    assert explanation.permission is not None
    assert explanation.permission.subject.user == world.user
    (subject,) = (step for step in explanation.steps if step.step is Step.SUB)
    assert subject.actual == SUBJECT


def test_nothing_is_issued_stored_or_spent(world: World) -> None:
    assertion = mint(ec_key())
    with CaptureQueriesContext(connection) as queries:
        assert ask(world, assertion).accepted
        assert not ask(world, assertion, scope="unknown").accepted

    assert all(query["sql"].upper().startswith("SELECT") for query in queries)
    assert tokens() == 0
    assert not Decision.objects.exists()
    assert_granted(world.post(assertion=assertion))


STEPS: list[tuple[str, Any, Step, Reason]] = [
    ("length", "a" * 20_000, Step.LENGTH, Reason.TOO_LONG),
    ("form", "a.b.c", Step.FORM, Reason.MALFORMED),
    ("critical", {"header": {"crit": ["x"], "x": 1}}, Step.CRITICAL, Reason.CRITICAL_HEADER),
    ("issuer", {"iss": "https://unknown.example"}, Step.ISSUER, Reason.UNKNOWN_ISSUER),
    ("type", {"header": {"typ": "at+jwt"}}, Step.TYPE, Reason.WRONG_TYPE),
    ("algorithm", {"header": {"alg": "none"}}, Step.ALGORITHM, Reason.ALGORITHM),
    ("key", {"header": {"kid": "unknown"}}, Step.KEY, Reason.NO_SUCH_KEY),
    ("subject claim", {"sub": DROP}, Step.SUB, Reason.MISSING_CLAIM),
    ("audience", {"aud": "other"}, Step.AUD, Reason.AUDIENCE),
    ("expiry", {"exp": 1}, Step.EXP, Reason.EXPIRED),
    ("lifetime", {"exp": 4_000_000_000}, Step.LIFETIME, Reason.LIFETIME),
    ("not before", {"nbf": 4_000_000_000}, Step.NBF, Reason.NOT_YET_VALID),
    ("issued at", {"iat": 1}, Step.IAT, Reason.TOO_OLD),
    ("jti", {"jti": 1}, Step.JTI, Reason.MALFORMED_CLAIM),
    ("kind", {"nonce": "x"}, Step.KIND, Reason.ID_TOKEN),
    ("confirmation", {"cnf": {}}, Step.CNF, Reason.SENDER_CONSTRAINED),
    ("subject", {"sub": "unknown"}, Step.SUBJECT, Reason.UNKNOWN_SUBJECT),
    ("scope", {"scope": "unknown"}, Step.SCOPE, Reason.SCOPE),
    ("resource", {"resource": "https://x/"}, Step.RESOURCE, Reason.RESOURCE),
]


@pytest.mark.standard("ROB-03")
@cases(("change", "step", "reason"), [row[1:] for row in STEPS])
def test_only_the_step_that_failed_has_failed(world: World, change: Any, step: Step, reason: Reason) -> None:
    explanation = ask(world, change if isinstance(change, str) else mint(ec_key(), **change))

    assert not explanation.accepted
    assert explanation.refused is not None
    assert explanation.refused.reason is reason
    assert failed(explanation) == [step]
    order = [item.step for item in explanation.steps]
    before = [item.status for item in explanation.steps[: order.index(step)]]
    after = [item.status for item in explanation.steps[order.index(step) + 1 :]]
    assert set(before) <= {Status.PASSED}
    if step in order[: order.index(Step.SIGNATURE) + 1]:
        assert set(after) == {Status.NOT_REACHED}
    else:
        follows = {Status.NOT_REACHED} if step in (Step.SUB, Step.EXP, Step.JTI) else set()
        assert set(after) <= {Status.PASSED} | follows
    assert explanation.answer["error"] == explanation.refused.answer.error


@pytest.mark.parametrize(("limit", "status"), [(-60, Status.PASSED), (60, Status.FAILED)])
def test_the_limit_of_an_issuer_is_a_step(world: World, limit: int, status: Status) -> None:
    moment = timezone.now().replace(microsecond=0) + timedelta(seconds=limit)
    world.change(world.issuer, issued_after=moment)
    found = {step.step: step for step in ask(world, mint(ec_key())).steps}[Step.ISSUED_AFTER]
    assert (found.status, found.expected) == (status, moment.timestamp())


def reasons(explanation: Explanation) -> dict[Step | None, Reason]:
    return {failure.step: failure.refused.reason for failure in explanation.failures}


def test_all_that_is_wrong_is_found_in_one_run(world: World) -> None:
    world.rule.conditions.create(claim="repository", values=["org/repo"])
    wrong = mint(ec_key(), aud="other", exp=1, iat="yesterday", sub="nobody", repository="org/other")

    explanation = ask(world, wrong, scope="admin", resources=["https://elsewhere.example"])

    assert reasons(explanation) == {
        Step.AUD: Reason.AUDIENCE,
        Step.EXP: Reason.EXPIRED,
        Step.IAT: Reason.MALFORMED_CLAIM,
        Step.RULE: Reason.NO_RULE,
        Step.SUBJECT: Reason.UNKNOWN_SUBJECT,
        Step.SCOPE: Reason.SCOPE,
        Step.RESOURCE: Reason.RESOURCE,
    }
    assert failed(explanation) == list(reasons(explanation))
    # The client is answered as by the token endpoint: with the first of them.
    answer = world.post(assertion=wrong, scope="admin", resource="https://elsewhere.example")
    assert answer.json() == explanation.answer
    assert (explanation.permission, explanation.case.is_rule_supposed) == (None, True)
    for failure in explanation.failures:
        assert failure.refused.detail
        assert str(failure.remedy.remedy)


def test_what_only_follows_from_a_refusal_is_not_reached(world: World) -> None:
    explanation = ask(world, mint(ec_key(), sub=["alice"], exp="soon", jti=[]))

    assert reasons(explanation) == dict.fromkeys((Step.SUB, Step.EXP, Step.JTI), Reason.MALFORMED_CLAIM)
    states = {step.step: step.status for step in explanation.steps}
    assert (states[Step.LIFETIME], states[Step.SUBJECT]) == (Status.NOT_REACHED, Status.NOT_REACHED)
    assert (states[Step.AUD], states[Step.RULE], states[Step.SCOPE]) == (Status.PASSED,) * 3


def test_without_a_rule_that_may_be_meant_nothing_is_supposed(world: World) -> None:
    for rule in (world.rule, make_rule(world.issuer, world.application)):
        rule.conditions.create(claim="repository", values=["org/repo"])

    explanation = ask(world, mint(ec_key()), scope="admin")

    assert reasons(explanation) == {Step.RULE: Reason.NO_RULE}
    assert {step.status for step in explanation.steps[-4:]} == {Status.NOT_REACHED}
    assert (explanation.case.rule, len(explanation.case.misses)) == (None, 2)


def test_the_rule_that_lacks_the_client_alone_is_supposed(world: World) -> None:
    other = make_rule(world.issuer, world.application, position=0)
    other.conditions.create(claim="repository", values=["org/repo"])

    explanation = ask(world, mint(ec_key()), application=None, scope="admin")

    assert reasons(explanation) == {Step.RULE: Reason.CLIENT_REQUIRED, Step.SCOPE: Reason.SCOPE}
    assert explanation.case.rule is not None
    assert explanation.case.rule.pk == world.rule.pk


@cases("name", ["aud", "exp", "iat", "nbf", "jti", "sub", "scope", "resource", "cnf", "nonce", "azp"])
def test_no_claim_breaks_a_dry_run(world: World, name: str) -> None:
    world.change(world.rule, scope_claim="ceiling", limit_to_assertion=True)
    for value in (None, [], [[]], {}, {"a": []}, True, -1, 1e300, "", "x" * 600):
        assertion = mint(ec_key(), **{name: value})
        for more in ({}, {"door": Door.SUBJECT_TOKEN, "id_token": True}):
            explanation = ask(world, assertion, **more)
            assert explanation.accepted or explanation.refused is not None


def test_a_bad_signature(world: World) -> None:
    explanation = ask(world, mint(ec_key(name="attacker"), header={"kid": ec_key().kid}))

    assert failed(explanation) == [Step.SIGNATURE]


def test_a_rule_that_passes_the_assertion_over_says_why(world: World) -> None:
    world.rule.conditions.create(claim="repository", values=["org/repo"])

    explanation = ask(world, mint(ec_key()))

    assert failed(explanation) == [Step.RULE]
    (miss,) = explanation.case.misses
    assert str(miss.rule) == world.rule.name
    assert 'repository must equal "org/repo"' in miss.why


def test_an_assertion_that_is_spent(world: World) -> None:
    assertion = mint(ec_key())
    assert_granted(world.post(assertion=assertion))

    explanation = ask(world, assertion)
    assert failed(explanation) == [Step.REPLAY]
    assert explanation.refused is not None
    assert explanation.refused.reason is Reason.REPLAYED
    TrustedIssuer.objects.update(replay_policy="reusable")
    assert ask(world, assertion).accepted


def test_a_token_that_would_outlive_its_assertion(world: World) -> None:
    world.change(world.rule, limit_to_assertion=True)

    explanation = ask(world, mint(ec_key(), exp=int(time.time()) - 5))

    assert failed(explanation) == [Step.EXP]


@pytest.mark.parametrize(("left", "lifetime"), [(60.5, 60), (1.9, 1), (1, 1), (0.9, None), (0, None)])
def test_a_limited_token_has_the_whole_seconds_that_its_assertion_has_left(
    world: World, left: float, lifetime: int | None
) -> None:
    world.change(world.rule, limit_to_assertion=True, access_token_lifetime=None)
    assertion = mint(ec_key(), now=NOW, exp=NOW + left)
    question = Question(assertion=assertion, audiences=[AUDIENCE], now=NOW, application=world.application)

    explanation = explain(question)

    assert explanation.answer.get("expires_in") == lifetime
    assert failed(explanation) == ([] if lifetime else [Step.EXP])


def test_what_is_asked_of_id_jags_alone_are_steps_of_their_own(world: World) -> None:
    world.change(world.issuer, profile="id-jag", audiences=[AUDIENCE])
    jag: dict[str, Any] = {"header": {"typ": "oauth-id-jag+jwt"}}

    good = mint(ec_key(), client_id="client", **jag)
    optional = (Step.ISSUED_AFTER, Step.PROOF, Step.CONDITIONS)
    assert [step.step for step in ask(world, good).steps] == [step for step in Step if step not in optional]
    assert failed(ask(world, mint(ec_key(), tenant=1, **jag)))[0] is Step.TENANT
    assert failed(ask(world, mint(ec_key(), authorization_details=[], **jag)))[0] is Step.DETAILS
    assert failed(ask(world, mint(ec_key(), client_id="client", tenant="acme", **jag)))[0] is Step.RULE
    assert failed(ask(world, mint(ec_key(), client_id="other", **jag))) == [Step.CLIENT]
    assert failed(ask(world, mint(ec_key(), client_id="client", **jag), application=None))[0] is Step.CLIENT


@pytest.mark.parametrize("number", [0, 1, 2], ids=["no resource", "one resource", "two resources"])
def test_the_answer_to_an_id_jag_is_that_of_the_token_endpoint(world: World, number: int) -> None:
    world.change(world.issuer, profile="id-jag", audiences=[AUDIENCE])
    resources = ["https://a.example/", "https://b.example/"][:number]
    world.change(world.rule, resources=resources)
    jag = mint(ec_key(), header={"typ": "oauth-id-jag+jwt"}, client_id="client")

    explained = ask(world, jag).answer

    answer = world.post(assertion=jag).json()
    assert answer.pop("access_token")
    assert answer == explained
    assert ("resource" in answer) is bool(number)


def test_a_dpop_proof_is_a_step_where_there_is_one_or_has_to_be_one(world: World, settings: Any) -> None:
    settings.OAUTH_JWT_GRANT = settings.OAUTH_JWT_GRANT | {"DPOP": True}
    question = Question(
        assertion=mint(ec_key()), audiences=[AUDIENCE], now=time.time(), application=world.application
    )

    proven = explain(question, "the key")
    assert (proven.accepted, proven.answer["token_type"]) == (True, "DPoP")
    (step,) = (step for step in proven.steps if step.step is Step.PROOF)
    assert (step.expected, step.actual) == ("a proof, or none", "the key")
    world.change(world.rule, require_dpop=True)
    assert failed(explain(question)) == [Step.PROOF]
    assert explain(question, "the key").accepted


def test_an_assertion_for_a_key_is_explained(world: World, settings: Any) -> None:
    settings.OAUTH_JWT_GRANT = settings.OAUTH_JWT_GRANT | {"DPOP": True}
    question = Question(
        assertion=mint(ec_key(), cnf={"jkt": "the key"}),
        audiences=[AUDIENCE],
        now=time.time(),
        application=world.application,
    )

    assert failed(explain(question)) == failed(explain(question, "another")) == [Step.CNF]
    assert explain(question, "the key").accepted


def test_an_answer_with_the_lifetime_of_the_server(world: World) -> None:
    world.change(world.rule, access_token_lifetime=None)

    assert ask(world, mint(ec_key())).answer["expires_in"] == 36000


def test_a_provisioned_user_is_not_made(world: World) -> None:
    world.change(world.rule, subject_policy="provision")

    explanation = ask(world, mint(ec_key(), sub="new"))

    assert explanation.accepted
    assert explanation.case.subject.to_be_provisioned
    assert world.issuer.linked_subjects.count() == 1


@pytest.mark.parametrize(("age", "accepted"), [(60, True), (3601, False), (-20, True), (-40, False)])
def test_time_since_a_claim_is_counted_at_the_request(world: World, age: int, accepted: bool) -> None:
    world.rule.conditions.create(claim="auth_time", operator="younger_than", values=[3600])
    world.change(world.issuer, leeway=30)
    now = time.time()

    explanation = ask(world, mint(ec_key(), auth_time=int(now) - age), now=now)

    assert explanation.accepted is accepted
    if not accepted:
        assert explanation.refused is not None
        assert "auth_time must be a time less than 3600 seconds ago" in explanation.refused.detail


def test_a_fault_of_the_site_is_not_hidden_by_a_dry_run(world: World, settings: Any) -> None:
    settings.OAUTH_JWT_GRANT = settings.OAUTH_JWT_GRANT | {"SUBJECT_RESOLVER": "tests.e2e.test_answers.fail"}
    with pytest.raises(RuntimeError):
        ask(world, mint(ec_key()))


def test_what_a_provisioner_of_the_site_would_do_is_not_tried(world: World, settings: Any) -> None:
    world.change(world.rule, subject_policy="provision")
    settings.OAUTH_JWT_GRANT = settings.OAUTH_JWT_GRANT | {"USER_PROVISIONER": "tests.e2e.test_answers.fail"}
    assert ask(world, mint(ec_key(), sub="new")).accepted
