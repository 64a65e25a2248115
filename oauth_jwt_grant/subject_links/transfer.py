"""Links in and out of the database: an import is done whole or not at all, an export is streamed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.db import DataError, IntegrityError, OperationalError, models, router, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ..models import LinkedSubject
from ..signals import trust_changed
from .plan import CHUNK, Current, Outcome, Plan, PlannedLink, chunks
from .table import write_table


class NotImported(Exception):
    """Nothing was written; the message has the reason."""


def import_links(
    plan: Plan, *, replace: bool, record: Callable[[], None] | None = None, dry_run: bool = False
) -> None:
    """Write the links of ``plan`` in one transaction, and have ``record`` write its history in the same.

    A subject gets another user only with ``replace``. Raises :class:`NotImported`, and has written nothing,
    if a line is wrong, if a subject would get another user without it, or if something has been changed
    since the plan was made. A ``dry_run`` writes nothing either way.
    """
    _check(plan, replace=replace)
    if dry_run:
        return
    using = router.db_for_write(LinkedSubject)
    try:
        with transaction.atomic(using=using):
            for chunk in chunks(plan.replaced):
                _replace(chunk, using)
            added = [
                LinkedSubject(issuer=link.issuer, subject=link.row.subject, user=link.user)
                for link in plan.of(Outcome.ADD)
            ]
            LinkedSubject.objects.using(using).bulk_create(added, batch_size=CHUNK)
            if record is not None:
                record()
            transaction.on_commit(partial(_tell, plan, added), using=using)
    except DataError as error:
        text = _("Nothing was imported: the database cannot store a character of the file.")
        raise NotImported(text) from error
    except (IntegrityError, OperationalError) as error:
        # Another request has linked one of the subjects, deleted an issuer or a user, or locks the rows.
        raise NotImported(
            _("Nothing was imported: something has been changed meanwhile. Try again.")
        ) from error


def export_links(links: models.QuerySet[LinkedSubject]) -> Iterator[str]:
    """CSV for ``links``, a piece at a time, that :func:`~.plan.make_plan` finds unchanged."""
    columns = ("issuer__issuer", "subject", f"user__{get_user_model().USERNAME_FIELD}")
    rows: Iterator[tuple[Any, ...]] = links.values_list(*columns).iterator(chunk_size=2000)
    return write_table((issuer, subject, str(user)) for issuer, subject, user in rows)


def _check(plan: Plan, *, replace: bool) -> None:
    number = len(plan.problems)
    if number:
        text = ngettext("Nothing was imported: %d error.", "Nothing was imported: %d errors.", number)
        raise NotImported(text % number)
    number = len(plan.replaced)
    if number and not replace:
        text = ngettext(
            "Nothing was imported: %d subject is linked to another user, and replacing was not asked for.",
            "Nothing was imported: %d subjects are linked to other users, and replacing was not asked for.",
            number,
        )
        raise NotImported(text % number)


def _tell(plan: Plan, added: list[LinkedSubject]) -> None:
    """Tell audits of the changed links: in bulk, Django sends no ``post_save``."""
    replaced = [
        LinkedSubject(pk=current.pk, issuer=link.issuer, subject=link.row.subject, user=link.user)
        for current, link in plan.replaced
    ]
    if added or replaced:
        trust_changed.send_robust(sender=LinkedSubject, action="imported", instances=[*added, *replaced])


def _replace(links: list[tuple[Current, PlannedLink]], using: str) -> None:
    """Give each link its new user, if it still has the one that the plan knows."""
    rows = LinkedSubject.objects.using(using)
    planned = {current.pk: current.user_pk for current, _link in links}
    # In one order, so that two imports at once wait for each other instead of locking each other out.
    held = rows.select_for_update().filter(pk__in=planned).order_by("pk")
    if dict(held.values_list("pk", "user_id")) != planned:
        raise IntegrityError("a link has been changed since the plan was made")
    changed = [LinkedSubject(pk=current.pk, user=link.user) for current, link in links]
    rows.bulk_update(changed, ["user"], batch_size=CHUNK)
