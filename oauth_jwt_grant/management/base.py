"""The base of our commands: they speak English, and what an operator can cause ends in one clear error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO, TextIOWrapper
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseFailed

from ..languages import in_english
from .arguments import fault, printable


class Command(BaseCommand):
    """Writes English whatever LANGUAGE_CODE is, as scripts read it, and escapes what a terminal cannot show.

    An error shows nothing of an argument that moves the cursor.
    """

    #: The exit status of every error, those of usage included. ``None``: each has its own.
    error_status: int | None = None
    #: What ends it without a traceback: a full disk, a pipe that nobody reads, a database that is down.
    stopped_by: tuple[type[Exception], ...] = (OSError, DatabaseFailed)
    #: The encoding of standard output. ``None``: that of the terminal, with escapes for what it lacks.
    encoding: str | None = None

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        """As Django does; its errors are escaped and end with ``error_status``, too."""
        parser = super().create_parser(*args, **kwargs)
        report, leave = parser.error, parser.exit
        parser.error = lambda message: report(printable(message, keep="\n"))  # type: ignore[method-assign]
        parser.exit = lambda status=0, message=None: leave(status and self._status(status), message)  # type: ignore[method-assign]
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        """Run as Django does, in a process of its own."""
        if sys.stdin is None:  # it is closed: who reads it finds nothing
            sys.stdin = TextIOWrapper(BytesIO())
        try:
            super().run_from_argv(argv)
        finally:
            # What a full disk or a closed pipe did not take, Python would write again at the end, and fail.
            try:
                self.stdout.flush()
            except OSError:
                with suppress(OSError):
                    self.stdout.close()

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run as Django does; raises nothing but :class:`CommandError` for what is not a fault of ours."""
        for name, encoding in (("stdout", self.encoding), ("stderr", None)):
            stream = options.get(name) or getattr(self, name)
            # Django's wrapper passes this on to the stream; one in memory has no encoding.
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure is not None:
                reconfigure(encoding=encoding, errors="backslashreplace")
        try:
            with in_english(), self._foreseen():
                if (options.get("stdout") or sys.stdout) is None:
                    raise CommandError("standard output is closed", returncode=2)
                try:
                    return super().execute(*args, **options)
                finally:
                    self.stdout.flush()
        except CommandError as error:
            error.args = (printable(str(error), keep="\n"),)
            error.returncode = self._status(error.returncode)
            raise

    def _status(self, status: int) -> int:
        return status if self.error_status is None else self.error_status

    @contextmanager
    def _foreseen(self) -> Iterator[None]:
        """Turn what an operator can cause into a :class:`CommandError`; ``--traceback`` shows the rest."""
        try:
            yield
        except CommandError:
            raise
        except UnicodeEncodeError as error:
            # Bytes that are not UTF-8 are half surrogate pairs in the arguments, and no database takes them.
            raise CommandError("an argument is not UTF-8 text", returncode=2) from error
        except RecursionError as error:
            raise CommandError("JSON in an argument or file is nested too deeply", returncode=2) from error
        except self.stopped_by as error:
            raise CommandError(f"could not finish: {fault(error)}", returncode=2) from error
