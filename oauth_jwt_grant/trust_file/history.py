"""Who changed the trust by a file, and from what to what: in the admin's history, or in the log."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from django.apps import apps

from ..database import ManyInserts
from .errors import TrustFileError
from .planning import Step
from .report import lines_of

logger = logging.getLogger("oauth_jwt_grant.trust")


class History:
    """What is written of each step: in the admin's history if there is a ``user``, and else in the log."""

    def __init__(self, steps: Sequence[Step], user: Any) -> None:
        self._steps = steps
        self._logged: list[str] = []
        self._entries: list[Any] = []
        if user is not None:
            self._entries = _entries(steps, user)
        elif logger.isEnabledFor(logging.INFO):
            self._logged = ["; ".join(lines_of(step)) for step in steps]
        if self._entries:
            self._inserts = ManyInserts(type(self._entries[0]), self._entries, late=["object_id"])

    def write(self) -> None:
        """Into the admin's history, in the transaction; by now, all rows have their primary keys."""
        if self._entries:
            for entry, step in zip(self._entries, self._steps, strict=True):
                entry.object_id = entry.object_id or str(step.row.pk)
            self._inserts.run()

    def log(self) -> None:
        """Into the log, once it is committed."""
        for text in self._logged:
            logger.info("Trust file: %s", text)


def _entries(steps: Sequence[Step], user: Any) -> list[Any]:
    if not apps.is_installed("django.contrib.admin"):
        raise TrustFileError(["--user: there is no history, as django.contrib.admin is not installed"])
    from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
    from django.contrib.contenttypes.models import ContentType

    flags = {"add": ADDITION, "change": CHANGE, "remove": DELETION}
    return [
        LogEntry(
            user_id=user.pk,
            content_type=ContentType.objects.get_for_model(step.row),
            object_id=str(step.row.pk or ""),
            object_repr=str(step.row)[:200],
            action_flag=flags[step.action],
            change_message="Trust file: " + "\n".join(lines_of(step)),
        )
        for step in steps
    ]
