"""``manage.py refreshkeys``: fetch keys before a request has to."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandError, CommandParser

from ...assertion import NotGranted
from ...models import TrustedIssuer
from ...trust import FETCHED, key_source_of
from .. import base
from ..arguments import counted, fault, find_issuers, printable, whole

_logger = logging.getLogger("oauth_jwt_grant.keys")


class Command(base.Command):
    """Fetches the keys of every enabled issuer that publishes them. Exit status 1 if a fetch fails."""

    help = "Fetch the keys of all enabled issuers now (for cron). Exit status 1 if one cannot be reached."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which issuer; by default all."""
        parser.add_argument("--issuer", metavar="ISS", help="only this one, enabled or not")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints one line for each issuer; a failure of one does not stop the others."""
        found = find_issuers(options["issuer"], enabled=True)
        issuers = [issuer for issuer in found if issuer.key_source in FETCHED]
        with _not_logged_too():
            faults = [text for issuer in issuers if (text := self._refresh(issuer))]
        if len(issuers) == len(faults) == 1:
            raise CommandError(faults[0])
        for text in faults:
            self.stderr.write(text)
        if faults:
            raise CommandError(f"The keys of {len(faults)} of {len(issuers)} issuers could not be fetched.")
        if not issuers:
            self.stdout.write("There are no keys to fetch.")

    def _refresh(self, issuer: TrustedIssuer) -> str:
        """Return why it failed; empty if it did not."""
        try:
            source = key_source_of(whole(issuer))
            source.refresh()
            status = source.status()
        except NotGranted as refused:
            return printable(f"{issuer.issuer}: {refused.detail}")
        except Exception as error:  # whatever it is, it is the fault of this issuer alone
            return f"{printable(issuer.issuer)}: {fault(error)}"
        left_out = f", {len(status.left_out)} left out" if status.left_out else ""
        self.stdout.write(f"{printable(issuer.issuer)}: {counted(len(status.keys), 'key')}{left_out}")
        return ""


@contextmanager
def _not_logged_too() -> Iterator[None]:
    """Python writes a record that nobody handles to standard error, where the command says it already."""
    nobody = logging.NullHandler()
    _logger.addHandler(nobody)
    try:
        yield
    finally:
        _logger.removeHandler(nobody)
