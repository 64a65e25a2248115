"""One log record for each decision, with fields that a log system can search and count.

No field has a value of a JWT: the issuer is the row's, the application one that has proved who it is, or the
rule's. What was expected and found is in the decision, the key of which is in the record. A client that could
not prove who it is gets a record, too: its application is the row that it named, if there is one.
"""

from __future__ import annotations

import logging
from threading import Lock
from typing import Any

from ..assertion import NotGranted, Reason, Undecided
from .case import Case, Question
from .unknown_issuers import note_unknown

logger = logging.getLogger("oauth_jwt_grant.decisions")


class Limiter:
    """Lets ``most`` events pass in each ``seconds``, and counts those that it holds back."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._lock = Lock()
        self.reset()

    def reset(self) -> None:
        """Forget what has passed."""
        self._begun, self._passed, self._held_back = 0.0, 0, 0

    def admit(self, now: float) -> int | None:
        """Return how many were held back since the last one that passed, or ``None``: this one is, too."""
        with self._lock:
            if not 0 <= now - self._begun < self._seconds:
                self._begun, self._passed = now, 0
            if self._passed >= self._most:
                self._held_back += 1
                return None
            self._passed += 1
            held_back, self._held_back = self._held_back, 0
            return held_back


#: For what has no row: anybody can make such refusals, and as many as they like.
without_row = Limiter(10, 60)
#: For clients, so that one with a wrong secret, which tries again and again, does not hide an unknown issuer.
of_clients = Limiter(10, 60)

_FIELDS = ("outcome", "reason", "about", "issuer", "rule", "application", "door", "decision_id", "held_back")
_TEXT = " ".join(f"{name}=%({name})s" for name in _FIELDS)


def log_accepted(case: Case, decision_id: Any) -> None:
    """Write the record of a token; ``decision_id`` is the key of its decision."""
    if logger.isEnabledFor(logging.INFO):
        _write(logging.INFO, "accepted", None, case, decision_id)


def log_refused(case: Case, refused: NotGranted, decision_id: Any) -> None:
    """Write the record of a refusal. Decisions are limited for each issuer; what has none is limited here."""
    held_back = 0
    if decision_id is None:
        admitted = without_row.admit(case.question.now)
        if admitted is None:
            return
        held_back = admitted
        if refused.reason is Reason.UNKNOWN_ISSUER and case.issuer is None and case.unverified is not None:
            note_unknown(case.unverified.issuer, case.question.now)
    undecided = isinstance(refused, Undecided)
    level, outcome = (logging.ERROR, "undecided") if undecided else (logging.WARNING, "refused")
    _write(level, outcome, refused, case, decision_id, held_back)


def log_client_refused(question: Question, refused: NotGranted) -> None:
    """Write the record of a client that could not prove who it is. Its request comes to no decision."""
    held_back = of_clients.admit(question.now)
    if held_back is not None:
        _write(logging.WARNING, "refused", refused, Case(question), None, held_back)


def _write(
    level: int, outcome: str, refused: NotGranted | None, case: Case, decision_id: Any, held_back: int = 0
) -> None:
    application = case.application or case.question.application
    fields: dict[str, Any] = {
        "outcome": outcome,
        "reason": refused.reason if refused else "",
        "about": refused.name if refused else "",
        "issuer": case.issuer.issuer if case.issuer else "",
        "rule": str(case.rule) if case.rule else "",
        "application": application.client_id if application else "",
        "door": str(case.question.door),
        "decision_id": decision_id,
        "held_back": held_back,
    }
    logger.log(level, _TEXT, fields, extra=fields)
