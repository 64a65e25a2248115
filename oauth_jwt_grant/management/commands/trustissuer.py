"""``manage.py trustissuer``: trust an issuer, and say what its assertions may do."""

from __future__ import annotations

from argparse import BooleanOptionalAction
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import router, transaction

from ...models import GrantRule, LinkedSubject, TrustedIssuer
from ..arguments import find_application, find_user, read_date, read_text
from ..conditions import GRAMMAR, parse_condition, set_conditions
from ..upsert import outcome, upsert

_SOURCES = TrustedIssuer.KeySource
_CLIENTS = GrantRule.ClientPolicyChoices
_SUBJECTS = GrantRule.SubjectPolicy

#: Field of the issuer to the flag that sets it.
ISSUER_FLAGS = {
    "issuer": "--issuer",
    "name": "--name",
    "enabled": "--enabled",
    "valid_from": "--valid-from",
    "valid_until": "--valid-until",
    "profile": "--profile",
    "jwks_url": "--jwks-url",
    "discovery_url": "--discovery",
    "jwks": "--jwks",
    "trust_anchors": "--trust-anchors",
    "certificate_bindings": "--certificate-binding",
    "ca_bundle": "--ca-bundle",
    "allow_private_network": "--allow-private-network",
    "algorithms": "--algorithms",
    "audiences": "--audience",
    "max_lifetime": "--max-lifetime",
    "leeway": "--leeway",
    "replay_policy": "--replay-policy",
    "subject_fallback": "--subject-fallback",
}
#: Field of the rule to the flag that sets it.
RULE_FLAGS = {
    "name": "--rule",
    "position": "--position",
    "client_policy": "--listed, --registered or --anonymous",
    "applications": "--application",
    "default_application": "--default-application",
    "subject_policy": "--linked, --user-field, --service-user, --no-user or --provision",
    "subject_claim": "--subject-claim",
    "user_field": "--user-field",
    "user": "--service-user",
    "allow_privileged_users": "--allow-privileged-users",
    "scopes": "--scopes",
    "default_scopes": "--default-scopes",
    "scope_claim": "--scope-claim",
    "access_token_lifetime": "--token-lifetime",
    "limit_to_assertion": "--limit-to-assertion",
    "resources": "--resource",
    "recorded_claims": "--record-claim",
}
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
        _add_issuer(parser)
        _add_keys(parser)
        _add_rule(parser)
        _add_policies(parser)
        parser.add_argument(
            "--link", action="append", metavar="SUBJECT=USER", help="the user that a subject stands for"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """All or nothing; prints one line for each row."""
        with transaction.atomic(using=router.db_for_write(TrustedIssuer)):
            self._trust(options)

    def _trust(self, options: dict[str, Any]) -> None:
        issuer = self._issuer(options)
        if any(
            options.get(name) is not None for name in (*RULE_FLAGS, "rule", "conditions") if name != "name"
        ):
            self._rule(issuer, options)
        for link in options["link"] or ():
            self._link(issuer, link)
        if not issuer.rules.filter(enabled=True).exists():
            self.stderr.write(
                self.style.WARNING(
                    "The issuer has no enabled rule: all its assertions are refused. Add --rule and --scopes."
                )
            )

    def _issuer(self, options: dict[str, Any]) -> TrustedIssuer:
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
        self.stdout.write(f"Issuer {row.issuer}: {outcome(changed)}.")
        return row

    def _rule(self, issuer: TrustedIssuer, options: dict[str, Any]) -> None:
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
        self.stdout.write(f"Rule {name}: {outcome(None if changed is None else [*changed, *related])}.")

    def _link(self, issuer: TrustedIssuer, text: str) -> None:
        subject, separator, username = text.rpartition("=")
        if not separator:
            raise CommandError(f"--link: not SUBJECT=USER: {text}")
        row = issuer.linked_subjects.filter(subject=subject).first()
        row = row or LinkedSubject(issuer=issuer, subject=subject)
        user = find_user("--link", username)
        changed = upsert(row, {"user": user}, {"subject": "--link", "user": "--link"})
        self.stdout.write(f"Subject {subject} is {username}: {outcome(changed)}.")


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


def _add_issuer(parser: CommandParser) -> None:
    group = parser.add_argument_group("the issuer")
    group.add_argument("--name", help="for people (default: the issuer)")
    group.add_argument("--enabled", action=BooleanOptionalAction)
    group.add_argument("--valid-from", metavar="TIME", help="ISO 8601")
    group.add_argument("--valid-until", metavar="TIME", help="ISO 8601")
    group.add_argument("--profile", choices=TrustedIssuer.Profile.values)
    group.add_argument("--algorithms", nargs="+", metavar="ALG", help="such as RS256")
    group.add_argument(
        "--audience", dest="audiences", action="append", metavar="AUD", help="names this server; repeatable"
    )
    group.add_argument("--max-lifetime", type=int, metavar="SECONDS")
    group.add_argument("--leeway", type=int, metavar="SECONDS")
    group.add_argument("--replay-policy", choices=TrustedIssuer.ReplayPolicy.values)
    group.add_argument("--subject-fallback", action=BooleanOptionalAction, help="an absent sub means iss")


def _add_keys(parser: CommandParser) -> None:
    group = parser.add_argument_group("its keys (a new issuer's come from its discovery document)")
    source = group.add_mutually_exclusive_group()
    source.add_argument("--jwks-url", metavar="URL", help="a JWK Set on the web")
    source.add_argument(
        "--discovery",
        dest="discovery_url",
        nargs="?",
        const="",
        metavar="URL",
        help="the discovery document; without URL at its well-known place",
    )
    source.add_argument(
        "--jwks", metavar="FILE", help="public keys: JWK Set, JWK or PEM; - is standard input"
    )
    source.add_argument("--trust-anchors", metavar="FILE", help="PEM certificates that x5c must lead to")
    group.add_argument(
        "--certificate-binding",
        dest="certificate_bindings",
        action="append",
        metavar="BINDING",
        help="which certificates are the issuer's: subject=, dns=, uri=, email= or sha256=; repeatable",
    )
    group.add_argument("--ca-bundle", metavar="FILE", help="PEM certificates for the issuer's web server")
    group.add_argument("--allow-private-network", action=BooleanOptionalAction)


def _add_rule(parser: CommandParser) -> None:
    group = parser.add_argument_group("a rule (any of these makes or changes one)")
    group.add_argument("--rule", metavar="NAME", help='its name (default: "default")')
    group.add_argument("--position", type=int, help="lower comes first")
    group.add_argument("--scopes", help="all that a token may have, space-separated")
    group.add_argument("--default-scopes", help="what it has when nobody asks")
    group.add_argument("--scope-claim", choices=GrantRule.ScopeClaim.values)
    group.add_argument(
        "--condition", dest="conditions", action="append", metavar="CONDITION", help=f"{GRAMMAR}; repeatable"
    )
    group.add_argument("--token-lifetime", dest="access_token_lifetime", type=int, metavar="SECONDS")
    group.add_argument("--limit-to-assertion", action=BooleanOptionalAction)
    group.add_argument(
        "--resource", dest="resources", action="append", metavar="URI", help="RFC 8707; repeatable"
    )
    group.add_argument(
        "--record-claim", dest="recorded_claims", action="append", metavar="CLAIM", help="repeatable"
    )


def _add_policies(parser: CommandParser) -> None:
    group = parser.add_argument_group("its clients and its user")
    clients = group.add_mutually_exclusive_group()
    for policy in _CLIENTS:
        clients.add_argument(f"--{policy}", dest="client_policy", action="store_const", const=policy.value)
    group.add_argument(
        "--application", dest="applications", action="append", metavar="CLIENT_ID", help="repeatable"
    )
    group.add_argument(
        "--default-application", metavar="CLIENT_ID", help="whose the tokens are without a client"
    )
    users = group.add_mutually_exclusive_group()
    for flag, choice in (
        ("linked", _SUBJECTS.LINKED),
        ("no-user", _SUBJECTS.NO_USER),
        ("provision", _SUBJECTS.PROVISION),
    ):
        users.add_argument(f"--{flag}", dest="subject_policy", action="store_const", const=choice.value)
    users.add_argument("--service-user", dest="user", metavar="USER", help="one fixed user")
    users.add_argument("--user-field", metavar="FIELD", help="the user whose field equals the claim")
    group.add_argument("--subject-claim", metavar="CLAIM", help="the claim for --user-field (default: sub)")
    group.add_argument("--allow-privileged-users", action=BooleanOptionalAction)
