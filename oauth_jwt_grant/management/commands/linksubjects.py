"""``manage.py linksubjects``: link many subjects to users, from a CSV file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandError, CommandParser

from ...subject_links import MAX_BYTES, NotImported, Outcome, Plan, Problem, import_links, make_plan
from .. import base
from ..arguments import counted, printable, read_bytes


class Command(base.Command):
    """Links the subjects of a file, all of them or none; run again, it finds them unchanged."""

    help = "Link subjects of issuers to users, from a CSV file with the columns issuer, subject and user."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, and how far to go."""
        parser.add_argument("file", metavar="FILE", help="CSV in UTF-8; - is standard input")
        parser.add_argument(
            "--replace", action="store_true", help="also where a subject is linked to another user"
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints what is wrong or worth a look by line, and what was done."""
        # One byte more than may be, so that a file that is too large is seen to be.
        plan = make_plan(read_bytes("FILE", options["file"], MAX_BYTES + 1))
        self._complain(plan.problems, self.style.ERROR)
        self._complain(plan.warnings, self.style.WARNING)
        for current, link in plan.replaced:
            words = f"{printable(link.row.subject)} is linked to {printable(current.username)}"
            self.stderr.write(f"Line {link.row.line}: {words}, not to {printable(link.row.user)}.")
        try:
            import_links(plan, replace=options["replace"], dry_run=options["dry_run"])
        except NotImported as error:
            raise CommandError(str(error)) from error
        self.stdout.write(_summary(plan, dry_run=options["dry_run"]))

    def _complain(self, problems: Iterable[Problem], style: Any) -> None:
        for problem in problems:
            where = f"Line {problem.line}" if problem.line else "The file"
            self.stderr.write(style(f"{where}: {problem.text}"))


def _summary(plan: Plan, *, dry_run: bool) -> str:
    """What was done, or would be."""
    numbers = {outcome: len(plan.of(outcome)) for outcome in Outcome}
    added, replaced = counted(numbers[Outcome.ADD], "subject"), counted(numbers[Outcome.REPLACE], "subject")
    verb = "would be " if dry_run else ""
    return f"{added} {verb}linked, {replaced} {verb}linked again, {numbers[Outcome.UNCHANGED]} unchanged."
