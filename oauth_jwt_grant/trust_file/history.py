"""Who changed the trust by a file, and from what to what: in the admin's history, or in the log."""

from __future__ import annotations

import logging
from typing import Any

from django.apps import apps

from .current import CHUNK
from .errors import TrustFileError
from .planning import Plan, Step
from .report import lines_of

logger = logging.getLogger("oauth_jwt_grant.trust")


def record(plan: Plan, user: Any) -> None:
    """Write down each step: as the admin's history if there is a ``user``, and else as a log record."""
    if user is None:
        for step in plan.steps if logger.isEnabledFor(logging.INFO) else ():
            logger.info("Trust file: %s", "; ".join(lines_of(step)))
        return
    if not apps.is_installed("django.contrib.admin"):
        raise TrustFileError(["--user: there is no history, as django.contrib.admin is not installed"])
    from django.contrib.admin.models import LogEntry

    LogEntry.objects.bulk_create([_entry(step, user) for step in plan.steps], batch_size=CHUNK)


def _entry(step: Step, user: Any) -> Any:
    from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
    from django.contrib.contenttypes.models import ContentType

    flags = {"add": ADDITION, "change": CHANGE, "remove": DELETION}
    return LogEntry(
        user_id=user.pk,
        content_type=ContentType.objects.get_for_model(step.row),
        object_id=str(step.row.pk),
        object_repr=str(step.row)[:200],
        action_flag=flags[step.action],
        change_message="Trust file: " + "\n".join(lines_of(step)),
    )
