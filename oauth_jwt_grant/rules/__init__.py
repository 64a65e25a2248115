"""What a verified assertion may do here: conditions, the choice of the rule, scopes. No Django."""

from __future__ import annotations

from ..assertion import ABSENT
from .conditions import (
    NAMING,
    NUMERIC,
    STORED,
    Condition,
    InvalidCondition,
    Moment,
    Operator,
    as_json,
    check_claim,
    claim_path,
    claim_value,
    condition_of,
    conditions_of,
    same,
)
from .matching import Client, ClientPolicy, MatchableRule, Miss, NoMatch, first_match, names_values_of
from .pins import Pin, is_pinned
from .scopes import grant_resources, grant_scopes, resource_claim, scope_claim, split_scope
from .subjects import check_sub, is_by_sub, subject_by_claim, subject_claim

__all__ = [
    "ABSENT",
    "NAMING",
    "NUMERIC",
    "STORED",
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
    "as_json",
    "check_claim",
    "check_sub",
    "claim_path",
    "claim_value",
    "condition_of",
    "conditions_of",
    "first_match",
    "grant_resources",
    "grant_scopes",
    "is_by_sub",
    "is_pinned",
    "names_values_of",
    "resource_claim",
    "same",
    "scope_claim",
    "split_scope",
    "subject_by_claim",
    "subject_claim",
]
