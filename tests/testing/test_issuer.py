"""The issuer for tests of sites: what it signs is accepted, and what it breaks is refused for that reason."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured, ValidationError
from django.test import TransactionTestCase

from oauth_jwt_grant.models import ClaimCondition, Decision, TrustedIssuer
from oauth_jwt_grant.presets import all_presets
from oauth_jwt_grant.rules import Condition, Operator
from oauth_jwt_grant.testing import TestIssuer
from oauth_jwt_grant.testing.issuer import _example, _put
from tests.presets.test_presets import answers_for
from tests.support import SECRET, make_application, make_user

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("a name was looked up")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("mint_expired", "expired"),
        ("mint_for_other_audience", "audience"),
        ("mint_with_other_key", "signature"),
    ],
)
def test_each_broken_way_is_refused_for_its_reason(db: None, way: str, reason: str) -> None:
    issuer = TestIssuer()
    issuer.trust(scopes="read")

    assert issuer.post(getattr(issuer, way)()).status_code == 400
    assert reason in Decision.objects.get().reason


@pytest.mark.parametrize("by", ["row", "client_id"])
def test_applications_are_listed(db: None, by: str) -> None:
    issuer, application = TestIssuer(), make_application()
    rule = issuer.trust(scopes="read", applications=[application if by == "row" else "client"])

    assert (rule.client_policy, list(rule.applications.all())) == ("listed", [application])
    assert issuer.post(issuer.mint(), client_id="client", client_secret=SECRET).status_code == 200
    assert issuer.post(issuer.mint()).status_code == 401


def test_a_rule_takes_its_fields(db: None) -> None:
    issuer, user = TestIssuer("https://ci.example", "job"), make_user()
    issuer.trust(scopes="read", subject_policy="service_user", user=user)

    assert issuer.post(issuer.mint()).status_code == 200
    found = Decision.objects.get()
    assert (found.iss, found.subject, found.user) == ("https://ci.example", "job", user)


def test_two_rules_of_one_issuer(db: None) -> None:
    issuer = TestIssuer()
    assert [issuer.trust(scopes="read").position, issuer.trust(scopes="write").position] == [0, 1]


def test_a_claim_is_left_out(db: None) -> None:
    issuer = TestIssuer()
    issuer.trust(scopes="read")

    assert issuer.post(issuer.mint(exp=None)).status_code == 400
    assert issuer.post(issuer.mint(jti=None)).status_code == 200


def test_what_cannot_be_trusted_saves_nothing(db: None) -> None:
    with pytest.raises(ValidationError):
        TestIssuer().trust(preset="github-actions")
    with pytest.raises(FieldDoesNotExist):
        TestIssuer().trust(scope="read")
    assert not TrustedIssuer.objects.exists()


def test_a_site_without_an_audience(settings: Any) -> None:
    settings.OAUTH_JWT_GRANT, settings.ALLOWED_HOSTS = {}, ["*"]

    with pytest.raises(ImproperlyConfigured, match="AUDIENCES"):
        TestIssuer().mint()


@pytest.mark.parametrize(
    ("claim", "operator", "values"),
    [
        ("a", "equals", [1]),
        ("a/b~c", "in", ["x", "y"]),
        ("groups", "contains", ["x", "y"]),
        ("repository", "glob", ["acme/*?"]),
        ("environment", "exists", []),
        ("/kubernetes.io/pod~1name", "equals", ["web"]),
    ],
)
def test_minted_claims_meet_each_kind_of_condition(claim: str, operator: str, values: list[Any]) -> None:
    claims: dict[str, Any] = {}
    _put(claims, claim, _example(ClaimCondition(claim=claim, operator=operator, values=values)))

    assert Condition(claim, Operator(operator), tuple(values)).holds(claims)


class UnderTransactions(TransactionTestCase):
    def test_a_token(self) -> None:
        issuer = TestIssuer()
        issuer.trust(scopes="read")
        assert issuer.post(issuer.mint()).status_code == 200


@pytest.mark.parametrize("preset", all_presets(), ids=lambda preset: preset.key)
def test_a_preset_is_trusted_and_met(db: None, preset: Any) -> None:
    issuer, application, user = TestIssuer(), make_application("acme"), make_user()
    answers = answers_for(preset)
    owner = {"subject_policy": "service_user", "user": user, "accepted_as": []}
    issuer.trust(preset=preset.key, answers=answers, scopes="read", applications=[application], **owner)

    assertion = issuer.mint()
    answer = issuer.post(assertion, client_id="acme", client_secret=SECRET)
    assert answer.status_code == 200, (answer.content, Decision.objects.values("reason", "detail"))


def test_pytest_collects_no_issuer() -> None:
    assert not TestIssuer.__test__


def test_the_documented_example_is_the_file_that_runs() -> None:
    (shown,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    assert shown == (Path(__file__).parent / "test_example.py").read_text()
