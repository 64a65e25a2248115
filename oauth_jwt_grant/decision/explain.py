"""A dry run: the decision of the token endpoint, step by step, with nothing issued, stored or spent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ParamSpec, TypeVar

from django.db import Error
from django.views.decorators.debug import sensitive_variables

from ..assertion import OPTIONAL_STEPS, AssertionRefused, NotGranted, Step, Text, _
from ..dot import default_lifetime
from ..subjects import check_provisioning
from .case import Case, Permission, Question
from .decide import decide, request_for_token
from .record import check_one_database, failure_of, first_use, replayed
from .remedies import REMEDIES, Remedy

P = ParamSpec("P")
T = TypeVar("T")


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


@dataclass(frozen=True, slots=True)
class Failure:
    """A refusal, and the step that ended with it; ``None``: before the first one."""

    step: Step | None
    refused: NotGranted

    @property
    def remedy(self) -> Remedy:
        """What an operator reads about it."""
        return REMEDIES[self.refused.reason]


@dataclass(slots=True)
class Explanation:
    """The outcome of a dry run: the steps, the case as far as it got, and the refusals if there were any.

    The first of the ``failures`` is what a client would be answered.
    """

    case: Case
    steps: list[ExplainedStep] = field(default_factory=list)
    permission: Permission | None = None
    failures: list[Failure] = field(default_factory=list)

    @property
    def refused(self) -> NotGranted | None:
        """The refusal that a client would be answered, or ``None`` if it would get a token."""
        return self.failures[0].refused if self.failures else None

    @property
    def accepted(self) -> bool:
        """Whether a client that posted this would get a token now."""
        return not self.failures

    @property
    def answer(self) -> dict[str, Any]:
        """The JSON that the client would get, without a token."""
        if self.refused is not None:
            refusal = self.refused.answer_at(self.case.question.door)
            return {"error": refusal.error, "error_description": refusal.text}
        expires_in = self.permission.expires_in if self.permission else None
        lifetime = default_lifetime(request_for_token(self.case)) if expires_in is None else expires_in
        members = {"token_type": "Bearer", "expires_in": lifetime, "scope": " ".join(self.case.scopes)}
        return members | self.case.members


class _Notes:
    """The steps as they begin, and what each refused."""

    def __init__(self) -> None:
        self.begun: dict[Step, tuple[Any, Any]] = {}
        self.failures: list[Failure] = []
        self._at: Step | None = None
        self._unknown: set[Step | None] = set()

    def watch(self, step: Step, expected: Any, actual: Any) -> None:
        """A step begins."""
        self.begun[step] = expected, actual
        self._at = step

    def attempt(self, check: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Return what ``check`` returns; note a refusal, and return ``None``."""
        try:
            return check(*args, **kwargs)
        except AssertionRefused as refused:
            self.note(refused)
        except Exception:
            # The check may rely on what an earlier one has refused; by itself it raises in a request, too.
            if not self.failures:
                raise
            self._unknown.add(self._at)
        return None

    def note(self, refused: NotGranted) -> None:
        """The present step has ended with ``refused``, unless that only follows from an earlier refusal."""
        failed = {failure.step for failure in self.failures}
        said = {str(failure.refused) for failure in self.failures}
        if failed & _FOLLOWS_FROM.get(self._at, set()):
            self._unknown.add(self._at)
        elif self._at not in failed and str(refused) not in said:
            self.failures.append(Failure(self._at, refused))

    def results(self) -> list[ExplainedStep]:
        """Return the steps in order: all that began have passed, except those that ended with a refusal."""
        failed = {failure.step for failure in self.failures}
        results = []
        for step in Step:
            if step in self.begun and step not in self._unknown:
                status = Status.FAILED if step in failed else Status.PASSED
                results.append(ExplainedStep(step, status, *self.begun[step]))
            elif step not in OPTIONAL_STEPS:
                results.append(ExplainedStep(step, Status.NOT_REACHED))
        return results


#: A refusal at a step says nothing new after one at the steps beside it.
_FOLLOWS_FROM: dict[Step | None, set[Step | None]] = {
    Step.LIFETIME: {Step.EXP},
    Step.SUBJECT: {Step.SUB, Step.TENANT},
    Step.REPLAY: {Step.JTI},
}


@sensitive_variables("question", "case")
def explain(question: Question, proof_key: str | None = None) -> Explanation:
    """Run the decision on ``question`` dry. Keys may be fetched as for a real request.

    ``proof_key`` is the thumbprint of a key, as if a DPoP proof of it had come along. From the signature on,
    checks go on after a refusal, so that all that has to be corrected is found at once.
    """
    notes, case = _Notes(), Case(question, proof_key)
    permission = None
    try:
        check_one_database()
        permission = decide(case, notes.watch, notes.attempt)
        if case.subject.to_be_provisioned:
            expected, subject = notes.begun[Step.SUBJECT]
            notes.watch(Step.SUBJECT, expected, subject)
            created = notes.attempt(check_provisioning, permission.assertion, permission.rule)
            notes.watch(
                Step.SUBJECT,
                expected,
                Text("{subject}: {created}", subject=subject, created=created) if created else subject,
            )
        spent = first_use(permission) is not None
        fresh = _("not used before")
        notes.watch(Step.REPLAY, fresh, _("used before") if spent else fresh)
        if spent:
            raise replayed(permission)
    except NotGranted as refused:
        notes.note(refused)
    except Error as error:
        notes.note(failure_of(error))
    failures = notes.failures
    return Explanation(case, notes.results(), None if failures else permission, failures)
