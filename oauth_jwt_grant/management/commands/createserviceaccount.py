"""``manage.py createserviceaccount``: a service account, its key file, and the rotation of its keys."""

from __future__ import annotations

import os
from argparse import BooleanOptionalAction
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.db import router, transaction

from ...models import TrustedIssuer
from ...service_accounts import (
    IssuedKey,
    ServiceAccountError,
    add_key,
    create_service_account,
    key_uses,
    withdraw_key,
)
from .. import base
from ..arguments import find_application, find_user

#: Flags that describe a new account.
_OF_A_NEW_ONE = ("scopes", "user", "default_application")


class Command(base.Command):
    """Makes an account and writes its key file; or adds, lists or withdraws keys of one that is there."""

    help = "Make a service account, and write its private key once, as a key file for Google's libraries."

    def add_arguments(self, parser: CommandParser) -> None:
        """The account, what to do with its keys, and what a new one is like."""
        parser.add_argument("name", metavar="NAME", help="a-z, 0-9 and -; or the whole identifier")
        action = parser.add_mutually_exclusive_group()
        action.add_argument(
            "--add-key", action="store_true", help="make a further key; the others stay valid"
        )
        action.add_argument("--withdraw-key", metavar="KID", help="no longer trust this key")
        action.add_argument("--list-keys", action="store_true", help="show the keys and their last use")
        parser.add_argument(
            "--output", metavar="FILE", help="the key file, which must not be there yet (default: NAME.json)"
        )
        parser.add_argument("--scopes", help="all that its tokens may have, space-separated")
        parser.add_argument(
            "--token-uri", metavar="URL", help="the token endpoint (default: from the settings)"
        )
        parser.add_argument("--user", metavar="USER", help="whose the tokens are (default: a new user)")
        parser.add_argument("--default-application", metavar="CLIENT_ID", help="whose the tokens are, too")
        parser.add_argument(
            "--google-audience",
            action=BooleanOptionalAction,
            default=True,
            help="accept the aud that google-auth for Python always sends (default: yes)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do one of the four actions; one that fails stores nothing."""
        try:
            self._run(options["name"], options)
        except ServiceAccountError as error:
            raise CommandError(str(error)) from error
        except ValidationError as error:
            raise CommandError("\n".join(error.messages)) from error

    def _run(self, name: str, options: dict[str, Any]) -> None:
        if not _makes_an_account(options):
            unfit = [f"--{flag.replace('_', '-')}" for flag in _OF_A_NEW_ONE if options[flag] is not None]
            if unfit:
                raise CommandError(f"{', '.join(unfit)}: only for a new service account")
        if options["list_keys"]:
            for use in key_uses(name):
                last = use.last_used.isoformat(timespec="seconds") if use.last_used else "never used"
                self.stdout.write(f"{use.kid}  {last}")
        elif options["withdraw_key"]:
            issuer = withdraw_key(name, options["withdraw_key"])
            self.stdout.write(f"{issuer.issuer} no longer trusts {options['withdraw_key']}.")
        elif options["add_key"]:
            self._issue(options, lambda: add_key(name, token_uri=options["token_uri"]))
        else:
            self._issue(options, lambda: _create(name, options))

    def _issue(self, options: dict[str, Any], make: Callable[[], IssuedKey]) -> None:
        """Make a key and write its file: both, or neither."""
        path = Path(options["output"] or f"{options['name']}.json")
        try:
            # Only the owner may read it, and an existing file is never overwritten.
            file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w")
        except OSError as error:
            raise CommandError(f"--output: cannot write {path}: {error.strerror}") from error
        try:
            with file, transaction.atomic(using=router.db_for_write(TrustedIssuer)):
                issued = make()
                file.write(issued.text)
                file.flush()
        except BaseException:
            path.unlink()
            raise
        self.stdout.write(f"{issued.issuer.issuer}: key {issued.kid} is in {path}, and nowhere else.")


def _makes_an_account(options: dict[str, Any]) -> bool:
    return not (options["add_key"] or options["withdraw_key"] or options["list_keys"])


def _create(name: str, options: dict[str, Any]) -> IssuedKey:
    if not options["scopes"]:
        raise CommandError("--scopes: say what its tokens may have")
    user, application = options["user"], options["default_application"]
    return create_service_account(
        name,
        scopes=options["scopes"],
        token_uri=options["token_uri"],
        user=find_user("--user", user) if user else None,
        default_application=find_application("--default-application", application) if application else None,
        google_audience=options["google_audience"],
    )
