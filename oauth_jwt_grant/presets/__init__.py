"""Presets: well-known issuers as data, so that trusting one asks only for what distinguishes its customers.

A site adds its own: ``register(Preset(...))`` in the ``ready()`` of one of its apps.
"""

from __future__ import annotations

from ..rules import Pin
from .applied import Applied, apply
from .base import ConditionTemplate, Preset, PresetQuestion
from .registry import all_presets, get_preset, pins_of, preset_for, register, shared_pins

__all__ = [
    "Applied",
    "ConditionTemplate",
    "Pin",
    "Preset",
    "PresetQuestion",
    "all_presets",
    "apply",
    "get_preset",
    "pins_of",
    "preset_for",
    "register",
    "shared_pins",
]
