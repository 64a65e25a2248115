"""``manage.py eraseperson``: remove what decisions and links say of a person."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import router, transaction
from django.db.models import Q, QuerySet

from ...models import Decision, LinkedSubject, written
from ...trust import withdrawal
from .. import base
from ..arguments import counted, find_any_user, find_issuers


class Command(base.Command):
    """Revokes the person's tokens, deletes the links, and blanks the decisions.

    The replay key stays: it is a digest, and an assertion that has been used must not be usable again.
    """

    help = (
        "Erase a person: revoke the tokens from assertions, delete the links, and remove subject, claims, "
        "address, detail and user from the decisions. Replay keys stay, so nothing can be used again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Who."""
        parser.add_argument("--user", metavar="NAME", help="a user, with all subjects linked to that user")
        parser.add_argument("--issuer", metavar="ISS", help="the issuer of --subject")
        parser.add_argument("--subject", metavar="SUB", help="a subject of that issuer, exactly")

    def handle(self, *args: Any, **options: Any) -> None:
        """All or nothing, but for the tokens, which are revoked first; prints how many rows."""
        decisions, links = _about(options)
        revoked = withdrawal.revoke(decisions)
        with transaction.atomic(using=router.db_for_write(Decision)):
            erased = decisions.update(subject="", claims={}, client_address=None, detail="", user=None)
            deleted, _by_model = links.delete()
        self.stdout.write(
            f"Revoked {counted(revoked, 'token')}, erased {counted(erased, 'decision')}, "
            f"deleted {counted(deleted, 'link')}."
        )


def _about(options: dict[str, Any]) -> tuple[QuerySet[Decision], QuerySet[LinkedSubject]]:
    """The decisions on the person, and the links."""
    named = {name for name in ("user", "issuer", "subject") if options[name] is not None}
    if named not in ({"user"}, {"issuer", "subject"}):
        raise CommandError("give --user, or --issuer together with --subject", returncode=2)
    if "subject" in named:
        issuer = find_issuers(options["issuer"])[0].pk
        which = Q(issuer=issuer, subject=options["subject"])
        return written(Decision).filter(which), written(LinkedSubject).filter(which)
    user = find_any_user("--user", options["user"])
    links = written(LinkedSubject).filter(user=user.pk)
    which = Q(user=user.pk)
    for issuer, subject in links.values_list("issuer", "subject"):
        which |= Q(issuer=issuer, subject=subject)
    return written(Decision).filter(which), links
