"""``manage.py cleardecisions``: delete the decisions that are past their retention and that nothing needs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import CommandParser
from django.db import router
from django.utils import timezone

from ...conf import conf
from ...models import Decision, written
from ...models.decisions import DecisionQuerySet
from .. import base
from ..arguments import between, counted


class Command(base.Command):
    """Removes the decisions past ``DECISION_RETENTION_DAYS``, except those that are still needed."""

    help = (
        "Remove decisions past DECISION_RETENTION_DAYS. Kept are those whose assertion could still be used, "
        "and those whose access token has not expired."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the flags for the batch size and the dry run."""
        parser.add_argument(
            "--batch-size",
            type=between(1, 10_000),
            default=1000,
            metavar="ROWS",
            help="in one transaction (default: 1000)",
        )
        parser.add_argument("--dry-run", action="store_true", help="only count them")

    def handle(self, *args: Any, **options: Any) -> None:
        """Each batch is a transaction of its own, so that no request waits long for it."""
        now, retention = timezone.now(), timedelta(days=conf.DECISION_RETENTION_DAYS)
        decisions = Decision.objects.using(router.db_for_write(Decision))
        clearable = decisions.clearable(now, retention)
        if options["dry_run"]:
            self.stdout.write(f"{counted(clearable.count(), 'decision')} would be removed.")
        else:
            removed = 0
            for number in _removed(clearable, options["batch_size"]):
                removed += number
                if options["verbosity"] > 1:
                    self.stdout.write(f"{removed} so far.")
            self.stdout.write(f"{counted(removed, 'decision')} removed.")
        for line in _kept(decisions.filter(time__lt=now - retention), now):
            self.stdout.write(line)


def _removed(decisions: DecisionQuerySet, size: int) -> Iterator[int]:
    """Remove ``decisions``, at most ``size`` at a time and the oldest first; yields how many there were."""
    rows = decisions.order_by("time").values_list("pk", "time")
    ahead = rows
    while batch := list(ahead[:size]):
        written(Decision).filter(pk__in=[pk for pk, _time in batch]).delete()
        # Counted by what was asked for: another run may have been quicker with some of them.
        yield len(batch)
        # The decisions that stay are not read again for each batch.
        ahead = rows.filter(time__gte=batch[-1][1])


def _kept(old: DecisionQuerySet, now: datetime) -> Iterator[str]:
    """Return the lines that report how many of the ``old`` decisions are kept, and why."""
    number = old.good(now).count()
    if number:
        why = "its access token has not expired" if number == 1 else "their access tokens have not expired"
        yield f"{counted(number, 'decision')} kept: {why}."
    number = old.guarding(now).exclude(access_token__expires__gt=now).count()
    if number:
        why = "its assertion could still be used" if number == 1 else "their assertions could still be used"
        yield f"{counted(number, 'decision')} kept: {why}."
