"""Who is trusted: issuers, their last good keys, and the users linked to their subjects."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.forms import DateTimeField
from django.utils.translation import gettext_lazy as _

from ..assertion import MAX_SECONDS
from ..conf import conf, server_audiences
from ..database import has_place
from ..fields import ExactCharField, ReadableJSONField
from ..keys import FetchFailed, normalise_jwks, parse_bindings, parse_trust_anchors, well_known_urls
from ..languages import translated
from ..validators import (
    empty_dict,
    empty_list,
    has_null,
    validate_algorithms,
    validate_certificates,
    validate_conditions,
    validate_https_url,
    validate_issuer,
    validate_strings,
)


class TrustedIssuerManager(models.Manager["TrustedIssuer"]):
    """Issuers, findable by what they call themselves."""

    def get_by_natural_key(self, issuer: str) -> TrustedIssuer:
        """Return the issuer with exactly this ``iss``."""
        return self.get(issuer=issuer)


class TrustedIssuer(models.Model):
    """An issuer: its signed JWTs are accepted as authorization grants (RFC 7523 section 5)."""

    class Profile(models.TextChoices):
        """Which kind of JWT is taken from the issuer; each kind is trusted on its own."""

        JWT_BEARER = "jwt-bearer", _("JWT bearer (RFC 7523)")
        ID_JAG = "id-jag", _("Identity Assertion Authorization Grant (ID-JAG)")

    class KeySource(models.TextChoices):
        """Where the keys come from that verify the issuer's signatures."""

        DISCOVERY = "discovery", _("discovery document of the issuer")
        JWKS_URL = "jwks_url", _("JWK Set at a URL")
        INLINE = "inline", _("keys entered here")
        CERTIFICATES = "certificates", _("certificate chain in the assertion (x5c)")

    class ReplayPolicy(models.TextChoices):
        """How often an assertion may be used (RFC 7523 section 3, item 7)."""

        ONCE = "once", _("once, by jti or else by the signed content")
        REQUIRE_JTI = "require_jti", _("once, and jti is required")
        ONCE_IF_JTI = "once_if_jti", _("once if it has a jti, otherwise until it expires")
        REUSABLE = "reusable", _("until it expires")

    name = models.CharField(
        _("name"), max_length=100, help_text=_("For people only. The issuer never sees it.")
    )
    issuer = ExactCharField(
        _("issuer"),
        max_length=255,
        unique=True,
        validators=[validate_issuer],
        help_text=_("The exact value of the iss claim. Case and a trailing slash matter."),
    )
    enabled = models.BooleanField(
        _("enabled"),
        default=True,
        help_text=_("If off, every assertion is refused from the next request on."),
    )
    valid_from = models.DateTimeField(_("trusted from"), null=True, blank=True)
    valid_until = models.DateTimeField(_("trusted until"), null=True, blank=True)
    issued_after = models.DateTimeField(
        _("issued after"),
        null=True,
        blank=True,
        help_text=_("Assertions with an earlier iat, or without iat, are refused."),
    )
    profile = models.CharField(_("profile"), max_length=16, choices=Profile, default=Profile.JWT_BEARER)
    key_source = models.CharField(
        _("key source"), max_length=16, choices=KeySource, default=KeySource.DISCOVERY
    )
    jwks_url = models.CharField(
        _("JWK Set URL"),
        max_length=500,
        blank=True,
        validators=[validate_https_url],
        help_text=_("Must begin with https://."),
    )
    discovery_url = models.CharField(
        _("discovery URL"),
        max_length=500,
        blank=True,
        validators=[validate_https_url],
        help_text=_("If blank, the well-known URL under the issuer. The document must name the same issuer."),
    )
    jwks = ReadableJSONField(
        _("keys"),
        default=empty_dict,
        blank=True,
        help_text=_("Public keys as a JWK Set, as a JWK, or as PEM in quotation marks. Never a private key."),
    )
    trust_anchors = models.TextField(
        _("trust anchors"),
        blank=True,
        help_text=_(
            "PEM certificates of the authorities that certify the issuer. The system's "
            "authorities are not used."
        ),
    )
    certificate_bindings = ReadableJSONField(
        _("certificate bindings"),
        default=empty_list,
        blank=True,
        validators=[validate_strings],
        help_text=_(
            "A certificate is the issuer's if it matches one of these: "
            "subject=CN=..., dns=..., uri=..., email=..., sha256=..."
        ),
    )
    ca_bundle = models.TextField(
        _("CA bundle"),
        blank=True,
        validators=[validate_certificates],
        help_text=_(
            "PEM certificates of the authorities that the issuer's web server must be "
            "certified by, instead of the public ones."
        ),
    )
    allow_private_network = models.BooleanField(
        _("allow private network"),
        default=False,
        help_text=_(
            "Allow the issuer's URLs to lead to private or loopback addresses. Only for issuers that you run."
        ),
    )
    algorithms = ReadableJSONField(
        _("algorithms"),
        default=empty_list,
        blank=True,
        validators=[validate_algorithms],
        help_text=_('For example ["RS256"]. If blank, the setting ALGORITHMS applies.'),
    )
    audiences = ReadableJSONField(
        _("audiences"),
        default=empty_list,
        blank=True,
        validators=[validate_strings],
        help_text=_(
            "Values of aud that name this server for this issuer. If blank, the setting AUDIENCES applies."
        ),
    )
    max_lifetime = models.PositiveIntegerField(
        _("maximum lifetime"),
        null=True,
        blank=True,
        help_text=_("In seconds. If blank, the setting MAX_LIFETIME applies."),
    )
    leeway = models.PositiveIntegerField(
        _("leeway"),
        null=True,
        blank=True,
        help_text=_("Allowed clock skew in seconds. If blank, the setting LEEWAY applies."),
    )
    replay_policy = models.CharField(
        _("single use"), max_length=16, choices=ReplayPolicy, default=ReplayPolicy.ONCE
    )
    subject_fallback = models.BooleanField(
        _("use the issuer as subject if sub is absent"),
        default=False,
        help_text=_("Service account libraries in Google's style send no sub. The subject is then iss."),
    )
    conditions = ReadableJSONField(
        _("conditions"),
        default=empty_list,
        db_default=[],
        blank=True,
        validators=[validate_conditions],
        help_text=_(
            "What every assertion of the issuer must meet before any rule is tried: a JSON list such as "
            '[{"claim": "tenant", "operator": "equals", "values": ["acme"]}].'
        ),
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)
    updated = models.DateTimeField(_("updated"), auto_now=True)

    objects = TrustedIssuerManager()

    class Meta:
        verbose_name = _("trusted issuer")
        verbose_name_plural = _("trusted issuers")
        ordering: ClassVar = ["name", "issuer"]
        permissions: ClassVar = [
            ("test_assertion", _("Can test an assertion")),
            ("revoke_tokens", _("Can revoke the tokens of an issuer")),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(issuer=""),
                name="oauth_jwt_grant_issuer_not_empty",
                violation_error_code="issuer_missing",
                violation_error_message=_("Enter the issuer, the exact value of the iss claim."),
            ),
            models.CheckConstraint(
                condition=~Q(key_source="jwks_url") | ~Q(jwks_url=""),
                name="oauth_jwt_grant_issuer_jwks_url",
                violation_error_code="jwks_url_missing",
                violation_error_message=_("Enter the URL of the issuer's JWK Set."),
            ),
            models.CheckConstraint(
                condition=~Q(key_source="certificates") | ~Q(trust_anchors=""),
                name="oauth_jwt_grant_issuer_trust_anchors",
                violation_error_code="trust_anchors_missing",
                violation_error_message=_(
                    "Enter the certificates of the authorities that certify the issuer."
                ),
            ),
            models.CheckConstraint(
                condition=Q(valid_until__gt=F("valid_from")) | Q(valid_from=None) | Q(valid_until=None),
                name="oauth_jwt_grant_issuer_dates",
                violation_error_code="trust_ends_before_it_begins",
                violation_error_message=_("The end of the trust must be later than its beginning."),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.issuer

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, with the keys as one JWK Set of public keys.

        Raises :class:`ValueError` for private or symmetric keys: they are never stored.
        """
        self._clean_jwks()
        super().save(*args, **kwargs)

    def natural_key(self) -> tuple[str]:
        """What names this issuer in a fixture."""
        return (self.issuer,)

    def clean(self) -> None:
        """Check the fields against each other, and bring the keys into their stored form."""
        errors: dict[str, Any] = {}
        checks = {
            "jwks": self._clean_jwks,
            "trust_anchors": self._check_trust_anchors,
            "certificate_bindings": self._check_bindings,
        }
        for field, check in checks.items():
            try:
                check()
            except ValueError as error:
                errors[field] = translated(error)
        for name in ("max_lifetime", "leeway"):
            if (getattr(self, name) or 0) > MAX_SECONDS:
                errors[name] = _("At most %d seconds.") % MAX_SECONDS
        if self.max_lifetime == 0:
            errors["max_lifetime"] = _("At least 1 second. With 0, every assertion would be refused.")
        for name in ("valid_from", "valid_until", "issued_after"):
            if not has_place(getattr(self, name)):
                errors[name] = DateTimeField.default_error_messages["invalid"]
        if self._ends_too_early():
            errors["issued_after"] = _("The trust ends before such an assertion can be issued.")
        if self.issuer in server_audiences():
            errors["issuer"] = _("This is the server itself. Its own tokens are never accepted as grants.")
        if self.key_source == self.KeySource.JWKS_URL and not self.jwks_url:
            errors["jwks_url"] = _("Enter the URL of the issuer's JWK Set.")
        if self.key_source == self.KeySource.DISCOVERY and not self.discovery_url:
            try:
                well_known_urls(self.issuer)
            except FetchFailed:
                errors["discovery_url"] = _(
                    "The issuer is not an https URL, or it has a query. Enter the URL of its "
                    "discovery document."
                )
        if self.profile == self.Profile.ID_JAG and self.replay_policy == self.ReplayPolicy.REUSABLE:
            errors["replay_policy"] = _("An ID-JAG has a jti and must be single use.")
        if errors:
            raise ValidationError(errors)

    def _ends_too_early(self) -> bool:
        """Whether no assertion can be new enough while the issuer is trusted."""
        if self.issued_after is None or self.valid_until is None:
            return False
        leeway = conf.LEEWAY if self.leeway is None else self.leeway
        # An issuer's clock may be ahead by the leeway. Not a sum of dates: it may leave the calendar.
        return (self.issued_after - self.valid_until).total_seconds() >= leeway

    def _clean_jwks(self) -> None:
        if self.jwks or self.key_source == self.KeySource.INLINE:
            self.jwks = normalise_jwks(self.jwks)
            if has_null(self.jwks):
                raise ValueError(
                    _("A member of a key is null, which a trust file cannot write. Leave it out.")
                )

    def _check_trust_anchors(self) -> None:
        if self.trust_anchors or self.key_source == self.KeySource.CERTIFICATES:
            parse_trust_anchors(self.trust_anchors)

    def _check_bindings(self) -> None:
        if self.certificate_bindings or self.key_source == self.KeySource.CERTIFICATES:
            parse_bindings(self.certificate_bindings)


class IssuerKeys(models.Model):
    """The last good JWK Set that was fetched from an issuer, and how the last fetch has failed, if it has.

    It is what a flushed cache falls back on, and what all processes see. Without a ``source`` there has been
    no good set.
    """

    issuer = models.OneToOneField(
        TrustedIssuer,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="fetched_keys",
        verbose_name=_("issuer"),
    )
    source = models.CharField(
        max_length=64, help_text=_("Fingerprint of the place where the keys were fetched.")
    )
    document = ReadableJSONField(default=empty_dict)
    fetched_at = models.FloatField(help_text=_("Seconds since the epoch."))
    expires_at = models.FloatField(help_text=_("Seconds since the epoch."))
    etag = models.CharField(max_length=255, blank=True)
    first_seen = ReadableJSONField(
        default=empty_dict,
        db_default={},
        blank=True,
        help_text=_("Seconds since the epoch, by the thumbprint of the key."),
    )
    failure = ReadableJSONField(
        null=True,
        blank=True,
        help_text=_("Of the last fetch, if it failed. Times: seconds since the epoch."),
    )

    class Meta:
        verbose_name = _("fetched keys")
        verbose_name_plural = _("fetched keys")

    def __str__(self) -> str:
        return str(self.issuer)


class LinkedSubjectManager(models.Manager["LinkedSubject"]):
    """Links, findable by issuer and subject."""

    def get_by_natural_key(self, issuer: str, subject: str) -> LinkedSubject:
        """Return the link of ``subject`` of the issuer with the ``iss`` ``issuer``."""
        return self.get(issuer__issuer=issuer, subject=subject)


class LinkedSubject(models.Model):
    """The local user that a subject of an issuer is linked to."""

    issuer = models.ForeignKey(
        TrustedIssuer, on_delete=models.CASCADE, related_name="linked_subjects", verbose_name=_("issuer")
    )
    subject = ExactCharField(
        _("subject"),
        max_length=512,
        help_text=_("The exact value of sub. Where a rule reads another claim: claim:NAME:VALUE."),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="jwt_bearer_subjects",
        verbose_name=_("user"),
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)

    objects = LinkedSubjectManager()

    class Meta:
        verbose_name = _("linked subject")
        verbose_name_plural = _("linked subjects")
        ordering: ClassVar = ["issuer_id", "subject"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["issuer", "subject"],
                name="oauth_jwt_grant_subject_linked_once",
                violation_error_code="subject_already_linked",
                violation_error_message=_("This subject of the issuer is already linked to a user."),
            ),
            models.CheckConstraint(
                condition=~Q(subject=""),
                name="oauth_jwt_grant_subject_not_empty",
                violation_error_code="subject_missing",
                violation_error_message=_("Enter the subject, the exact value of the claim that names it."),
            ),
        ]
        indexes: ClassVar = [
            # For the search; the operator class is PostgreSQL's for beginnings.
            models.Index(
                fields=["subject"], name="oauth_jwt_grant_linked", opclasses=["varchar_pattern_ops"]
            ),
        ]

    def __str__(self) -> str:
        return str(self.subject)

    def natural_key(self) -> tuple[str, str]:
        """What names this link in a fixture."""
        return (*self.issuer.natural_key(), self.subject)

    natural_key.dependencies = ("oauth_jwt_grant.trustedissuer",)  # type: ignore[attr-defined]
