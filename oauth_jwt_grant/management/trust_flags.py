"""The flags of ``trustissuer``, and which field each of them sets."""

from __future__ import annotations

from argparse import BooleanOptionalAction
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.management.base import CommandParser

from ..models import DoorChoices, GrantRule, TrustedIssuer
from .conditions import GRAMMAR

_SOURCES = TrustedIssuer.KeySource
_CLIENTS = GrantRule.ClientPolicyChoices
_SUBJECTS = GrantRule.SubjectPolicy
_CLIENT_FLAGS = {
    _CLIENTS.LISTED: "only the applications of the rule may present an assertion",
    _CLIENTS.ANONYMOUS: "anybody may present one, also without a client",
}
_USER_FLAGS = {
    "--linked": (_SUBJECTS.LINKED, "the user to whom the subject is linked"),
    "--no-user": (_SUBJECTS.NO_USER, "a token without a user"),
    "--provision": (_SUBJECTS.PROVISION, "a user who is created when the subject is first seen"),
}

#: Field of the issuer to the flag that sets it.
ISSUER_FLAGS = {
    "issuer": "--issuer",
    "name": "--name",
    "enabled": "--enabled",
    "valid_from": "--valid-from",
    "valid_until": "--valid-until",
    "issued_after": "--issued-after",
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
    "conditions": "--issuer-condition",
}
#: Field of the rule to the flag that sets it.
RULE_FLAGS = {
    "name": "--rule",
    "position": "--position",
    "refuses": "--refuses",
    "accepted_as": "--accepted-as",
    "allow_any_tenant": "--allow-any-tenant",
    "client_policy": "--listed or --anonymous",
    "applications": "--application",
    "default_application": "--default-application",
    "require_dpop": "--require-dpop",
    "subject_policy": "--linked, --user-field, --service-user, --no-user or --provision",
    "subject_claim": "--subject-claim",
    "user_field": "--user-field",
    "user": "--service-user",
    "groups": "--group",
    "user_fields": "--user-claim",
    "allow_privileged_users": "--allow-privileged-users",
    "scopes": "--scopes",
    "default_scopes": "--default-scopes",
    "scope_claim": "--scope-claim",
    "scope_claim_name": "--scope-claim-name",
    "access_token_lifetime": "--token-lifetime",
    "limit_to_assertion": "--limit-to-assertion",
    "resources": "--resource",
    "require_resource": "--require-resource",
    "recorded_claims": "--record-claim",
}


#: What a flag is read as that takes a value away: ``--leeway ""``.
UNSET = object()


def number(text: str) -> Any:
    """Return the number that ``text`` spells, or :data:`UNSET` for an empty text."""
    return int(text) if text else UNSET


def given_values(names: Iterable[str], options: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the flags for ``names`` that were given; ``""`` takes the value of a field away."""
    blank: Mapping[type, Any] = {object: None, list: []}
    values = {name: options[name] for name in names if options.get(name) is not None}
    return {
        name: blank[type(value)] if value is UNSET or value == [""] else value
        for name, value in values.items()
    }


def add_preset(parser: CommandParser) -> None:
    """The flags that name an issuer, or a preset and the answers to its questions."""
    parser.add_argument("--issuer", metavar="ISS", help="the iss claim, exactly; a preset may know it")
    group = parser.add_argument_group("a preset (other flags override its values)")
    group.add_argument("--preset", metavar="NAME", help="a well-known issuer, such as github-actions")
    group.add_argument(
        "--answer",
        dest="answers",
        action="append",
        metavar="QUESTION=VALUE",
        help="the answer to a question of it; keys and certificates are in a FILE; repeatable",
    )
    group.add_argument(
        "--list-presets", action="store_true", help="print every preset with its questions, and nothing else"
    )


def add_issuer(parser: CommandParser) -> None:
    """The flags of the issuer's own fields."""
    group = parser.add_argument_group("the issuer")
    group.add_argument("--name", help="for people (default: the issuer)")
    group.add_argument("--enabled", action=BooleanOptionalAction, help="whether it is trusted at all")
    group.add_argument("--valid-from", metavar="TIME", help="ISO 8601")
    group.add_argument("--valid-until", metavar="TIME", help="ISO 8601")
    group.add_argument(
        "--issued-after",
        metavar="TIME",
        help="refuse what is issued earlier; ISO 8601, or now, to which the leeway is added",
    )
    group.add_argument(
        "--all", action="store_true", help="all issuers instead of one: with --issued-after alone"
    )
    group.add_argument(
        "--profile", choices=TrustedIssuer.Profile.values, help="what kind of assertions it issues"
    )
    group.add_argument("--algorithms", nargs="+", metavar="ALG", help="such as RS256")
    group.add_argument(
        "--audience", dest="audiences", action="append", metavar="AUD", help="names this server; repeatable"
    )
    group.add_argument("--max-lifetime", type=number, metavar="SECONDS", help="from iat to exp")
    group.add_argument("--leeway", type=number, metavar="SECONDS", help="how far its clock may be off")
    group.add_argument(
        "--replay-policy",
        choices=TrustedIssuer.ReplayPolicy.values,
        help="how often an assertion may be used",
    )
    group.add_argument(
        "--subject-fallback", action=BooleanOptionalAction, help="without sub, iss is the subject"
    )
    group.add_argument(
        "--issuer-condition",
        dest="issuer_conditions",
        action="append",
        metavar="CONDITION",
        help="what every assertion must meet, as --condition; repeatable",
    )


def add_keys(parser: CommandParser) -> None:
    """The flags for the source of its keys."""
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
    group.add_argument(
        "--allow-private-network",
        action=BooleanOptionalAction,
        help="its keys may be at a private address",
    )


def add_rule(parser: CommandParser) -> None:
    """The flags of a rule: scopes, conditions, tokens."""
    group = parser.add_argument_group("a rule (any of these makes or changes one)")
    group.add_argument("--rule", metavar="NAME", help='its name (default: "default")')
    group.add_argument("--position", type=int, help="lower comes first")
    group.add_argument(
        "--refuses", action=BooleanOptionalAction, help="what it matches is refused; no other rule is tried"
    )
    group.add_argument("--scopes", help="all that a token may have, space-separated")
    group.add_argument("--default-scopes", help="those of a token when the request asks for none")
    group.add_argument(
        "--scope-claim", choices=GrantRule.ScopeClaim.values, help="whether the scope claim limits a token"
    )
    group.add_argument("--scope-claim-name", metavar="CLAIM", help="which claim that is (default: scope)")
    group.add_argument(
        "--condition", dest="conditions", action="append", metavar="CONDITION", help=f"{GRAMMAR}; repeatable"
    )
    _add_token(group)


def _add_token(group: Any) -> None:
    """The flags for what a token has besides its scope, and for what is stored of the assertion."""
    group.add_argument(
        "--token-lifetime",
        dest="access_token_lifetime",
        type=number,
        metavar="SECONDS",
        help="how long a token lives (default: as the site's other tokens)",
    )
    group.add_argument(
        "--limit-to-assertion", action=BooleanOptionalAction, help="no token outlives its assertion"
    )
    group.add_argument(
        "--resource",
        dest="resources",
        action="append",
        metavar="URI",
        help="a resource that a token may be for (RFC 8707); repeatable",
    )
    group.add_argument(
        "--require-resource", action=BooleanOptionalAction, help="the assertion must name a resource"
    )
    group.add_argument(
        "--record-claim",
        dest="recorded_claims",
        action="append",
        metavar="CLAIM",
        help="a claim that is stored with the decision; repeatable",
    )


def add_policies(parser: CommandParser) -> None:
    """The flags of a rule for the clients that may present an assertion, and the user of the token."""
    group = parser.add_argument_group("its clients and its user")
    group.add_argument(
        "--accepted-as",
        action="append",
        choices=DoorChoices.values,
        help="how the assertion may be presented; repeatable",
    )
    group.add_argument(
        "--allow-any-tenant",
        action=BooleanOptionalAction,
        help="match although no condition names customers of a shared issuer",
    )
    clients = group.add_mutually_exclusive_group()
    for client_policy, meaning in _CLIENT_FLAGS.items():
        clients.add_argument(
            f"--{client_policy}",
            dest="client_policy",
            action="store_const",
            const=client_policy.value,
            help=meaning,
        )
    listed = group.add_mutually_exclusive_group()
    listed.add_argument(
        "--application",
        dest="applications",
        action="append",
        metavar="CLIENT_ID",
        help="for --listed; repeatable",
    )
    listed.add_argument(
        "--all-applications",
        action="store_const",
        const=True,
        help="each application that an operator has registered until now: "
        "without an owner, or with one who is staff or superuser",
    )
    group.add_argument(
        "--default-application",
        metavar="CLIENT_ID",
        help="whose the tokens are if the request names no client",
    )
    group.add_argument(
        "--require-dpop", action=BooleanOptionalAction, help="no token without a DPoP proof (RFC 9449)"
    )
    users = group.add_mutually_exclusive_group()
    for flag, (choice, meaning) in _USER_FLAGS.items():
        users.add_argument(
            flag, dest="subject_policy", action="store_const", const=choice.value, help=meaning
        )
    users.add_argument("--service-user", dest="user", metavar="USER", help="one fixed user")
    users.add_argument(
        "--robot-user",
        action="store_const",
        const=True,
        help="one fixed user, created with the rule and named after it, without password or privileges",
    )
    users.add_argument("--user-field", metavar="FIELD", help="the user whose field equals the claim")
    group.add_argument(
        "--group",
        dest="groups",
        action="append",
        metavar="NAME",
        help="a group of the users that it creates; repeatable",
    )
    group.add_argument(
        "--user-claim",
        dest="user_fields",
        action="append",
        metavar="FIELD=CLAIM",
        help="sets a field of the users that it creates, such as first_name=given_name; repeatable",
    )
    group.add_argument("--subject-claim", metavar="CLAIM", help="what names the person (default: sub)")
    group.add_argument(
        "--allow-privileged-users",
        action=BooleanOptionalAction,
        help="also staff and superusers may be the user",
    )


def key_source_values(options: Mapping[str, Any]) -> dict[str, str]:
    """The key source that goes with the flag, if there is one."""
    sources = {
        "jwks_url": _SOURCES.JWKS_URL,
        "discovery_url": _SOURCES.DISCOVERY,
        "jwks": _SOURCES.INLINE,
        "trust_anchors": _SOURCES.CERTIFICATES,
    }
    chosen = [kind for name, kind in sources.items() if options[name] is not None]
    return {"key_source": chosen[0]} if chosen else {}
