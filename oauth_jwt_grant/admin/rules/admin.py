"""Rules and their conditions."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db import router
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _

from ...assertion import Door, is_for
from ...languages import translated
from ...models import ClaimCondition, GrantRule, TrustedIssuer
from ...trust import obstacles_of, withdrawal
from ..revocation import GoodTokensWarningMixin, WithdrawalMixin, disable, disable_and_revoke
from ..shared import (
    SearchableRelations,
    StorableAdmin,
    change_url,
    conditions_in_words,
    may_change_issuers,
    may_see,
)
from .forms import ClaimConditionForm, ConditionFormSet, GrantRuleForm, RuleFormSet


class ConditionInline(admin.TabularInline):  # type: ignore[type-arg]
    """The conditions of a rule."""

    model = ClaimCondition
    form = ClaimConditionForm
    formset = ConditionFormSet
    extra = 1
    verbose_name_plural = _("conditions, all of which must hold")


class RuleInline(admin.TabularInline):  # type: ignore[type-arg]
    """The rules of an issuer in their order; each is a click away."""

    model = GrantRule
    formset = RuleFormSet
    fields = ("position", "enabled", "in_words", "scopes")
    readonly_fields = ("in_words", "scopes")
    extra = 0
    show_change_link = True
    verbose_name_plural = _("rules: the first that matches decides")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rules are added on their own page."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[GrantRule]:
        """From where they are written, with the conditions, which are shown in words."""
        rules = super().get_queryset(request).using(router.db_for_write(GrantRule))
        return rules.prefetch_related("conditions")

    @admin.display(description=_("applies"))
    def in_words(self, rule: GrantRule) -> str:
        """The conditions in words."""
        return conditions_in_words(rule)


#: What only those who may change issuers can let a rule do; also :func:`is_reserved`.
RESERVED = ("accepted_as", "allow_any_tenant", "allow_privileged_users", "groups", "user_fields")


def is_reserved(rule: GrantRule) -> bool:
    """Whether ``rule`` does something that only those who may change issuers can let it do."""
    provisions = rule.subject_policy == GrantRule.SubjectPolicy.PROVISION
    opens = is_for(rule.accepted_as, Door.CLIENT_ASSERTION)
    return provisions or opens or rule.allow_any_tenant or rule.allow_privileged_users


@admin.register(GrantRule)
class GrantRuleAdmin(SearchableRelations, GoodTokensWarningMixin, WithdrawalMixin, StorableAdmin):
    """What an issuer's assertions may do; saved, one is back at the issuer."""

    form = GrantRuleForm
    inlines = (ConditionInline,)
    list_display = ("name", "issuer", "position", "enabled", "in_words", "scopes")
    list_filter = ("enabled", "client_policy", "subject_policy")
    list_select_related = ("issuer",)
    search_fields = ("name", "issuer__name", "=issuer__issuer")
    searchable = ("issuer", "applications", "default_application", "user")
    raw_id_fields = searchable
    actions = (disable, disable_and_revoke)
    addable = ("applications", "default_application", "user")
    fieldsets: ClassVar[Any] = [
        (None, {"fields": [("issuer", "position"), "name", ("enabled", "refuses")]}),
        (
            _("Who may present the assertion"),
            {
                "fields": [
                    "accepted_as",
                    "allow_any_tenant",
                    "client_policy",
                    "applications",
                    "default_application",
                    "require_dpop",
                ]
            },
        ),
        (
            _("Whose token it becomes"),
            {
                "fields": [
                    "subject_policy",
                    "user",
                    "subject_claim",
                    "user_field",
                    "groups",
                    "user_fields",
                    "allow_privileged_users",
                ]
            },
        ),
        (
            _("What the token may do"),
            {
                "fields": [
                    "scopes",
                    "default_scopes",
                    ("scope_claim", "scope_claim_name"),
                    "resources",
                    "require_resource",
                ]
            },
        ),
        (_("How long it lives"), {"fields": ["access_token_lifetime", "limit_to_assertion"]}),
        (_("What is kept of it"), {"fields": ["recorded_claims"]}),
    ]

    class Media:
        js = ("oauth_jwt_grant/admin/rule.js",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Also whether the rule does what only those who may change issuers can let a rule do.

        Others could let themselves in there by its conditions.
        """
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or not is_reserved(obj) or may_change_issuers(request))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What others let no rule do; and a rule that is there stays with its issuer."""
        fixed = super().get_readonly_fields(request, obj)
        if may_change_issuers(request):
            return fixed
        return (*fixed, *RESERVED, *(["issuer"] if obj is not None else []))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form, which knows whether conditions come along with the rule."""
        form: Any = super().get_form(request, obj, change, **kwargs)
        inlines = self.get_inline_instances(request, obj)
        form.without_conditions = not any(isinstance(inline, ConditionInline) for inline in inlines)
        return form

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Without the policy that creates users, for those who may not change issuers."""
        if db_field.name == "subject_policy" and not may_change_issuers(request):
            chosen = GrantRule.SubjectPolicy
            kwargs["choices"] = [pair for pair in chosen.choices if pair[0] != chosen.PROVISION]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[GrantRule]:
        """The rules, from where they are written, with the conditions, which the list shows in words."""
        rules = super().get_queryset(request).using(router.db_for_write(GrantRule))
        return rules.prefetch_related("conditions")

    @admin.display(description=_("applies"))
    def in_words(self, rule: GrantRule) -> str:
        """The conditions in words."""
        return conditions_in_words(rule)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save conditions and applications, and warn of what keeps the rule from granting.

        If it is disabled, that acts on requests under way, too.
        """
        super().save_related(request, form, formsets, change)
        rule: GrantRule = form.instance
        withdrawal.wait_after_commit(rule.issuer_id)
        for obstacle in obstacles_of(rule.issuer):
            if obstacle.rule is not None and obstacle.rule.pk == rule.pk:
                messages.warning(request, translated(obstacle.text))

    def response_post_save_add(self, request: HttpRequest, obj: GrantRule) -> HttpResponseRedirect:
        """Back to the issuer."""
        return self._to_issuer(request, obj) or super().response_post_save_add(request, obj)

    def response_post_save_change(self, request: HttpRequest, obj: GrantRule) -> HttpResponseRedirect:
        """Back to the issuer."""
        return self._to_issuer(request, obj) or super().response_post_save_change(request, obj)

    def _to_issuer(self, request: HttpRequest, rule: GrantRule) -> HttpResponseRedirect | None:
        if not may_see(request, TrustedIssuer):
            return None
        return HttpResponseRedirect(change_url(self.admin_site, rule.issuer) or ".")
