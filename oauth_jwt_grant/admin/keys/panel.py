"""The keys of one issuer, seen and fetched."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db import router, transaction
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ...assertion import Clause, NotGranted, PublicKey
from ...conf import conf
from ...database import readable
from ...keys import KeySource, KeyStatus
from ...languages import translated
from ...models import Decision, TrustedIssuer
from ...service_accounts import KeyUse, is_service_account, uses_of
from ...trust import FETCHED, KeyState, key_health, key_source_of
from ..shared import as_stored, changeable_issuer, table
from .health import at, count_of, key_words

TEMPLATE = "admin/oauth_jwt_grant/trustedissuer/key_panel.html"
_USED_WITHIN = timedelta(days=7)


def key_panel(issuer: TrustedIssuer, *, may_change: bool) -> str:
    """The keys that ``issuer`` has at the moment, as a part of its page; nothing is fetched.

    Those of a service account can be added to and withdrawn from there by those who ``may_change`` it,
    those at a URL can be fetched.
    """
    status, now = key_source_of(issuer).status(), timezone.now()
    level, words = key_words(issuer, status, now)
    is_account = is_service_account(issuer)
    context = {
        "level": level,
        "words": words,
        "is_account": is_account,
        "tables": [
            _keys(issuer, status, now, may_change=may_change) if status.keys else "",
            _left_out(status),
            _certificates(status),
        ],
        "fetched": at(status.fetched_at) if status.fetched_at else "",
        "next_fetch": at(status.next_fetch) if status.next_fetch else "",
        "last_error": as_stored(status.last_error),
        "remote": issuer.key_source in FETCHED,
        "may_change": may_change,
    }
    return render_to_string(TEMPLATE, context)


def fetch_keys(request: HttpRequest, object_id: str, model_admin: admin.ModelAdmin[Any]) -> HttpResponse:
    """Fetch the keys of an issuer now, report the result, and redirect to its page."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    _fetch(request, key_source_of(changeable_issuer(request, object_id, model_admin)))
    return HttpResponseRedirect("../change/")


def fetch_after_commit(request: HttpRequest, issuer: TrustedIssuer) -> None:
    """Fetch the keys of ``issuer``, which is being saved, and report the result; not if fresh ones are there.

    After the transaction: an issuer that is slow must hold no lock. It takes ``FETCH_TIMEOUT`` at most.
    """

    def fetch() -> None:
        source = key_source_of(issuer)
        if key_health(issuer, source.status(), time.time()).state is not KeyState.USABLE:
            _fetch(request, source)

    if issuer.enabled and issuer.key_source in FETCHED:
        # Robust: whatever happens, the issuer is saved, and the page says so.
        transaction.on_commit(fetch, using=router.db_for_write(TrustedIssuer), robust=True)


def _fetch(request: HttpRequest, source: KeySource) -> None:
    """Fetch the keys of ``source`` now, and report the result."""
    try:
        source.refresh()
    except NotGranted as refused:
        messages.error(request, _("Not fetched: %s.") % translated(Clause(refused.detail)))
    else:
        messages.success(request, _("Fetched: %s.") % count_of(source.status()))


def account_key_words(use: KeyUse) -> dict[str, str]:
    """When a key of a service account was made and last used, in words."""
    days = conf.DECISION_RETENTION_DAYS
    is_new = use.made is not None and use.made > timezone.now() - timedelta(days=days)
    never = (
        _("never used")
        if is_new
        else ngettext("not in the last %d day", "not in the last %d days", days) % days
    )
    return {
        "since": readable(use.made) if use.made else "-",
        "used": readable(use.last_used) if use.last_used else never,
    }


def account_keys(kids: Iterable[str | None], uses: Iterable[KeyUse], *, may_withdraw: bool) -> str:
    """The keys of a service account as a table; with ``may_withdraw``, each leads to its withdrawal."""
    words = {use.kid: account_key_words(use) for use in uses if use.kid}
    head = [_("Key ID"), _("Made"), _("Last used"), *([_("Change")] if may_withdraw else [])]
    rows = []
    for kid in kids:
        said = words.get(kid or "", {"since": "-", "used": "-"})
        rows.append([kid or "-", said["since"], said["used"], *([_withdrawal(kid)] if may_withdraw else [])])
    return table(head, rows)


def _withdrawal(kid: str | None) -> str:
    url, name = urlencode({"kid": kid}), _("Withdraw")
    return (
        format_html('<a href="../withdraw-key/?{}" aria-label="{} {}">{}</a>', url, name, kid, name)
        if kid
        else ""
    )


def _keys(issuer: TrustedIssuer, status: KeyStatus, now: datetime, *, may_change: bool) -> str:
    if is_service_account(issuer):
        return account_keys([key.kid for key in status.keys], uses_of(issuer), may_withdraw=may_change)
    used = _last_used(issuer, [_name(key) for key in status.keys], now)
    seen = {thumbprint: at(seconds) for thumbprint, seconds in status.first_seen.items()}
    new = {name for name, seconds in status.first_seen.items() if seconds > (now - _USED_WITHIN).timestamp()}
    shows_seen = [_("First seen")] if seen else []
    head = [_("Key ID"), _("Type"), _("Algorithm"), _("Use"), _("Thumbprint"), *shows_seen, _("Last used")]
    return table(
        head,
        [
            [
                key.kid or "-",
                _type(key),
                key.alg or "-",
                key.use or "-",
                _code(key.thumbprint),
                *([seen.get(key.thumbprint, "-")] if seen else []),
                _use(key, used, is_new=key.thumbprint in new),
            ]
            for key in status.keys
        ],
    )


def _left_out(status: KeyStatus) -> str:
    rows = [
        (left.kid or _("number %d") % (left.position + 1), translated(left.why)) for left in status.left_out
    ]
    return table([_("Left out"), _("Why")], rows) if rows else ""


def _certificates(status: KeyStatus) -> str:
    rows = [
        (one.subject, readable(one.not_before), readable(one.not_after), _code(one.sha256))
        for one in status.certificates
    ]
    return table([_("Trust anchor"), _("Valid from"), _("Valid until"), "SHA-256"], rows) if rows else ""


def _code(text: str) -> str:
    return format_html("<code>{}</code>", text)


def _use(key: PublicKey, used: dict[str | None, datetime], *, is_new: bool) -> str:
    """When the key was last used. One that is as young as what was looked at has never been."""
    name = _name(key)
    if name in used:
        return readable(used[name])
    return _("never used") if is_new else _("not in the last 7 days")


def _name(key: PublicKey) -> str:
    """What decisions call the key: its key ID, or its thumbprint where it has none."""
    return (key.kid or key.thumbprint)[:255]


def _type(key: PublicKey) -> str:
    size = key.crv or _("%d bits") % key.bits
    return f"{key.kty}, {size}"


def _last_used(issuer: TrustedIssuer, names: list[str], now: datetime) -> dict[str | None, datetime]:
    """When each key last verified an accepted assertion, by the decisions of the last days."""
    recent = Decision.objects.filter(
        issuer=issuer, outcome=Decision.Outcome.ACCEPTED, kid__in=names, time__gt=now - _USED_WITHIN
    )
    return dict(recent.order_by().values_list("kid").annotate(latest=Max("time")))
