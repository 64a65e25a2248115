"""What a verified assertion may do here: conditions, the choice of the rule, scopes. No Django."""

from __future__ import annotations

from ..assertion import ABSENT
from .conditions import (
    NAMING,
    NUMERIC,
    Condition,
    InvalidCondition,
    Moment,
    Operator,
    check_claim,
    claim_path,
    claim_value,
    same,
)
from .matching import Client, ClientPolicy, MatchableRule, Miss, NoMatch, first_match
from .pins import Pin, is_pinned
from .scopes import grant_resources, grant_scopes, resource_claim, scope_claim, split_scope

__all__ = [
    "ABSENT",
    "NAMING",
    "NUMERIC",
    "Client",
    "ClientPolicy",
    "Condition",
    "InvalidCondition",
    "MatchableRule",
    "Miss",
    "Moment",
    "NoMatch",
    "Operator",
    "Pin",
    "check_claim",
    "claim_path",
    "claim_value",
    "first_match",
    "grant_resources",
    "grant_scopes",
    "is_pinned",
    "resource_claim",
    "same",
    "scope_claim",
    "split_scope",
]
