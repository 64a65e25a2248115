"""``manage.py cleardecisions``: forget what is neither a guard of single use nor worth keeping."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import router
from django.utils import timezone

from ...conf import settings
from ...models import Decision
from ...querysets import DecisionQuerySet
from ..arguments import counted


class Command(BaseCommand):
    """Removes the decisions past their single-use window and past ``DECISION_RETENTION_DAYS``."""

    help = "Remove decisions that are past their single-use window and past DECISION_RETENTION_DAYS."

    def add_arguments(self, parser: CommandParser) -> None:
        """How many at a time, and whether at all."""
        parser.add_argument(
            "--batch-size", type=_positive, default=1000, metavar="ROWS", help="default: 1000"
        )
        parser.add_argument("--dry-run", action="store_true", help="only count them")

    def handle(self, *args: Any, **options: Any) -> None:
        """Each batch is a transaction of its own, so that no request waits long for it."""
        alias = router.db_for_write(Decision)
        retention = timedelta(days=settings.DECISION_RETENTION_DAYS)
        clearable = Decision.objects.using(alias).clearable(timezone.now(), retention)
        if options["dry_run"]:
            self.stdout.write(f"{counted(clearable.count(), 'decision')} would be removed.")
            return
        removed = 0
        while batch := _remove(clearable, options["batch_size"]):
            removed += batch
            if options["verbosity"] > 1:
                self.stdout.write(f"{removed} so far.")
        self.stdout.write(f"{counted(removed, 'decision')} removed.")


def _remove(decisions: DecisionQuerySet, size: int) -> int:
    """Remove at most ``size`` of ``decisions``, the oldest first; returns how many there were."""
    batch = list(decisions.order_by("time").values_list("pk", flat=True)[:size])
    # Counted by what was asked for: another run may have been quicker with some of them.
    Decision.objects.filter(pk__in=batch).delete()
    return len(batch)


def _positive(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise ArgumentTypeError("not a whole number, at least 1")
    return value
