"""Presets on the command line: the list of them, their questions, and the answers that were given."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from ..models import TrustedIssuer
from ..presets import Applied, Preset, PresetQuestion, all_presets, apply, get_preset
from .arguments import read_text
from .trust_flags import ISSUER_FLAGS, key_source_values
from .upsert import refusal

_WHAT_A_PRESET_SAYS = ("key_source", "algorithms", "max_lifetime", "replay_policy")


def described(presets: Iterable[Preset]) -> Iterator[str]:
    """Return lines with the key, the name and the questions of each preset."""
    for preset in presets:
        yield f"{preset.key}: {preset.name}"
        for question in preset.questions:
            yield f"    {question.name:<21} {question.label} ({', '.join(_notes(question))})"


def _notes(question: PresetQuestion) -> Iterator[str]:
    needed = question.required and not question.default
    yield "required" if needed else f"unless given: {question.default}" if question.default else "optional"
    if question.many:
        yield "may repeat"
    if question.multiline:
        yield "a file"
    if question.example and question.example != question.default:
        yield f"such as {question.example}"


def find_preset(key: str) -> Preset:
    """The preset called ``key``. Raises :class:`CommandError` that names those of a like name."""
    try:
        return get_preset(key)
    except KeyError as error:
        near = difflib.get_close_matches(key.lower(), [preset.key for preset in all_presets()])
        meant = f"; did you mean {', '.join(near)}?" if near else "."
        text = f"--preset: there is no preset {key}{meant} --list-presets prints all."
        raise CommandError(text, returncode=2) from error


def _applied(preset: Preset, given: Mapping[str, str], iss: str | None) -> Applied:
    """Return what ``preset`` creates from the ``--answer`` flags: unsaved, checked as far as possible.

    ``iss`` is the ``--issuer``: an answer if the preset asks for the issuer, and else
    what the answers must come to. Raises :class:`CommandError` with the flag of each answer
    that is missing, unknown or malformed.
    """
    answers = dict(given)
    if iss is not None and any(question.name == "issuer" for question in preset.questions):
        answers.setdefault("issuer", iss)
    try:
        applied = apply(preset, answers)
        for condition in applied.conditions:
            condition.full_clean(exclude={"rule"})
    except ValidationError as error:
        raise refusal(
            error, {question.name: f"--answer {question.name}" for question in preset.questions}
        ) from error
    if iss not in (None, applied.issuer.issuer):
        raise CommandError(f"--issuer: by the preset {preset.key} it is {applied.issuer.issuer}")
    return applied


def by_preset(
    preset: Preset, options: Mapping[str, Any], flags: Mapping[str, str]
) -> tuple[Applied, list[str]]:
    """What ``preset`` makes of the answers that were read, unsaved, and warnings.

    An issuer that is trusted already is the one of ``Applied``, as it is. Raises
    :class:`CommandError` (``flags``: field of the issuer to what sets it).
    """
    source = key_source_values(options).get("key_source", preset.key_source)
    if preset.pinned_by_keys and source != preset.key_source:
        raise CommandError(
            f"--preset {preset.key}: its issuer is known by its own keys alone; give no others"
        )
    applied = _applied(preset, options["answers"], options["issuer"])
    try:
        known = applied.known()
    except ValidationError as error:
        raise refusal(error, flags) from error
    if known is None:
        return applied, []
    left = [name for name in _differing(preset, applied.issuer, known) if options.get(name) is None]
    applied.follow(known)
    # The key source has no flag of its own.
    names = ", ".join(ISSUER_FLAGS.get(name, "key source") for name in left)
    text = f"The issuer was trusted already. It keeps values that differ from the preset: {names}"
    return applied, [text] if left else []


def flags_of(preset: Preset, said: Mapping[str, Any]) -> dict[str, str]:
    """Field of the issuer to what sets it: a flag, or an answer where no flag is among ``said``."""
    answered = {name: preset.questions_of(name) for name in ("issuer", *preset.fields)}
    answers = {
        name: " ".join(f"--answer {question}" for question in questions)
        for name, questions in answered.items()
        if questions and said.get(name) is None
    }
    return ISSUER_FLAGS | answers


def _differing(preset: Preset, wanted: TrustedIssuer, known: TrustedIssuer) -> list[str]:
    """The fields in which ``known``, that stays as it is, is not as ``wanted``; blank ones do not count."""
    fields = dict.fromkeys((*_WHAT_A_PRESET_SAYS, *preset.fields))
    said = [name for name in fields if getattr(wanted, name)]
    return [name for name in said if getattr(wanted, name) != getattr(known, name)]


def read_answers(preset: Preset, texts: Iterable[str]) -> dict[str, str]:
    """The answers in the ``--answer`` flags; those of several lines are read from their files."""
    questions = {question.name: question for question in preset.questions}
    answers: dict[str, str] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator:
            raise CommandError(f"--answer: not QUESTION=VALUE: {text}")
        question = questions.get(name)
        if question is None:
            raise CommandError(
                f"--answer {name}: there is no such question; {preset.key} asks for {', '.join(questions)}"
            )
        if name in answers and not question.many:
            raise CommandError(f"--answer {name}: it takes one answer")
        value = read_text(f"--answer {name}", value) if question.multiline and value else value
        answers[name] = f"{answers[name]}\n{value}" if name in answers else value
    return answers
