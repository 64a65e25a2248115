"""The table of reasons and answers: complete, and within what RFC 6749 section 5.2 allows."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from oauth_jwt_grant.assertion import (
    ANSWERS,
    AssertionRefused,
    DatabaseBusy,
    DatabasesDiffer,
    KeysUnavailable,
    NotGranted,
    Reason,
    Undecided,
)
from tests.support import cases

STATUS = {"invalid_client": 401, "temporarily_unavailable": 503}
ERRORS = {
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
    "invalid_authorization_details",
    "invalid_dpop_proof",
    "temporarily_unavailable",
}
UNVERIFIED = {
    Reason.WRONG_TYPE,
    Reason.ALGORITHM,
    Reason.UNKNOWN_ISSUER,
    Reason.ISSUER_DISABLED,
    Reason.ISSUER_NOT_YET_VALID,
    Reason.ISSUER_EXPIRED,
    Reason.ISSUER_MISCONFIGURED,
    Reason.NO_SUCH_KEY,
    Reason.BAD_SIGNATURE,
}
NOT_ENTITLED = {
    Reason.ISSUER_CONDITIONS,
    Reason.NO_RULE,
    Reason.RULE_REFUSES,
    Reason.UNKNOWN_SUBJECT,
    Reason.INACTIVE_SUBJECT,
    Reason.PRIVILEGED_SUBJECT,
}


@cases("reason", Reason)
def test_each_reason_has_an_answer(reason: Reason) -> None:
    answer = ANSWERS[reason]
    assert answer.error in ERRORS
    assert answer.status == STATUS.get(answer.error, 400)
    assert re.fullmatch(r"(RFC \d{4}|ID-JAG) section [\dA-Z.]+(, item \d+)?", answer.section)
    text = AssertionRefused(reason, "name").public_text
    assert re.fullmatch(r"[\x20\x21\x23-\x5b\x5d-\x7e]+", text)
    assert "{" not in text
    assert text.endswith(".")


def test_there_is_no_answer_without_a_reason() -> None:
    assert ANSWERS.keys() == set(Reason)


@pytest.mark.parametrize("same", [UNVERIFIED, NOT_ENTITLED], ids=["unverified", "not entitled"])
def test_what_would_tell_who_is_known_here_is_answered_alike(same: set[Reason]) -> None:
    assert (
        len({(ANSWERS[reason].error, ANSWERS[reason].text, ANSWERS[reason].status) for reason in same}) == 1
    )


def test_all_other_answers_differ() -> None:
    texts = Counter(
        answer.text for reason, answer in ANSWERS.items() if reason not in UNVERIFIED | NOT_ENTITLED
    )
    assert set(texts.values()) == {1}


def test_the_detail_is_for_operators_alone() -> None:
    refused = AssertionRefused(Reason.MISSING_CLAIM, "exp", detail="a secret")
    assert refused.public_text == "The assertion lacks the claim exp."
    assert "a secret" not in refused.public_text
    assert str(refused) == "missing_claim: a secret"
    assert str(AssertionRefused(Reason.MISSING_CLAIM, "exp")) == "missing_claim: exp"
    assert str(AssertionRefused(Reason.EXPIRED)) == "expired"


@pytest.mark.standard("KEY-14")
@pytest.mark.parametrize(
    ("error", "reason", "seconds"),
    [
        (KeysUnavailable("refused"), Reason.KEYS_UNAVAILABLE, 30),
        (KeysUnavailable("refused", retry_after=7), Reason.KEYS_UNAVAILABLE, 7),
        (DatabaseBusy(), Reason.DATABASE_BUSY, 1),
        (DatabasesDiffer("refused"), Reason.DATABASES_DIFFER, 30),
    ],
    ids=["keys", "keys, 7 seconds", "database", "databases"],
)
def test_what_could_not_be_decided_says_when_to_come_back(
    error: Undecided, reason: Reason, seconds: int
) -> None:
    assert (error.reason, error.retry_after) == (reason, seconds)
    assert error.detail == ("" if isinstance(error, DatabaseBusy) else "refused")
    assert error.answer.status == 503
    assert isinstance(error, NotGranted)
    assert not isinstance(error, AssertionRefused)
