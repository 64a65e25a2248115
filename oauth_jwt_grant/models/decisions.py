"""What was decided: the guard of single use, the audit trail and the thread to the tokens, in one row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Case, Count, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..database import readable
from ..dot import oauth2_settings
from ..fields import ExactCharField
from ..validators import empty_dict
from .rules import DoorChoices, GrantRule
from .trust import TrustedIssuer


class DecisionQuerySet(models.QuerySet["Decision"]):
    """Decisions."""

    def refusals_within(self, issuer: Any, seconds: int, now: datetime) -> DecisionQuerySet:
        """Those that gave the issuer with the primary key ``issuer`` no token in the last ``seconds``."""
        since = now - timedelta(seconds=seconds)
        # Nothing later: a clock that was set back must not silence the log until it is there again.
        return self.filter(issuer=issuer, outcome__in=["refused", "undecided"], time__gt=since, time__lte=now)

    def good(self, now: datetime) -> DecisionQuerySet:
        """Return the decisions with a token that exists and has not expired: it is revoked through them."""
        return self.filter(access_token__expires__gt=now)

    def guarding(self, now: datetime) -> DecisionQuerySet:
        """Those whose assertion could still be used: they are what makes it single use."""
        return self.filter(replay_until__gte=now)

    def deletable(self, now: datetime) -> DecisionQuerySet:
        """Those that neither guard an assertion nor lead to a token that is still good."""
        lapsed = Q(replay_until=None) | Q(replay_until__lt=now)
        return self.filter(lapsed, ~Q(access_token__expires__gt=now))

    def clearable(self, now: datetime, retention: timedelta) -> DecisionQuerySet:
        """Those of :meth:`deletable` that are older than ``retention``."""
        return self.deletable(now).filter(time__lt=now - retention)

    def tally(self, starts: Sequence[datetime], end: datetime) -> Iterable[tuple[int, str, str, int]]:
        """How many there are from the first of ``starts`` on and before ``end``.

        Rows of the position in ``starts`` of the interval that they fall into, outcome, reason
        and number. One query. The stretches are compared with one after the other: dates are
        cut to hours differently by each database, and some need tables of time zones for it.
        """
        following: list[Any] = [
            When(time__lt=start, then=Value(position)) for position, start in enumerate(starts[1:])
        ]
        stretch = Case(*following, default=Value(len(starts) - 1))
        within = self.filter(time__gte=starts[0], time__lt=end).order_by()
        rows = within.annotate(stretch=stretch).values_list("stretch", "outcome", "reason")
        return rows.annotate(number=Count("pk"))


class Decision(models.Model):
    """One answer to one assertion of an issuer that was known.

    An accepted one is inserted in the transaction of its token; its unique
    ``replay_key`` is what makes the second use fail.
    """

    class Outcome(models.TextChoices):
        """The verdict."""

        ACCEPTED = "accepted", _("accepted")
        REFUSED = "refused", _("refused")
        UNDECIDED = "undecided", _("could not decide")

    time = models.DateTimeField(_("time"), default=timezone.now)
    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome)
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    detail = models.CharField(_("detail"), max_length=500, blank=True)
    issuer = models.ForeignKey(
        TrustedIssuer,
        on_delete=models.SET_NULL,
        null=True,
        related_name="decisions",
        db_index=False,
        verbose_name=_("issuer"),
    )
    iss = models.CharField(_("issuer identifier"), max_length=255)
    rule = models.ForeignKey(
        GrantRule,
        on_delete=models.SET_NULL,
        null=True,
        related_name="decisions",
        db_index=False,
        verbose_name=_("rule"),
    )
    application = models.ForeignKey(
        oauth2_settings.APPLICATION_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="jwt_bearer_decisions",
        db_index=False,
        verbose_name=_("application"),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="jwt_bearer_decisions",
        verbose_name=_("user"),
    )
    subject = ExactCharField(_("subject"), max_length=512, blank=True)
    kid = ExactCharField(_("key ID"), max_length=255, blank=True)
    alg = models.CharField(_("algorithm"), max_length=16, blank=True)
    jti_digest = models.CharField(
        _("jti digest"), max_length=64, blank=True, help_text=_("SHA-256 of the jti, in hexadecimal.")
    )
    scope = models.TextField(_("scope"), blank=True)
    client_address = models.GenericIPAddressField(_("client address"), null=True)
    accepted_as = models.CharField(
        _("accepted as"),
        max_length=32,
        choices=DoorChoices,
        default=DoorChoices.AUTHORIZATION_GRANT,
        db_default=DoorChoices.AUTHORIZATION_GRANT.value,
        help_text=_("How the assertion was presented."),
    )
    claims = models.JSONField(_("recorded claims"), default=empty_dict)
    access_token = models.OneToOneField(
        oauth2_settings.ACCESS_TOKEN_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="jwt_bearer_decision",
        verbose_name=_("access token"),
    )
    replay_key = models.CharField(_("replay key"), max_length=64, null=True)  # noqa: DJ001
    replay_until = models.DateTimeField(
        _("single use until"),
        null=True,
        help_text=_("Until then, the assertion itself would still be valid."),
    )

    objects = DecisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering: ClassVar = ["-time", "-pk"]
        permissions: ClassVar = [("export_decision", _("Can export decisions"))]
        constraints: ClassVar = [
            # Not unique=True: on PostgreSQL that makes a second index, for LIKE.
            models.UniqueConstraint(
                fields=["replay_key"],
                name="oauth_jwt_grant_replay_key_once",
                violation_error_code="assertion_used",
                violation_error_message=_("The assertion has already been used."),
            ),
        ]
        indexes: ClassVar = [
            # Each serves what docs/performance.md says. With the time at its end, an index also has the rows
            # in the order of the list; what comes after the time is filtered by without reading the table.
            models.Index(fields=["time", "accepted_as"], name="oauth_jwt_grant_by_time"),
            models.Index(fields=["issuer", "time", "outcome", "reason"], name="oauth_jwt_grant_by_issuer"),
            models.Index(fields=["application", "time"], name="oauth_jwt_grant_by_application"),
            models.Index(fields=["reason", "time"], name="oauth_jwt_grant_by_reason"),
            models.Index(fields=["kid", "time"], name="oauth_jwt_grant_by_kid"),
            models.Index(fields=["jti_digest"], name="oauth_jwt_grant_by_jti"),
            # The operator class is PostgreSQL's for beginnings, whatever the collation of the database.
            models.Index(
                fields=["subject", "time"],
                name="oauth_jwt_grant_by_subject",
                opclasses=["varchar_pattern_ops", "timestamptz_ops"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()} {self.iss} {readable(self.time)}"
