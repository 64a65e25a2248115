"""A preset and its answers, as a file names them, to the values that they stand for."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError

from ..presets import Preset, all_presets, apply, get_preset
from .schema import CONDITIONS, ISSUERS, RULES, Values


@dataclass(frozen=True, slots=True)
class Expanded:
    """What a preset makes of answers: the values of the issuer, of the rule, and of its conditions."""

    issuer: Values
    rule: Values
    conditions: list[Values]


def find_preset(key: Any) -> Preset:
    """The preset called ``key``. Raises :class:`ValueError`."""
    try:
        return get_preset(key)
    except (KeyError, TypeError) as error:
        near = difflib.get_close_matches(str(key), [preset.key for preset in all_presets()])
        raise ValueError(f"there is no preset {key}{f'; did you mean {near[0]}?' if near else ''}") from error


def expand(preset: Preset, answers: Mapping[str, Any]) -> Expanded:
    """Return what ``preset`` makes of ``answers``. Raises :class:`ValueError` with all problems."""
    try:
        applied = apply(preset, {name: _answer(name, value) for name, value in answers.items()})
    except ValidationError as error:
        lines = [f"{name}: {text}" for name, texts in error.message_dict.items() for text in texts]
        raise ValueError("; ".join(lines)) from error
    conditions = [CONDITIONS.values_of(condition) for condition in applied.conditions]
    return Expanded(ISSUERS.values_of(applied.issuer), RULES.values_of(applied.rule), conditions)


def _answer(name: str, value: Any) -> str:
    """Several answers are a list; a box is ticked by ``true``."""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "\n".join(value)
    if not isinstance(value, str):
        raise ValueError(f"{name}: an answer is a string, a list of strings, true or false")
    return value
