"""What an issuer's assertions may do here: rules in their order, each with its conditions."""

from __future__ import annotations

import json
from typing import ClassVar

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from ..assertion import MAX_SECONDS, Door, is_for
from ..dot import may_use_client_credentials, oauth2_settings
from ..fields import ReadableJSONField, set_null_and_refuse
from ..languages import translated
from ..rules import ClientPolicy, Condition, InvalidCondition, Operator, condition_of
from ..validators import (
    empty_dict,
    empty_list,
    validate_claim,
    validate_doors,
    validate_list,
    validate_resources,
    validate_scopes,
    validate_strings,
    validate_user_fields,
)
from .trust import TrustedIssuer

#: Fields of a user with values that have one spelling as a string, so that a claim can equal them.
COMPARABLE = (models.CharField, models.TextField, models.IntegerField, models.UUIDField)


class DoorChoices(models.TextChoices):
    """How an assertion may be presented."""

    AUTHORIZATION_GRANT = Door.AUTHORIZATION_GRANT.value, _("authorization grant (RFC 7523)")
    SUBJECT_TOKEN = Door.SUBJECT_TOKEN.value, _("subject token of a token exchange (RFC 8693)")
    CLIENT_ASSERTION = Door.CLIENT_ASSERTION.value, _("the client's authentication (federated credential)")


class GrantRuleManager(models.Manager["GrantRule"]):
    """Rules, findable by issuer and name."""

    def get_by_natural_key(self, issuer: str, name: str) -> GrantRule:
        """Return the rule called ``name`` of the issuer with the ``iss`` ``issuer``."""
        return self.get(issuer__issuer=issuer, name=name)


class GrantRule(models.Model):
    """One answer to "what may this assertion do?". The first enabled rule that matches decides."""

    class ClientPolicyChoices(models.TextChoices):
        """Who may present the assertion."""

        LISTED = ClientPolicy.LISTED.value, _("the applications listed below")
        ANONYMOUS = ClientPolicy.ANONYMOUS.value, _("anyone, with or without an application")

    class SubjectPolicy(models.TextChoices):
        """Whose token it becomes."""

        LINKED = "linked", _("the user linked to the subject")
        USER_FIELD = "user_field", _("the user found by a claim")
        SERVICE_USER = "service_user", _("one fixed user")
        NO_USER = "no_user", _("no user")
        PROVISION = "provision", _("the user linked to the subject, created on first use")

    class ScopeClaim(models.TextChoices):
        """What a ``scope`` claim in the assertion means."""

        CEILING = "ceiling", _("limits the token's scope, and is the requested scope if the request has none")
        IGNORE = "ignore", _("is ignored")

    issuer = models.ForeignKey(
        TrustedIssuer, on_delete=models.CASCADE, related_name="rules", verbose_name=_("issuer")
    )
    name = models.CharField(_("name"), max_length=100)
    enabled = models.BooleanField(_("enabled"), default=True)
    refuses = models.BooleanField(
        _("refuses"),
        default=False,
        db_default=False,
        help_text=_(
            "If on, what the rule matches is refused, and no further rule is tried. Set when its default "
            "application is deleted."
        ),
    )
    position = models.PositiveIntegerField(
        _("position"),
        default=0,
        help_text=_("Rules are tried in ascending order. The first one that matches decides."),
    )
    accepted_as = ReadableJSONField(
        _("accepted as"),
        default=empty_list,
        db_default=[],
        blank=True,
        validators=[validate_doors],
        help_text=_("How the assertion may be presented. None chosen: as an authorization grant alone."),
    )
    allow_any_tenant = models.BooleanField(
        _("allow any customer of the issuer"),
        default=False,
        db_default=False,
        help_text=_(
            "For an issuer that several customers share: if off, the rule matches only if a condition names "
            "customers. If on, everybody for whom the issuer signs may be let in."
        ),
    )
    client_policy = models.CharField(
        _("clients"), max_length=16, choices=ClientPolicyChoices, default=ClientPolicyChoices.LISTED
    )
    applications = models.ManyToManyField(
        oauth2_settings.APPLICATION_MODEL,
        blank=True,
        related_name="jwt_bearer_rules",
        verbose_name=_("applications"),
        help_text=_("Used if the policy is to list them. If none is listed, no application is admitted."),
    )
    default_application = models.ForeignKey(
        oauth2_settings.APPLICATION_MODEL,
        on_delete=set_null_and_refuse,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("default application"),
        help_text=_(
            "Owns the tokens of requests that name no application. If it is deleted, the rule refuses "
            "what it matches."
        ),
    )
    require_dpop = models.BooleanField(
        _("require DPoP"),
        default=False,
        db_default=False,
        help_text=_(
            "If on, a request without a DPoP proof (RFC 9449) is refused, and each token is "
            "bound to the key of its proof."
        ),
    )
    subject_policy = models.CharField(
        _("user"), max_length=16, choices=SubjectPolicy, default=SubjectPolicy.LINKED
    )
    subject_claim = models.CharField(
        _("claim"),
        max_length=255,
        default="sub",
        blank=True,
        help_text=_(
            "What names the person: a name or a JSON Pointer. "
            "A subject is linked as claim:NAME:VALUE if this is not sub."
        ),
    )
    user_field = models.CharField(
        _("user field"),
        max_length=100,
        blank=True,
        help_text=_("The field of the user model that must equal the claim."),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("user"),
        help_text=_("The user of every token. If this user is deleted, the rule refuses what it matches."),
    )
    groups = models.ManyToManyField(
        "auth.Group",
        blank=True,
        related_name="+",
        verbose_name=_("groups"),
        help_text=_("The groups of users whom this rule creates."),
    )
    user_fields = ReadableJSONField(
        _("fields of the user"),
        default=empty_dict,
        db_default={},
        blank=True,
        validators=[validate_user_fields],
        help_text=_(
            "Of users whom this rule creates: each field with its claim, such as "
            '{"first_name": "given_name", "email": "email"}. E-mail only if email_verified is true.'
        ),
    )
    allow_privileged_users = models.BooleanField(
        _("allow privileged users"), default=False, help_text=_("If off, staff and superusers get no token.")
    )
    scopes = models.TextField(
        _("scopes"),
        validators=[validate_scopes],
        help_text=_("Every scope that a token may have, separated by spaces."),
    )
    default_scopes = models.TextField(
        _("default scopes"),
        blank=True,
        validators=[validate_scopes],
        help_text=_("The scope of a token if nothing is requested. If blank, all of the scopes."),
    )
    scope_claim = models.CharField(
        _("scope claim"), max_length=16, choices=ScopeClaim, default=ScopeClaim.CEILING
    )
    scope_claim_name = models.CharField(
        _("name of the scope claim"),
        max_length=255,
        default="scope",
        db_default="scope",
        validators=[validate_claim],
        help_text=_("A name or a JSON Pointer, such as scp for Okta and Entra ID; a string or a list."),
    )
    access_token_lifetime = models.PositiveIntegerField(
        _("access token lifetime"),
        null=True,
        blank=True,
        default=3600,
        help_text=_("In seconds. If blank, django-oauth-toolkit's setting applies."),
    )
    limit_to_assertion = models.BooleanField(
        _("token ends with the assertion"),
        default=False,
        help_text=_("If on, no token outlives its assertion."),
    )
    resources = ReadableJSONField(
        _("resources"),
        default=empty_list,
        blank=True,
        validators=[validate_resources],
        help_text=_(
            "URIs that tokens are bound to (RFC 8707). If blank, tokens are not bound, and a "
            "request that names a resource is refused."
        ),
    )
    require_resource = models.BooleanField(
        _("require a resource in the assertion"),
        default=False,
        db_default=False,
        help_text=_(
            "If on, an assertion without the claim resource is refused, as in MCP's enterprise profile. "
            "The token is bound to what the claim names of the resources."
        ),
    )
    recorded_claims = ReadableJSONField(
        _("recorded claims"),
        default=empty_list,
        blank=True,
        validators=[validate_strings],
        help_text=_("Claims that are stored with each decision, for your API and for the log."),
    )

    objects = GrantRuleManager()

    class Meta:
        verbose_name = _("grant rule")
        verbose_name_plural = _("grant rules")
        ordering: ClassVar = ["issuer_id", "position", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["issuer", "name"],
                name="oauth_jwt_grant_rule_name_once",
                violation_error_code="rule_name_taken",
                violation_error_message=_("The issuer already has a rule with this name."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def natural_key(self) -> tuple[str, str]:
        """What names this rule in a fixture."""
        return (*self.issuer.natural_key(), self.name)

    natural_key.dependencies = ("oauth_jwt_grant.trustedissuer",)  # type: ignore[attr-defined]

    def clean(self) -> None:
        """Check the fields against each other."""
        errors: dict[str, object] = {}
        if self.subject_policy == self.SubjectPolicy.SERVICE_USER and self._has_no_user():
            errors["user"] = _("Choose the user of the tokens.")
        if self.subject_policy == self.SubjectPolicy.USER_FIELD:
            errors |= self._user_field_errors()
        elif self.subject_policy in (self.SubjectPolicy.LINKED, self.SubjectPolicy.PROVISION):
            errors |= self._subject_claim_errors()
        if self.require_resource and not self.resources:
            errors["require_resource"] = _("Enter the resources. Without one, no token can be issued.")
        if not self.scopes.split():
            errors["scopes"] = _("Enter at least one scope. Without one, no token can be issued.")
        if (self.access_token_lifetime or 0) > MAX_SECONDS:
            errors["access_token_lifetime"] = _("At most %d seconds.") % MAX_SECONDS
        if self.access_token_lifetime == 0:
            errors["access_token_lifetime"] = _(
                "At least 1 second. If blank, django-oauth-toolkit's setting applies."
            )
        beyond = set(self.default_scopes.split()) - set(self.scopes.split())
        if beyond:
            errors["default_scopes"] = _("Not among the scopes: %s.") % " ".join(sorted(beyond))
        doors = self._door_errors()
        if doors:
            errors["accepted_as"] = doors
        if errors:
            raise ValidationError(errors)

    def _door_errors(self) -> list[object]:
        """Why the rule could never match at a door that it names."""
        others = [
            door for door in (Door.SUBJECT_TOKEN, Door.CLIENT_ASSERTION) if is_for(self.accepted_as, door)
        ]
        if not others or not self._has_issuer():
            return []
        if self.issuer.profile == TrustedIssuer.Profile.ID_JAG:
            return [_("An ID-JAG is accepted as an authorization grant alone.")]
        if Door.CLIENT_ASSERTION not in others:
            return []
        errors: list[object] = []
        if not self.refuses and not may_use_client_credentials(self.default_application):
            errors.append(
                _(
                    "As the client's authentication it needs a default application that is confidential and "
                    "registered for client credentials."
                )
            )
        if self.subject_policy != self.SubjectPolicy.NO_USER:
            errors.append(_("As the client's authentication it gives a token that is nobody's: choose that."))
        if isinstance(self.issuer.audiences, list) and len(self.issuer.audiences) > 1:
            errors.append(
                _("As the client's authentication it has one audience, and the issuer has several.")
            )
        return errors

    def _has_issuer(self) -> bool:
        """Whether there is an issuer to look at, saved or not: a form without one reports that itself."""
        return bool(self.issuer_id) or GrantRule.issuer.is_cached(self)

    def _has_no_user(self) -> bool:
        """Whether there is no user, saved or not: one who is new is saved with the rule."""
        return self.user_id is None and self.user is None

    def _subject_claim_errors(self) -> dict[str, object]:
        try:
            validate_claim(self.subject_claim or "sub")
        except ValidationError as error:
            return {"subject_claim": error}
        return {}

    def _user_field_errors(self) -> dict[str, object]:
        errors: dict[str, object] = {}
        if not self.subject_claim:
            errors["subject_claim"] = _("Enter the claim that the user is found by.")
        try:
            field = get_user_model()._meta.get_field(self.user_field)
        except FieldDoesNotExist:
            errors["user_field"] = _("Enter the name of a field of the user model.")
        else:
            if not isinstance(field, COMPARABLE):
                errors["user_field"] = _("A claim is compared with strings, numbers and UUIDs alone.")
        return errors


class ClaimConditionManager(models.Manager["ClaimCondition"]):
    """Conditions, found by their rule and all their values: two may differ only in their values."""

    def get_by_natural_key(
        self, issuer: str, rule: str, claim: str, operator: str, values: object
    ) -> ClaimCondition:
        """The condition of that rule on ``claim`` with ``operator`` and ``values``."""
        alike = self.filter(rule__issuer__issuer=issuer, rule__name=rule, claim=claim, operator=operator)
        # As JSON: to Python 1 is True, and databases compare JSON each in its own way.
        wanted = json.dumps(values, sort_keys=True)
        for condition in alike.order_by("pk"):
            if json.dumps(condition.values, sort_keys=True) == wanted:
                return condition
        raise self.model.DoesNotExist


class ClaimCondition(models.Model):
    """One demand that a rule makes on the claims of an assertion."""

    class OperatorChoices(models.TextChoices):
        """How the claim is held against the values."""

        EQUALS = Operator.EQUALS.value, _("equals")
        IN = Operator.IN.value, _("is one of")
        CONTAINS = Operator.CONTAINS.value, _("is a list that contains")
        CONTAINS_ANY = Operator.CONTAINS_ANY.value, _("is a list that contains one of")
        NONE_OF = Operator.NONE_OF.value, _("is none of, and contains none of")
        AT_LEAST = Operator.AT_LEAST.value, _("is a number, at least")
        AT_MOST = Operator.AT_MOST.value, _("is a number, at most")
        YOUNGER_THAN = Operator.YOUNGER_THAN.value, _("is a time less than so many seconds ago")
        SAME_AS = Operator.SAME_AS.value, _("is the same as the claim")
        GLOB = Operator.GLOB.value, _("matches the pattern (* and ?)")
        EXISTS = Operator.EXISTS.value, _("is present")

    rule = models.ForeignKey(
        GrantRule, on_delete=models.CASCADE, related_name="conditions", verbose_name=_("rule")
    )
    claim = models.CharField(
        _("claim"), max_length=255, help_text=_("A name or a JSON Pointer such as /kubernetes.io/namespace.")
    )
    operator = models.CharField(
        _("operator"), max_length=16, choices=OperatorChoices, default=OperatorChoices.EQUALS
    )
    values = ReadableJSONField(
        _("values"),
        default=empty_list,
        blank=True,
        validators=[validate_list],
        help_text=_('A JSON list. JSON types matter: ["1"] is not [1].'),
    )

    objects = ClaimConditionManager()

    class Meta:
        verbose_name = _("claim condition")
        verbose_name_plural = _("claim conditions")
        ordering: ClassVar = ["rule_id", "pk"]

    def __str__(self) -> str:
        return translated(self.condition.text)

    @property
    def condition(self) -> Condition:
        """This row as the rules package reads it."""
        return condition_of(self.claim, self.operator, self.values)

    def natural_key(self) -> tuple[str, str, str, str, object]:
        """What names this condition in a fixture."""
        return (*self.rule.natural_key(), self.claim, self.operator, self.values)

    natural_key.dependencies = ("oauth_jwt_grant.grantrule",)  # type: ignore[attr-defined]

    def clean(self) -> None:
        """Check that the condition can do what its author means."""
        if isinstance(self.values, list) and self.operator in self.OperatorChoices.values:
            try:
                self.condition.check()
            except InvalidCondition as error:
                raise ValidationError(translated(error)) from error
