"""The pages of rules and their conditions."""

from __future__ import annotations

from .admin import GrantRuleAdmin, RuleInline
from .forms import RULE_LABELS

__all__ = [
    "RULE_LABELS",
    "GrantRuleAdmin",
    "RuleInline",
]
