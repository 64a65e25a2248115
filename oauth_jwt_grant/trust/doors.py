"""What an operator may have overlooked about the doors of an issuer's rules."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ..assertion import Door, Joined, Text, _, is_for, text_of
from ..conf import conf
from ..dot import may_use_client_credentials
from ..models import GrantRule, TrustedIssuer
from .terms import strings_of
from .values import Rule


def door_findings(issuer: TrustedIssuer, rules: Collection[GrantRule]) -> Iterator[Text]:
    """Yield what is wrong with the doors of the enabled ``rules`` of ``issuer``."""
    for rule in rules:
        yield from (_("Rule {rule} never matches: {why}.", rule=rule, why=why) for why in _faults(rule))
    doors = {door for door in Door for rule in rules if is_for(rule.accepted_as, door)}
    if len(doors) > 1 and issuer.replay_policy == TrustedIssuer.ReplayPolicy.REUSABLE:
        yield _(
            "Is reusable and accepted as {names}: an assertion made for one of them can be used as another.",
            names=Joined(", ", sorted(doors)),
        )


def _faults(rule: GrantRule) -> Iterator[Text]:
    try:
        strings_of(rule, "accepted_as")
    except ValueError as error:
        yield text_of(error)
        return
    for door in Door:
        if not is_for(rule.accepted_as, door):
            continue
        why = Rule.of(rule).why_not_for(door)
        if not why and door not in conf.ACCEPTED_AS:
            why = _("as {door}, which the setting ACCEPTED_AS leaves out", door=door)
        elif (
            not why
            and door is Door.CLIENT_ASSERTION
            and not may_use_client_credentials(rule.default_application)
        ):
            why = _(
                "as {door}: its application is not confidential, or not registered for client credentials",
                door=door,
            )
        if why:
            yield why
