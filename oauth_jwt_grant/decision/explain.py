"""A dry run: the decision of the token endpoint, step by step, with nothing issued, stored or spent."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db import Error
from django.views.decorators.debug import sensitive_variables

from ..assertion import OPTIONAL_STEPS, NotGranted, Step
from ..dot import default_lifetime
from .case import Case, Permission, Question
from .decide import decide, request_for_token
from .record import check_one_database, failure_of, first_use, replayed


class Status(StrEnum):
    """What became of a step."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class ExplainedStep:
    """One step with the expected and the found value (both plain JSON values)."""

    step: Step
    status: Status
    expected: Any = None
    actual: Any = None


@dataclass(slots=True)
class Explanation:
    """The outcome of a dry run: the steps, the case as far as it got, and the refusal if there was one."""

    case: Case
    steps: list[ExplainedStep] = field(default_factory=list)
    permission: Permission | None = None
    refused: NotGranted | None = None

    @property
    def accepted(self) -> bool:
        """Whether a client that posted this would get a token now."""
        return self.refused is None

    @property
    def answer(self) -> dict[str, Any]:
        """The JSON that the client would get, without a token."""
        if self.refused is not None:
            refusal = self.refused.answer_at(self.case.question.door)
            return {"error": refusal.error, "error_description": refusal.text}
        expires_in = self.permission.expires_in if self.permission else None
        lifetime = default_lifetime(request_for_token(self.case)) if expires_in is None else expires_in
        token_type = "Bearer" if self.case.proof_key is None else "DPoP"
        members = {"token_type": token_type, "expires_in": lifetime, "scope": " ".join(self.case.scopes)}
        return members | self.case.question.door.members


@sensitive_variables("question", "case")
def explain(question: Question, proof_key: str | None = None) -> Explanation:
    """Run the decision on ``question`` dry. Keys may be fetched as for a real request.

    ``proof_key`` is the thumbprint of a key, as if a DPoP proof of it had come along.
    """
    begun: list[tuple[Step, Any, Any]] = []

    def watch(step: Step, expected: Any, actual: Any) -> None:
        begun.append((step, expected, actual))

    case = Case(question, proof_key)
    explanation = Explanation(case)
    try:
        check_one_database()
        explanation.permission = decide(case, watch)
        spent = first_use(explanation.permission) is not None
        watch(Step.REPLAY, "not used before", "used before" if spent else "not used before")
        if spent:
            raise replayed(explanation.permission)
    except NotGranted as refused:
        explanation.refused = refused
    except Error as error:
        explanation.refused = failure_of(error)
    explanation.steps = _results(begun, failed=explanation.refused is not None)
    return explanation


def _results(begun: list[tuple[Step, Any, Any]], *, failed: bool) -> list[ExplainedStep]:
    """Return the steps in order: all that started have passed, except the last one of a refusal."""
    seen = {step: (expected, actual) for step, expected, actual in begun}
    last = begun[-1][0] if begun else None
    results = []
    for step in Step:
        if step not in seen:
            if step not in OPTIONAL_STEPS:
                results.append(ExplainedStep(step, Status.NOT_REACHED))
            continue
        status = Status.FAILED if failed and step is last else Status.PASSED
        results.append(ExplainedStep(step, status, *seen[step]))
    return results
