"""What is not deleted while an access token is good: revocation finds the token through these rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import router, transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ...dot import get_application_model
from ...fields import rests_on_application
from ...models import Decision, GrantRule, LinkedSubject, TrustedIssuer, written
from ...trust import withdrawal
from ..shared import AdminMixin, may_revoke, may_see


def why_kept(decision: Decision, now: datetime) -> str:
    """Why ``decision`` cannot be deleted; empty if it can (see :meth:`DecisionQuerySet.deletable`)."""
    if decision.replay_until is not None and decision.replay_until >= now:
        return _("It keeps its assertion from being used again.")
    if decision.access_token is not None and decision.access_token.expires > now:
        return _("Its access token has not expired. Revoke the token first.")
    return ""


class GoodTokensMixin(AdminMixin):
    """For the admin class of issuers: one is not deleted while a token of its assertions is good."""

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Ask, or say how many tokens have to be revoked first."""
        number = good_tokens("issuer", [object_id] if self.get_object(request, object_id) else [])
        context = {"valid": sum(number.values()), "may_revoke": may_revoke(request)}
        return super().delete_view(request, object_id, {**(extra_context or {}), **context})

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name the issuers that stay: Django's pages show these, and delete nothing."""
        deleted, counts, needed, protected = super().get_deleted_objects(objs, request)
        issuers = {issuer.pk: issuer for issuer in objs}
        kept = [
            self._kept(request, issuers[pk], number) for pk, number in good_tokens("issuer", issuers).items()
        ]
        return deleted, counts, needed, [*protected, *kept]

    def delete_model(self, request: HttpRequest, obj: TrustedIssuer) -> None:
        """Delete, if no token has come in since it was asked."""
        with _no_good_tokens([obj.pk]):
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[TrustedIssuer]) -> None:
        """Delete all of them, if no token has come in since it was asked."""
        pks = list(queryset.values_list("pk", flat=True))
        with _no_good_tokens(pks):
            super().delete_queryset(request, TrustedIssuer.objects.filter(pk__in=pks))

    def _kept(self, request: HttpRequest, issuer: TrustedIssuer, number: int) -> str:
        words = ngettext(
            "%d access token has not expired. Revoke it first.",
            "%d access tokens have not expired. Revoke them first.",
            number,
        )
        text = f"{issuer}: {words % number}"
        if not may_revoke(request):
            return text
        url = _revoke_url(self, issuer.pk)
        return format_html('<a href="{}">{}</a>', url, text) if url else text


class GoodTokensWarningMixin(AdminMixin):
    """For the admin class of rules: the page that asks says how many tokens stay good.

    They are found by the issuer, so the rule can be deleted.
    """

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Warn, on the page that asks."""
        if "post" not in request.POST:
            rules: dict[Any, GrantRule] = {rule.pk: rule for rule in objs}
            for pk, number in good_tokens("rule", rules).items():
                self._warn(request, rules[pk], number)
        return super().get_deleted_objects(objs, request)

    def _warn(self, request: HttpRequest, rule: GrantRule, number: int) -> None:
        words = _(
            "Access tokens of the rule %(rule)s that have not expired: %(number)d. They stay good without it."
        )
        _warn_of_good(self, request, words % {"rule": rule, "number": number}, rule.issuer_id)


class LinkWarningMixin(AdminMixin):
    """For the admin class of linked subjects: the page that asks says how many tokens stay good."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Warn, on the page that asks."""
        if "post" not in request.POST:
            links: dict[Any, LinkedSubject] = {link.pk: link for link in objs}
            good = Decision.objects.using(router.db_for_write(Decision)).good(timezone.now())
            for pk, decisions in withdrawal.by_link(good, links.values()).items():
                self._warn(request, links[pk], len(decisions))
        return super().get_deleted_objects(objs, request)

    def _warn(self, request: HttpRequest, link: LinkedSubject, number: int) -> None:
        words = _(
            "Access tokens of the subject %(subject)s that have not expired: %(number)d. They stay good "
            "without the link."
        )
        query = "?" + urlencode({"which": "subject", "value": link.subject})
        _warn_of_good(self, request, words % {"subject": link, "number": number}, link.issuer_id, query)


class HolderWarningMixin(AdminMixin):
    """For the admin class of users or applications: the page that asks says what else a deletion does."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Warn, on the page that asks, of tokens that go with them and of rules that refuse from then on."""
        column = _COLUMNS.get(self.model._meta.label_lower)
        if column is not None and "post" not in request.POST:
            pks = [row.pk for row in objs]
            self._warn_of_tokens(request, sum(good_tokens(column, pks).values()))
            if may_see(request, TrustedIssuer, GrantRule):
                self._warn_of_rules(request, column, pks)
        return super().get_deleted_objects(objs, request)

    def _warn_of_tokens(self, request: HttpRequest, number: int) -> None:
        if number:
            words = ngettext(
                "%d access token from assertions that has not expired is deleted as well.",
                "%d access tokens from assertions that have not expired are deleted as well.",
                number,
            )
            messages.warning(request, words % number)

    def _warn_of_rules(self, request: HttpRequest, column: str, pks: list[Any]) -> None:
        words = _("The rule %(rule)s of %(issuer)s stays, and refuses what it matches from then on.")
        for rule in _resting_on(column, pks):
            messages.warning(request, words % {"rule": rule, "issuer": rule.issuer})


#: The column of a decision, by the model of the rows that are deleted. A link has a mixin of its own.
_COLUMNS = {
    get_user_model()._meta.label_lower: "user",
    get_application_model()._meta.label_lower: "application",
}


def _resting_on(column: str, pks: list[Any]) -> list[GrantRule]:
    """The rules that refuse what they match without these users or applications."""
    rules = written(GrantRule).select_related("issuer")
    if column == "user":
        return list(rules.filter(user__in=pks, subject_policy=GrantRule.SubjectPolicy.SERVICE_USER))
    return [rule for rule in rules.filter(default_application__in=pks) if rests_on_application(rule)]


def good_tokens(column: str, pks: Any) -> dict[Any, int]:
    """How many good tokens there are of each of the rows ``pks`` that ``column`` of a decision refers to."""
    decisions = Decision.objects.using(router.db_for_write(Decision)).filter(**{f"{column}__in": list(pks)})
    counted = decisions.good(timezone.now()).order_by().values_list(column).annotate(number=Count("pk"))
    return dict(counted)


@contextmanager
def _no_good_tokens(pks: list[Any]) -> Iterator[None]:
    """A transaction in which no token of the issuers ``pks`` comes in. Raises if there is one.

    The lock on their rows waits for a request in flight that has inserted its decision, or makes its COMMIT
    wait until they are gone: then the database refuses the decision, and with it the token.
    """
    alias = router.db_for_write(TrustedIssuer)
    with transaction.atomic(using=alias):
        rows = TrustedIssuer.objects.using(alias).filter(pk__in=pks)
        list(rows.select_for_update().order_by("pk").values_list("pk"))
        if good_tokens("issuer", pks):
            raise PermissionDenied(_("An access token has come in meanwhile. Disable the issuer first."))
        yield


def _warn_of_good(
    model_admin: admin.ModelAdmin[Any], request: HttpRequest, text: str, issuer: Any, query: str = ""
) -> None:
    """Show ``text`` with a link to the page that revokes tokens of ``issuer``, for who may revoke them."""
    url = _revoke_url(model_admin, issuer) if may_revoke(request) else None
    link = format_html(' <a href="{}{}">{}</a>', url, query, _("Revoke tokens")) if url else ""
    messages.warning(request, format_html("{}{}", text, link))


def _revoke_url(model_admin: admin.ModelAdmin[Any], pk: Any) -> str | None:
    """The page that revokes tokens, or ``None`` on a site that has no page of issuers."""
    name = "admin:oauth_jwt_grant_trustedissuer_revoke"
    try:
        return reverse(name, args=[pk], current_app=model_admin.admin_site.name)
    except NoReverseMatch:
        return None
