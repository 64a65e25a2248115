"""``manage.py exporttrust``: the whole trust as one TOML file."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ...trust_file import TrustFileError, current, write


class Command(BaseCommand):
    """Prints what ``applytrust`` reads: no secrets, no dates of its own, in a stable order."""

    help = "Print the whole trust (issuers, rules, conditions) as TOML that applytrust reads."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whether links are written, too."""
        parser.add_argument("--links", action="store_true", help="also the links of subjects to users")

    def handle(self, *args: Any, **options: Any) -> None:
        """To standard output."""
        try:
            text = write(current(links=options["links"]))
        except TrustFileError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(text, ending="")
