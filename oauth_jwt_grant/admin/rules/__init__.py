"""The pages of rules and their conditions."""

from __future__ import annotations

from .addition import RuleAdditionForm
from .admin import GrantRuleAdmin, RuleInline

__all__ = [
    "GrantRuleAdmin",
    "RuleAdditionForm",
    "RuleInline",
]
