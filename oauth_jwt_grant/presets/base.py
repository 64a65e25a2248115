"""What a preset is, and how answers make an issuer, a rule and conditions of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ..models import ClaimCondition, GrantRule, TrustedIssuer


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One question of a preset.

    ``default`` is the answer where none is given at all (a blank one stays blank);
    ``example`` stands in the error for an answer that does not match ``pattern`` (a
    regular expression for the whole of it); ``many`` takes several, one to a line;
    ``multiline`` is for PEM and JSON.
    """

    name: str
    label: Any
    help: Any = ""
    required: bool = True
    default: str = ""
    pattern: str = ""
    example: str = ""
    many: bool = False
    multiline: bool = False


@dataclass(frozen=True, slots=True)
class When:
    """A condition to be made: ``{name}`` in ``claim`` and ``values`` stands for an answer.

    It is left out if an answer that it needs is blank. ``pin`` marks the claims that
    tell one customer of the issuer from all others.
    """

    claim: str
    values: tuple[Any, ...]
    operator: str = ClaimCondition.OperatorChoices.EQUALS.value
    pin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """An issuer, or a kind of issuers, as its vendor documents it.

    Texts may hold ``{name}`` for an answer, also in ``fields``, which are columns of the
    issuer (a tuple for a list). ``algorithms``, ``max_lifetime`` (seconds)
    and ``replay_policy`` are what its tokens need, ``scope_claim`` what theirs means here;
    ``docs`` is the vendor's page; ``obtain`` tells a client how to come by an assertion;
    ``recorded_claims`` are worth keeping with each decision; ``pinned_by_keys`` says that
    nobody else signs with the keys, so that no claim has to tell customers apart.
    """

    key: str
    name: str
    asks: tuple[Ask, ...]
    conditions: tuple[When, ...] = ()
    issuer: str = "{issuer}"
    key_source: str = TrustedIssuer.KeySource.DISCOVERY.value
    fields: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    algorithms: tuple[str, ...] = ("RS256",)
    max_lifetime: int = 3600
    replay_policy: str = TrustedIssuer.ReplayPolicy.ONCE.value
    scope_claim: str = GrantRule.ScopeClaim.CEILING.value
    profile: str = TrustedIssuer.Profile.JWT_BEARER.value
    recorded_claims: tuple[str, ...] = ()
    pinned_by_keys: bool = False
    docs: str = ""
    obtain: str = ""

    def __post_init__(self) -> None:
        required = {ask.name for ask in self.asks if ask.required}
        pinned = any(when.pin and _named(when) <= required for when in self.conditions)
        if not pinned and not self.pinned_by_keys:
            raise ValueError(f"nothing in the preset {self.key} always tells one customer from all others")


@dataclass(slots=True)
class Applied:
    """What a preset has made, unsaved: the rule still wants its scopes, clients and user."""

    issuer: TrustedIssuer
    rule: GrantRule
    conditions: list[ClaimCondition]

    def save(self, applications: Iterable[Any] = ()) -> bool:
        """Save all or nothing; returns whether the issuer is new.

        An issuer that is trusted already stays as it is and gets one rule more, after
        those that it has. Raises :class:`ValidationError`.
        """
        with transaction.atomic():
            known = TrustedIssuer.objects.filter(issuer=self.issuer.issuer).first()
            if known is not None and known.issuer == self.issuer.issuer:
                self.issuer = known
                last = known.rules.order_by("position").last()
                self.rule.position = 0 if last is None else last.position + 1
            else:
                known = None
                self.issuer.full_clean()
                self.issuer.save()
            self.rule.issuer = self.issuer
            self.rule.full_clean()
            self.rule.save()
            self.rule.applications.set(applications)
            for condition in self.conditions:
                condition.rule = self.rule
                condition.full_clean()
                condition.save()
        return known is None


def apply(preset: Preset, answers: Mapping[str, str]) -> Applied:
    """What ``preset`` makes of ``answers`` (texts by the names of its questions).

    Raises :class:`ValidationError` with a text for each question whose answer is
    missing or malformed, so nothing comes of a preset without the claim that pins.
    """
    given = _checked(preset, answers)
    issuer = TrustedIssuer(
        name=preset.name,
        issuer=preset.issuer.format_map(given),
        profile=preset.profile,
        key_source=preset.key_source,
        algorithms=list(preset.algorithms),
        max_lifetime=preset.max_lifetime,
        replay_policy=preset.replay_policy,
        **{name: _filled(template, given) for name, template in preset.fields.items()},
    )
    lists = {ask.name: given[ask.name].split("\n") for ask in preset.asks if ask.many and given[ask.name]}
    conditions = [_condition(when, given, lists) for when in preset.conditions if _is_answered(when, given)]
    rule = GrantRule(
        name=_rule_name(preset, given),
        scope_claim=preset.scope_claim,
        recorded_claims=list(preset.recorded_claims),
    )
    return Applied(issuer, rule, conditions)


def _filled(template: str | tuple[str, ...], given: Mapping[str, str]) -> str | list[str]:
    if isinstance(template, str):
        return template.format_map(given)
    return [text.format_map(given) for text in template]


def _checked(preset: Preset, answers: Mapping[str, str]) -> dict[str, str]:
    unknown = answers.keys() - {ask.name for ask in preset.asks}
    errors: dict[str, Any] = {name: _("There is no such question.") for name in unknown}
    given: dict[str, str] = {}
    for ask in preset.asks:
        lines = (line.strip() for line in answers.get(ask.name, ask.default).splitlines())
        given[ask.name] = "\n".join(line for line in lines if line)
        if ask.required and not given[ask.name]:
            errors[ask.name] = _("This is needed: it tells whose assertions are meant.")
        elif not _matches(ask, given[ask.name]):
            errors[ask.name] = _("Not as expected: it looks like %s.") % ask.example
    if errors:
        raise ValidationError(errors)
    return given


def _matches(ask: Ask, answer: str) -> bool:
    if "\n" in answer and not (ask.many or ask.multiline):
        return False
    lines = answer.split("\n") if ask.many else [answer]
    return not answer or not ask.pattern or all(re.fullmatch(ask.pattern, line) for line in lines)


def _names_in(text: Any) -> set[str]:
    """The questions whose answers stand in ``text``."""
    return {part[1] for part in Formatter().parse(text) if part[1]} if isinstance(text, str) else set()


def _named(when: When) -> set[str]:
    """The questions whose answers a condition needs."""
    return set().union(*map(_names_in, (when.claim, *when.values)))


def _is_answered(when: When, given: Mapping[str, str]) -> bool:
    return all(given[name] for name in _named(when))


def _condition(when: When, given: Mapping[str, str], lists: Mapping[str, list[str]]) -> ClaimCondition:
    values: list[Any] = []
    listed = {f"{{{name}}}": answers for name, answers in lists.items()}
    for value in when.values:
        if value in listed:
            values += listed[value]
        else:
            values.append(value.format_map(given) if isinstance(value, str) else value)
    return ClaimCondition(claim=when.claim.format_map(given), operator=when.operator, values=values)


def _rule_name(preset: Preset, given: Mapping[str, str]) -> str:
    """The pinning answers: what an operator knows the rule by."""
    pins = [name for when in preset.conditions if when.pin for name in sorted(_named(when)) if given[name]]
    return " ".join(dict.fromkeys(given[name].replace("\n", " ") for name in pins))[:100] or preset.name
