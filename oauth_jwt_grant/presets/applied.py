"""How answers make an issuer, a rule and conditions of a preset."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, router, transaction
from django.db.models import BooleanField
from django.utils.translation import gettext_lazy as _

from ..models import ClaimCondition, GrantRule, TrustedIssuer, check_row, written
from .base import ConditionTemplate, Preset, PresetQuestion, named
from .shared import check_pinned

_KEYS = ("key_source", "jwks", "trust_anchors", "certificate_bindings")


@dataclass(slots=True)
class Applied:
    """The unsaved rows of a preset: the rule still needs its scopes, clients and user."""

    issuer: TrustedIssuer
    rule: GrantRule
    conditions: list[ClaimCondition]
    #: The user of the rule, if it was saved with the rule.
    new_user: Any = field(default=None, init=False)

    def known(self) -> TrustedIssuer | None:
        """The issuer as it is trusted already, if it is.

        Raises :class:`ValidationError` if that is not the issuer for which the rule is
        made: it signs another kind of JWTs or, where only the keys identify the
        client, with other keys. Also if the issuer could not be saved as a new one.
        """
        known = written(TrustedIssuer).filter(issuer=self.issuer.issuer).first()
        if known is None or known.issuer != self.issuer.issuer:
            return None
        self.issuer.clean_fields()
        self.issuer.clean()
        if known.profile != self.issuer.profile:
            text = _("It is trusted already, for another kind of JWTs: %s.")
            raise ValidationError({"issuer": text % known.get_profile_display()})
        if not self.conditions and _keys_of(known) != _keys_of(self.issuer):
            raise ValidationError({"issuer": _("It is trusted already, with other keys.")})
        return known

    def follow(self, known: TrustedIssuer) -> None:
        """Take ``known`` for the issuer, as it is, and put the rule after those that it has."""
        last = written(GrantRule).filter(issuer=known).order_by("position").last()
        self.issuer, self.rule.position = known, 0 if last is None else last.position + 1

    def save(self, applications: Iterable[Any] = ()) -> bool:
        """Save all or nothing; returns whether the issuer is new.

        An issuer that is trusted already stays as it is and gets one rule more, after
        those that it has. Raises :class:`ValidationError`, and nothing is saved.
        """
        try:
            return self._save(applications)
        except DataError as error:
            text = _("Nothing was saved: the database cannot store a character of what was entered.")
            raise ValidationError(text) from error
        except IntegrityError as error:  # another request has saved it in the meantime
            text = _("Nothing was saved: something has been changed meanwhile. Try again.")
            raise ValidationError(text) from error

    def _save(self, applications: Iterable[Any]) -> bool:
        with transaction.atomic(using=router.db_for_write(TrustedIssuer)):
            known = self.known()
            if known is not None:
                self.follow(known)
            self._check(is_new=known is None)
            if known is None:
                self.issuer.save()
            self._save_user()
            self.rule.save()
            self.rule.applications.set(applications)
            for condition in self.conditions:
                condition.save()
        return known is None

    def _save_user(self) -> None:
        user = self.rule.user
        if user is not None and user._state.adding:
            user.save()
            self.new_user = user

    def _check(self, *, is_new: bool) -> None:
        if is_new:
            check_row(self.issuer)
        self.rule.issuer = self.issuer
        check_row(self.rule)
        for condition in self.conditions:
            condition.rule = self.rule
            check_row(condition)
        check_pinned(self.rule, [condition.condition for condition in self.conditions])


def apply(preset: Preset, answers: Mapping[str, str]) -> Applied:
    """Return what ``preset`` creates from ``answers`` (strings by the names of its questions).

    Raises :class:`ValidationError` with a message for each answer that is
    missing or malformed, so nothing comes of a preset without the claim that pins.
    """
    given = _checked(preset, answers)
    issuer = TrustedIssuer(
        name=preset.name,
        issuer=preset.issuer.format_map(given),
        profile=preset.profile,
        key_source=preset.key_source,
        algorithms=list(preset.algorithms),
        max_lifetime=max(
            [preset.max_lifetime, *(seconds for name, seconds in preset.longer.items() if given[name])]
        ),
        replay_policy=preset.replay_policy,
        **{name: _filled(name, template, given) for name, template in preset.fields.items()},
    )
    lists = {
        question.name: given[question.name].split("\n")
        for question in preset.questions
        if question.many and given[question.name]
    }
    conditions = [
        _condition(template, given, lists) for template in preset.conditions if _is_answered(template, given)
    ]
    return Applied(issuer, _rule(preset, given), conditions)


def _rule(preset: Preset, given: Mapping[str, str]) -> GrantRule:
    return GrantRule(
        name=_rule_name(preset, given),
        accepted_as=list(preset.accepted_as),
        client_policy=preset.client_policy,
        subject_policy=preset.subject_policy,
        subject_claim=preset.subject_claim,
        scope_claim=preset.scope_claim,
        scope_claim_name=preset.scope_claim_name,
        recorded_claims=list(preset.recorded_claims),
    )


def _keys_of(issuer: TrustedIssuer) -> list[Any]:
    return [getattr(issuer, name) for name in _KEYS]


def _filled(name: str, template: str | tuple[str, ...], given: Mapping[str, str]) -> str | bool | list[str]:
    if isinstance(template, str):
        text = template.format_map(given)
        return bool(text) if isinstance(TrustedIssuer._meta.get_field(name), BooleanField) else text
    return [text.format_map(given) for text in template]


def _checked(preset: Preset, answers: Mapping[str, str]) -> dict[str, str]:
    unknown = answers.keys() - {question.name for question in preset.questions}
    errors: dict[str, Any] = {name: _("There is no such question.") for name in unknown}
    given: dict[str, str] = {}
    for question in preset.questions:
        lines = (line.strip() for line in answers.get(question.name, question.default).splitlines())
        given[question.name] = "\n".join(line for line in lines if line)
        if question.required and not given[question.name]:
            errors[question.name] = _("This is needed: it tells whose assertions are meant.")
        elif not _matches(question, given[question.name]):
            looks = _("Not as expected: it looks like %s.") % question.example
            errors[question.name] = looks if question.example else _("Not as expected: it is one line.")
    if preset.either and not any(given[name] for name in preset.either):
        errors.setdefault(preset.either[0], _either(preset))
    if errors:
        raise ValidationError(errors)
    return given


def _either(preset: Preset) -> Any:
    labels = [str(question.label) for question in preset.questions if question.name in preset.either]
    return _("One of these is needed: %s.") % ", ".join(labels)


def _matches(question: PresetQuestion, answer: str) -> bool:
    if "\n" in answer and not (question.many or question.multiline):
        return False
    lines = answer.split("\n") if question.many else [answer]
    return not answer or not question.pattern or all(re.fullmatch(question.pattern, line) for line in lines)


def _is_answered(template: ConditionTemplate, given: Mapping[str, str]) -> bool:
    return all(given[name] for name in named(template))


def _condition(
    template: ConditionTemplate, given: Mapping[str, str], lists: Mapping[str, list[str]]
) -> ClaimCondition:
    values: list[Any] = []
    listed = {f"{{{name}}}": answers for name, answers in lists.items()}
    for value in template.values:
        if value in listed:
            values += listed[value]
        else:
            values.append(value.format_map(given) if isinstance(value, str) else value)
    return ClaimCondition(claim=template.claim.format_map(given), operator=template.operator, values=values)


def _rule_name(preset: Preset, given: Mapping[str, str]) -> str:
    """The pinning answers: what an operator knows the rule by."""
    pins = [
        name
        for template in preset.conditions
        if template.pin
        for name in sorted(named(template))
        if given[name]
    ]
    name = " ".join(dict.fromkeys(given[name].replace("\n", " ") for name in pins)) or preset.name
    # Cut, two long ones would be called alike.
    return name if len(name) <= 100 else f"{name[:91]} {hashlib.sha256(name.encode()).hexdigest()[:8]}"
