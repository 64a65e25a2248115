"""``manage.py applytrust``: make the trust what TOML files say, after a plan that is printed."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser

from ...trust_file import Plan, TrustFileError, carry_out, current, json_of, plan, read, text_of
from .. import base
from ..arguments import counted, find_user, printable

_CHANGES = 2


class Command(base.Command):
    """Exit status: 0 done, or nothing to do; 2 if ``--dry-run`` found changes; 1 for all else."""

    help = "Make the trust what TOML files say. Prints the plan; --dry-run does no more than that."
    error_status = 1

    def add_arguments(self, parser: CommandParser) -> None:
        """The files, and what to do with the plan."""
        text = "a TOML file, as exporttrust writes it; - is standard input"
        parser.add_argument("files", nargs="+", metavar="FILE", help=text)
        parser.add_argument("--dry-run", action="store_true", help="only print the plan; 2 if it has changes")
        parser.add_argument("--prune", action="store_true", help="remove what is in none of the files")
        parser.add_argument(
            "--revoke", action="store_true", help="also revoke the tokens of what --prune removes"
        )
        parser.add_argument("--json", action="store_true", help="print the plan as JSON")
        parser.add_argument("--user", metavar="NAME", help="for the admin's history: who changes the trust")

    def handle(self, *args: Any, **options: Any) -> None:
        """Plan, print, and write unless it is a dry run."""
        if options["revoke"] and not options["prune"]:
            raise CommandError("--revoke: only --prune removes something. Add --prune.")
        user = find_user("--user", options["user"]) if options["user"] else None
        try:
            planned = _plan(options)
            self._print(planned, as_json=options["json"])
            if planned.steps and not options["dry_run"]:
                self._apply(planned, user, revoke=options["revoke"])
        except TrustFileError as error:
            raise CommandError("\n".join(map(printable, error.problems))) from error
        if planned.steps and options["dry_run"]:
            sys.exit(_CHANGES)

    def _print(self, planned: Plan, *, as_json: bool) -> None:
        self.stdout.write(json_of(planned) if as_json else text_of(planned))
        for warning in () if as_json else planned.warnings:
            self.stderr.write(self.style.WARNING(printable(warning)))

    def _apply(self, planned: Plan, user: Any, *, revoke: bool) -> None:
        revoked = carry_out(planned, user=user, revoke=revoke)
        if revoke:
            self.stderr.write(f"Revoked {counted(revoked, 'token')}.")


def _plan(options: dict[str, Any]) -> Plan:
    wanted = read(options["files"])
    links = any(entry.links is not None for entry in wanted.values())
    return plan(wanted, current(links=links), prune=options["prune"])
