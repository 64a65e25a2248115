"""``manage.py exporttrust``: the whole trust as one TOML file."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from ...trust_file import TrustFileError, current, write
from .. import base


class Command(base.Command):
    """Prints what ``applytrust`` reads: no secrets, no dates of its own, in a stable order."""

    help = "Print the whole trust (issuers, rules, conditions) as TOML that applytrust reads."
    encoding = "utf-8"  # a TOML file's, whatever the terminal's is (TOML 1.0.0, "Preliminary")

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
