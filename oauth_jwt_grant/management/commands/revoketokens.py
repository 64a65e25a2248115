"""``manage.py revoketokens``: revoke tokens of this app by their user."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from ...models import Decision, written
from ...trust import withdrawal
from .. import base
from ..arguments import counted, find_any_user, find_issuers


class Command(base.Command):
    """Revokes what assertions have brought, and nothing that another grant has. Trust stays as it is."""

    help = (
        "Revoke the tokens that a user has by assertions, or those of all users who would get none now. "
        "New assertions bring new tokens, unless the user is deactivated or the trust is withdrawn."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose tokens."""
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--user", metavar="NAME", help="the user's name, as for logging in")
        whose.add_argument(
            "--unentitled",
            action="store_true",
            help="of users who are inactive, privileged though the rule forbids it, or hidden by the manager",
        )
        parser.add_argument("--issuer", metavar="ISS", help="only tokens from assertions of this issuer")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints how many."""
        decisions = written(Decision)
        if options["issuer"] is not None:
            decisions = decisions.filter(issuer__in=[row.pk for row in find_issuers(options["issuer"])])
        if options["unentitled"]:
            decisions = withdrawal.unentitled(decisions)
        else:
            decisions = decisions.filter(user=find_any_user("--user", options["user"]).pk)
        self.stdout.write(f"Revoked {counted(withdrawal.revoke(decisions), 'token')}.")
