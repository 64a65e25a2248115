"""Presets: well-known issuers as data, so that trusting one asks only for what distinguishes its customers.

A site adds its own: ``register(Preset(...))`` in the ``ready()`` of one of its apps.
"""

from __future__ import annotations

from ..rules import Pin
from .applied import Applied, apply
from .base import ConditionTemplate, Preset, PresetQuestion
from .registry import all_presets, get_preset, pins_of, preset_for, register, shared_pins
from .shared import check_pinned, check_pins_stay, check_stay_pinned, pins_of_shared, why_unpinned
from .traps import TRAPS, Severity, traps_of

__all__ = [
    "TRAPS",
    "Applied",
    "ConditionTemplate",
    "Pin",
    "Preset",
    "PresetQuestion",
    "Severity",
    "all_presets",
    "apply",
    "check_pinned",
    "check_pins_stay",
    "check_stay_pinned",
    "get_preset",
    "pins_of",
    "pins_of_shared",
    "preset_for",
    "register",
    "shared_pins",
    "traps_of",
    "why_unpinned",
]
