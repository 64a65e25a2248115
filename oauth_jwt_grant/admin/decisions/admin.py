"""The log of decisions: to be read, never written."""

from __future__ import annotations

import hashlib
from functools import partial, reduce
from operator import or_
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from ...assertion import Reason
from ...decision import REMEDIES, answer_to
from ...models import Decision
from ..revocation import why_kept
from ..shared import BoundedList, StorableAdmin, begins, below, english, exact_time, link_to, reason_in_words
from .export import LIMIT, export, may_export
from .filters import ApplicationFilter, IssuerFilter, PeriodFilter, ReasonFilter
from .listing import DecisionChangeList

EXPLAINED = "admin/oauth_jwt_grant/decision/explained.html"


@admin.register(Decision)
class DecisionAdmin(BoundedList, StorableAdmin):
    """Decisions: nobody adds or changes one, nor deletes one on which something rests."""

    list_display = (
        "exact_time",
        "outcome",
        "reason_shown",
        "accepted_as",
        "subject_of_issuer",
        "application",
        "user",
    )
    list_filter = ("outcome", "accepted_as", PeriodFilter, IssuerFilter, ApplicationFilter, ReasonFilter)
    list_select_related = ("application", "user")
    search_fields = ("subject", "kid", "jti_digest")
    search_help_text = _(
        "A whole subject, jti or key ID, capitals included; or the beginning of subjects and *."
    )
    sortable_by = ("exact_time",)
    fieldsets: ClassVar[Any] = [
        (None, {"fields": ["exact_time", "outcome", "reason_shown", "detail_shown", "explained"]}),
        (
            _("The assertion"),
            {"fields": ["issuer_link", "iss", "subject", "kid", "alg", "jti_digest", "claims"]},
        ),
        (
            _("The request"),
            {
                "fields": [
                    "accepted_as",
                    "rule_link",
                    "application_link",
                    "user_link",
                    "scope",
                    "client_address",
                ]
            },
        ),
        (_("The token"), {"fields": ["access_token_link", "replay_until", "kept"]}),
    ]

    def get_urls(self) -> list[URLPattern]:
        """The pages of the model, and the export."""
        view = self.admin_site.admin_view(partial(export, model_admin=self))
        return [path("export/", view, name="oauth_jwt_grant_decision_export"), *super().get_urls()]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[DecisionChangeList]:
        """The list with the chart above it."""
        return DecisionChangeList

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list; a button exports what it is filtered by."""
        context = {
            "may_export": may_export(request, self),
            "export_limit": number_format(LIMIT, force_grouping=True),
        }
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds a decision."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Decision | None = None) -> bool:
        """Nobody changes a decision."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Decision | None = None) -> bool:
        """By permission, but not while something rests on the decision."""
        is_kept = obj is not None and why_kept(obj, timezone.now()) != ""
        return not is_kept and super().has_delete_permission(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name those that stay, and why: Django's page shows these, and deletes nothing."""
        rows = list(objs.select_related("access_token")) if isinstance(objs, QuerySet) else objs
        deleted, counts, needed, protected = super().get_deleted_objects(rows, request)
        now = timezone.now()
        reasons = [(link_to(self.admin_site, row), why_kept(row, now)) for row in rows]
        kept = [format_html("{}: {}", link, why) for link, why in reasons if why]
        # What is missing there is no permission.
        return deleted, counts, set() if kept else needed, [*protected, *kept]

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Decision]) -> None:
        """Delete them, except those created after the confirmation page was shown."""
        super().delete_queryset(request, queryset.deletable(timezone.now()))  # type: ignore[attr-defined]

    def get_readonly_fields(self, request: HttpRequest, obj: Decision | None = None) -> list[str]:
        """All of them."""
        return [name for _title, options in self.fieldsets for name in options["fields"]]

    def get_fieldsets(self, request: HttpRequest, obj: Decision | None = None) -> Any:
        """Leave out the fields that are empty."""
        unsaid = set()
        if obj is not None and obj.reason not in REMEDIES:
            unsaid.add("explained")
        # To those who may not delete decisions it is of no use.
        if (
            obj is None
            or not super().has_delete_permission(request, obj)
            or not why_kept(obj, timezone.now())
        ):
            unsaid.add("kept")
        return [
            (title, {**rest, "fields": [name for name in rest["fields"] if name not in unsaid]})
            for title, rest in self.fieldsets
        ]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Decision], search_term: str
    ) -> tuple[QuerySet[Decision], bool]:
        """Search by a whole subject, key ID or ``jti``, or by the beginning of subjects with an asterisk."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if term.endswith("*"):
            return queryset.filter(begins("subject", term[:-1])), False
        # Of a jti only the digest is stored.
        digest = hashlib.sha256(term.encode("utf-8", "replace")).hexdigest()
        places = {"subject": [term], "kid": [term], "jti_digest": [digest, term.lower()]}
        # An index has the rows of one column in the order of the list; for several, all found are sorted.
        conditions = [Q(**{f"{column}__in": values}) for column, values in places.items()]
        found = [condition for condition in conditions if Decision.objects.filter(condition).exists()]
        return queryset.filter(reduce(or_, found)) if found else queryset.none(), False

    @admin.display(description=_("time"), ordering="time")
    def exact_time(self, decision: Decision) -> str:
        """When it was."""
        return exact_time(decision.time)

    @admin.display(description=_("subject and issuer"))
    def subject_of_issuer(self, decision: Decision) -> str:
        """The subject, and below it the issuer: what it is, it is by both."""
        return format_html("{} {}", decision.subject or "-", below(decision.iss))

    @admin.display(description=_("reason"))
    def reason_shown(self, decision: Decision) -> str:
        """The reason in words."""
        return reason_in_words(decision.reason) or "-"

    @admin.display(description=_("detail"))
    def detail_shown(self, decision: Decision) -> str:
        """The detail, which is stored in English."""
        return english(decision.detail) or "-"

    @admin.display(description=_("what this means"))
    def explained(self, decision: Decision) -> str:
        """The reason and its remedy, the answer to the client, and links to related pages."""
        context = {
            "remedy": REMEDIES[decision.reason],
            "answer": answer_to(decision.reason, decision.detail, decision.accepted_as),
            "links": self._see_also(decision),
        }
        return render_to_string(EXPLAINED, context)

    def _see_also(self, decision: Decision) -> list[tuple[str, Any]]:
        """Other decisions that belong to this one: of its issuer, which is what the index is by."""
        if decision.issuer_id is None:
            return []
        found: list[tuple[dict[str, Any], Any]] = [
            ({"reason": decision.reason, "when": "24h"}, _("The last 24 hours of this reason and issuer")),
        ]
        if decision.subject:
            found.append(({"subject": decision.subject}, _("All of this subject")))
        if decision.reason == Reason.REPLAYED and decision.jti_digest:
            twin = {
                "subject": decision.subject,
                "jti_digest": decision.jti_digest,
                "outcome__exact": "accepted",
            }
            found.append((twin, _("What the assertion was accepted for")))
        url = reverse("admin:oauth_jwt_grant_decision_changelist", current_app=self.admin_site.name)
        return [
            (f"{url}?{urlencode({'issuer': decision.issuer_id, **query})}", text) for query, text in found
        ]

    @admin.display(description=_("issuer"))
    def issuer_link(self, decision: Decision) -> str:
        """The issuer, if it is still there."""
        return link_to(self.admin_site, decision.issuer)

    @admin.display(description=_("rule"))
    def rule_link(self, decision: Decision) -> str:
        """The rule that decided, if it is still there."""
        return link_to(self.admin_site, decision.rule)

    @admin.display(description=_("application"))
    def application_link(self, decision: Decision) -> str:
        """The application, if it is still there."""
        return link_to(self.admin_site, decision.application)

    @admin.display(description=_("user"))
    def user_link(self, decision: Decision) -> str:
        """The user, if there is one."""
        return link_to(self.admin_site, decision.user)

    @admin.display(description=_("cannot be deleted"))
    def kept(self, decision: Decision) -> str:
        """Why the decision cannot be deleted now."""
        return why_kept(decision, timezone.now())

    @admin.display(description=_("access token"))
    def access_token_link(self, decision: Decision) -> str:
        """The token's page; never the token."""
        return link_to(self.admin_site, decision.access_token)
