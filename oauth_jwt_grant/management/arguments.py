"""Reading arguments: files, names of rows, dates. Whatever is wrong becomes an error that names the flag."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import ObjectDoesNotExist
from django.core.management.base import CommandError
from django.db import router
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from ..database import has_place
from ..dot import get_application_model
from ..models import TrustedIssuer, written

#: Characters of a key, a certificate bundle or an assertion. A device may have no end.
_MOST = 1 << 20


def read_text(flag: str, name: str) -> str:
    """The text of the file ``name``, of a MiB at most; ``-`` is standard input."""
    with _reading(flag, name):
        if name == "-":
            text = sys.stdin.read(_MOST + 1)
        else:
            with Path(name).open(encoding="utf-8") as file:
                text = file.read(_MOST + 1)
    if len(text) > _MOST:
        raise CommandError(f"{flag}: {name} is larger than {_MOST >> 20} MiB", returncode=2)
    return text


def read_bytes(flag: str, name: str, most: int) -> bytes:
    """The first ``most`` bytes of the file ``name``; ``-`` is standard input."""
    with _reading(flag, name):
        if name == "-":
            return sys.stdin.buffer.read(most)
        with Path(name).open("rb") as file:
            return file.read(most)


@contextmanager
def _reading(flag: str, name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "there can be no such file"
        if isinstance(error, UnicodeDecodeError):
            reason = "it is not UTF-8 text"
        raise CommandError(f"{flag}: cannot read {name}: {reason}", returncode=2) from error


@contextmanager
def new_private_file(flag: str, name: str) -> Iterator[TextIO]:
    """A new file ``name`` of mode 0600 for a private key. Whatever goes wrong, no part of it stays.

    Raises :class:`CommandError`, also if there is such a file already.
    """
    if name == "-":
        raise CommandError(f"{flag}: a private key goes into a file, not to standard output")
    try:
        file = os.fdopen(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w")
    except OSError as error:
        raise CommandError(f"{flag}: cannot write {name}: {error.strerror}") from error
    try:
        with file:
            yield file
    except BaseException as error:
        os.unlink(name)
        if isinstance(error, OSError):
            raise CommandError(f"{flag}: cannot write {name}: {error.strerror}") from error
        raise


def read_date(flag: str, text: str) -> datetime:
    """A date and time in ISO 8601; without an offset it is in the site's time zone."""
    try:
        value = parse_datetime(text)
    except ValueError:
        value = None
    if value is not None and settings.USE_TZ and timezone.is_naive(value):
        value = timezone.make_aware(value)
    if value is None or not has_place(value):
        raise CommandError(f"{flag}: not a date and time such as 2030-01-31T12:00:00Z: {text}")
    return value if settings.USE_TZ or timezone.is_naive(value) else timezone.make_naive(value)


def between(least: int, most: int) -> Callable[[str], int]:
    """The type, for argparse, of a whole number from ``least`` to ``most``."""

    def read(text: str) -> int:
        with suppress(ValueError):
            if least <= int(text) <= most:
                return int(text)
        raise ArgumentTypeError(f"not a whole number from {least} to {most}")

    return read


def find_user(flag: str, name: str) -> Any:
    """Return the user with the natural key (user name) ``name``."""
    try:
        manager = get_user_model()._default_manager.db_manager(router.db_for_write(get_user_model()))
        return manager.get_by_natural_key(name)
    except ObjectDoesNotExist as error:
        raise CommandError(f"{flag}: there is no user {name}", returncode=2) from error


def find_any_user(flag: str, name: str) -> Any:
    """Return the user called ``name``, also one whom the default manager of the user model hides."""
    model: Any = get_user_model()
    users = model._base_manager.using(router.db_for_write(model)).filter(**{model.USERNAME_FIELD: name})
    # A database that compares loosely must not make a neighbour of the user the user.
    exact = [user for user in users if user.get_username() == name]
    if not exact:
        raise CommandError(f"{flag}: there is no user {name}", returncode=2)
    return exact[0]


def find_application(flag: str, client_id: str) -> Any:
    """The application with that ``client_id``."""
    application = written(get_application_model()).filter(client_id=client_id).first()
    if application is None or application.client_id != client_id:
        raise CommandError(f"{flag}: there is no application with the client_id {client_id}", returncode=2)
    return application


def find_group(flag: str, name: str) -> Group:
    """The group with exactly that name."""
    group = written(Group).filter(name=name).first()
    if group is None or group.name != name:
        raise CommandError(f"{flag}: there is no group {name}", returncode=2)
    return group


def find_issuers(iss: str | None, **conditions: Any) -> list[TrustedIssuer]:
    """The issuer that calls itself ``iss``, or all that meet ``conditions``: as :func:`whole` requires them.

    Only what names them is read here: a row that cannot be read must not hide the others.
    """
    issuers = written(TrustedIssuer).only("name", "issuer", "enabled", "key_source")
    if iss is None:
        return list(issuers.filter(**conditions))
    found = [issuer for issuer in issuers.filter(issuer=iss) if issuer.issuer == iss]
    if not found:
        raise CommandError(f"--issuer: there is no trusted issuer {iss}", returncode=2)
    return found


def whole(issuer: TrustedIssuer) -> TrustedIssuer:
    """All of the row ``issuer``."""
    return written(TrustedIssuer).get(pk=issuer.pk)


def fault(error: Exception) -> str:
    """An exception that nobody has foreseen, in one line."""
    # psycopg2 ends its messages with a new line.
    return printable(f"{type(error).__name__}: {error}".strip()[:300])


def counted(number: int, noun: str) -> str:
    """``number`` of ``noun``: ``1 key``, ``2 keys``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def printable(value: Any, *, keep: str = "") -> str:
    """``value`` for a terminal: text as it is, all else as JSON, with escapes for what is not printed.

    A line break is escaped, too, as a value must not look like a line of ours, unless it is in ``keep``.
    """
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return "".join(mark if mark.isprintable() or mark in keep else ascii(mark)[1:-1] for mark in text)
