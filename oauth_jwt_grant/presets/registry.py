"""The presets by their keys: ours, and those that a site registers."""

from __future__ import annotations

import re
from functools import lru_cache
from string import Formatter

from ..rules import Pin
from . import agents, ci, clouds, forges, generic, platforms, providers
from .base import Preset

_presets: dict[str, Preset] = {
    preset.key: preset
    for kind in (forges, ci, clouds, platforms, agents, providers, generic)
    for preset in kind.PRESETS
}


def register(preset: Preset) -> None:
    """Add ``preset``, or replace the one that has its key."""
    _presets[preset.key] = preset
    shared_pins.cache_clear()


def all_presets() -> list[Preset]:
    """Every preset, in the order in which they are offered."""
    return list(_presets.values())


def get_preset(key: str) -> Preset:
    """The preset called ``key``. Raises :class:`KeyError`."""
    return _presets[key]


def preset_for(iss: str) -> Preset | None:
    """Return the preset for the vendor of the issuer ``iss``, as far as its name shows it."""
    return next((preset for preset in _presets.values() if _is_of(preset, iss)), None)


def pins_of(iss: str) -> frozenset[str]:
    """Return the claims that distinguish the customers of ``iss``; empty if no preset knows it."""
    preset = preset_for(iss)
    return (
        frozenset(template.claim for template in preset.conditions if template.pin) if preset else frozenset()
    )


@lru_cache(maxsize=1024)
def shared_pins(iss: str) -> tuple[Pin, ...] | None:
    """Return the pins of ``iss`` if a preset says that it serves several customers, else ``None``."""
    preset = preset_for(iss)
    if preset is None or not preset.shared or re.fullmatch(preset.of_one_customer, iss):
        return None
    return preset.pins


def _is_of(preset: Preset, iss: str) -> bool:
    if preset.issuer == "{issuer}":
        default = any(question.name == "issuer" and question.default == iss for question in preset.questions)
        return default or re.fullmatch(preset.hosted, iss) is not None
    parts = Formatter().parse(preset.issuer)
    pattern = "".join(re.escape(text) + ("[^/]+" if name else "") for text, name, _spec, _conversion in parts)
    return re.fullmatch(pattern, iss) is not None
