"""``manage.py createserviceaccount``: a service account and its keys, or a credential file without a key."""

from __future__ import annotations

import json
from argparse import BooleanOptionalAction
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.db import router, transaction

from ...models import TrustedIssuer, written
from ...service_accounts import (
    IssuedKey,
    ServiceAccountError,
    add_key,
    create_service_account,
    external_account,
    find_service_account,
    key_uses,
    withdraw_key,
)
from .. import base
from ..arguments import find_application, find_group, find_user, new_private_file

#: Flags that describe a new account.
_OF_A_NEW_ONE = ("scopes", "user", "default_application", "group")


class Command(base.Command):
    """Makes an account and writes its key file; or adds, lists or withdraws keys of one that is there.

    Or writes the credential file of workloads that have no key, but JWTs of an issuer that is trusted.
    """

    help = "Make a service account, and write its private key once, as a key file for Google's libraries."

    def add_arguments(self, parser: CommandParser) -> None:
        """The account, what to do with its keys, and what a new one is like."""
        parser.add_argument(
            "name", metavar="NAME", help="a-z, 0-9 and -; or the whole identifier, the iss of an issuer"
        )
        action = parser.add_mutually_exclusive_group()
        action.add_argument(
            "--add-key", action="store_true", help="make a further key; the others stay valid"
        )
        action.add_argument("--withdraw-key", metavar="KID", help="no longer trust this key")
        action.add_argument("--list-keys", action="store_true", help="show the keys and their last use")
        action.add_argument(
            "--external-account",
            metavar="SOURCE",
            help="write a file by which workloads exchange the JWT in this file or at this URL",
        )
        parser.add_argument(
            "--output",
            metavar="FILE",
            help="the file, which must not be there yet (default: NAME.json or external_account.json)",
        )
        parser.add_argument("--scopes", help="all that its tokens may have, space-separated")
        parser.add_argument(
            "--token-uri", metavar="URL", help="the token endpoint (default: from the settings)"
        )
        parser.add_argument("--user", metavar="USER", help="the user of its tokens (default: a new user)")
        parser.add_argument(
            "--group", action="append", metavar="NAME", help="a group of the new user; repeatable"
        )
        parser.add_argument(
            "--default-application", metavar="CLIENT_ID", help="the application of its tokens"
        )
        parser.add_argument(
            "--google-audience",
            action=BooleanOptionalAction,
            default=True,
            help="accept the aud that google-auth for Python always sends (default: yes)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do one of the five actions; one that fails stores nothing."""
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
        elif options["withdraw_key"] is not None:
            issuer = withdraw_key(name, options["withdraw_key"])
            self.stdout.write(f"{issuer.issuer} no longer trusts {options['withdraw_key']}.")
        elif options["external_account"] is not None:
            self._write(options["output"] or "external_account.json", lambda: _external(name, options))
        else:
            make = _add if options["add_key"] else _create
            self._write(options["output"] or f"{name}.json", lambda: _issued(make(name, options)))

    def _write(self, output: str, make: Callable[[], tuple[str, str]]) -> None:
        """Make the content of a file and what to say of it, and write it: all, or nothing."""
        using = router.db_for_write(TrustedIssuer)
        with new_private_file("--output", output) as file, transaction.atomic(using=using):
            text, words = make()
            file.write(text)
            file.flush()
        self.stdout.write(f"{output} is written: {words}")


def _makes_an_account(options: dict[str, Any]) -> bool:
    named = (options["withdraw_key"], options["external_account"])
    return not (options["add_key"] or options["list_keys"]) and named == (None, None)


def _issued(issued: IssuedKey) -> tuple[str, str]:
    return issued.text, f"key {issued.kid} of {issued.issuer.issuer}, which is stored nowhere else."


def _external(name: str, options: dict[str, Any]) -> tuple[str, str]:
    content = external_account(_issuer_of(name), options["external_account"], options["token_uri"])
    words = f"for token exchange at {content['token_url']}."
    if "client_secret" in content:
        words += f" Fill in client_secret, that of {content['client_id']}."
    return json.dumps(content, indent=2) + "\n", words


def _issuer_of(name: str) -> TrustedIssuer:
    """The issuer with the ``iss`` ``name``, or the service account of this name."""
    # A database that compares loosely finds more than was asked for.
    found = [issuer for issuer in written(TrustedIssuer).filter(issuer=name) if issuer.issuer == name]
    return found[0] if found else find_service_account(name)


def _add(name: str, options: dict[str, Any]) -> IssuedKey:
    return add_key(name, token_uri=options["token_uri"])


def _create(name: str, options: dict[str, Any]) -> IssuedKey:
    if not options["scopes"]:
        raise CommandError("--scopes: a new service account needs them")
    user, application = options["user"], options["default_application"]
    if user and options["group"]:
        raise CommandError("--group: only for a new user. Give this one its groups on its own page.")
    return create_service_account(
        name,
        scopes=options["scopes"],
        token_uri=options["token_uri"],
        user=find_user("--user", user) if user else None,
        default_application=find_application("--default-application", application) if application else None,
        google_audience=options["google_audience"],
        groups=[find_group("--group", group) for group in options["group"] or ()],
    )
