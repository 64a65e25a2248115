"""``manage.py trustissuer``: trust an issuer, and say what its assertions may do."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import router, transaction

from ...models import GrantRule, LinkedSubject, TrustedIssuer
from ..arguments import find_application, find_user, read_date, read_text
from ..conditions import parse_condition, set_conditions
from ..trust_flags import ISSUER_FLAGS, RULE_FLAGS, add_issuer, add_keys, add_policies, add_rule
from ..upsert import outcome, upsert

_SOURCES = TrustedIssuer.KeySource
_SUBJECTS = GrantRule.SubjectPolicy

#: Any of these arguments makes or changes a rule.
_ABOUT_A_RULE = ("rule", "conditions", *(name for name in RULE_FLAGS if name != "name"))
_FILES = ("jwks", "trust_anchors", "ca_bundle")
_DATES = ("valid_from", "valid_until")


class Command(BaseCommand):
    """Creates or updates one issuer and, if anything is said about a rule, one of its rules.

    What is not said stays as it is, so the command may be run again, with the same arguments or others.
    """

    help = "Trust an issuer of JWTs, and say what its assertions may do. Run again, it changes what is said."

    def add_arguments(self, parser: CommandParser) -> None:
        """Flags for the issuer, its keys, one rule, and links of subjects."""
        parser.add_argument("--issuer", required=True, metavar="ISS", help="the iss claim, exactly")
        add_issuer(parser)
        add_keys(parser)
        add_rule(parser)
        add_policies(parser)
        parser.add_argument(
            "--link", action="append", metavar="SUBJECT=USER", help="the user that a subject stands for"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """All or nothing; prints one line for each row, and a warning if nothing would be granted."""
        with transaction.atomic(using=router.db_for_write(TrustedIssuer)):
            issuer, report = self._issuer(options)
            reports = [report]
            if any(options[name] is not None for name in _ABOUT_A_RULE):
                reports.append(self._rule(issuer, options))
            reports += [self._link(issuer, text) for text in options["link"] or ()]
            granting = issuer.rules.filter(enabled=True).exists()
        self.stdout.write("\n".join(reports))
        if not granting:
            warning = (
                "The issuer has no enabled rule: all its assertions are refused. Add --rule and --scopes."
            )
            self.stderr.write(self.style.WARNING(warning))

    def _issuer(self, options: dict[str, Any]) -> tuple[TrustedIssuer, str]:
        iss = options["issuer"]
        row = TrustedIssuer.objects.filter(issuer=iss).first() or TrustedIssuer(issuer=iss, name=iss[:100])
        values = {name: options[name] for name in ISSUER_FLAGS if options.get(name) is not None}
        for name in _FILES:
            if name in values:
                values[name] = read_text(ISSUER_FLAGS[name], values[name])
        for name in _DATES:
            if name in values:
                values[name] = read_date(ISSUER_FLAGS[name], values[name])
        changed = upsert(row, values | _key_source(options), ISSUER_FLAGS)
        return row, f"Issuer {row.issuer}: {outcome(changed)}."

    def _rule(self, issuer: TrustedIssuer, options: dict[str, Any]) -> str:
        name = options["rule"] or "default"
        row = issuer.rules.filter(name=name).first() or GrantRule(issuer=issuer, name=name)
        conditions = options["conditions"]
        parsed = None if conditions is None else [parse_condition(text) for text in conditions]
        changed = upsert(row, _rule_values(options), RULE_FLAGS)
        related = []
        if options["applications"] is not None and _set_applications(row, options["applications"]):
            related.append("applications")
        if parsed is not None and set_conditions(row, parsed):
            related.append("conditions")
        return f"Rule {name}: {outcome(None if changed is None else [*changed, *related])}."

    def _link(self, issuer: TrustedIssuer, text: str) -> str:
        subject, separator, username = text.rpartition("=")
        if not separator:
            raise CommandError(f"--link: not SUBJECT=USER: {text}")
        row = issuer.linked_subjects.filter(subject=subject).first()
        row = row or LinkedSubject(issuer=issuer, subject=subject)
        user = find_user("--link", username)
        changed = upsert(row, {"user": user}, {"subject": "--link", "user": "--link"})
        return f"Subject {subject} is {username}: {outcome(changed)}."


def _key_source(options: dict[str, Any]) -> dict[str, Any]:
    """The key source that goes with the flag, if there is one."""
    sources = {
        "jwks_url": _SOURCES.JWKS_URL,
        "discovery_url": _SOURCES.DISCOVERY,
        "jwks": _SOURCES.INLINE,
        "trust_anchors": _SOURCES.CERTIFICATES,
    }
    chosen = [kind for name, kind in sources.items() if options[name] is not None]
    return {"key_source": chosen[0]} if chosen else {}


def _rule_values(options: dict[str, Any]) -> dict[str, Any]:
    """The columns of the rule that the flags set, with rows in the place of names."""
    values = {
        name: options[name]
        for name in RULE_FLAGS
        if name not in ("name", "applications") and options.get(name) is not None
    }
    if "user" in values:
        values |= {
            "user": find_user("--service-user", values["user"]),
            "subject_policy": _SUBJECTS.SERVICE_USER,
        }
    if "user_field" in values:
        values["subject_policy"] = _SUBJECTS.USER_FIELD
    if "default_application" in values:
        client_id = values["default_application"]
        values["default_application"] = find_application("--default-application", client_id)
    return values


def _set_applications(rule: GrantRule, client_ids: list[str]) -> bool:
    """Let ``rule`` list these applications and no others; whether that changed anything."""
    wanted = {find_application("--application", client_id) for client_id in client_ids}
    if wanted == set(rule.applications.all()):
        return False
    rule.applications.set(wanted)
    return True
