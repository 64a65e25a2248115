"""What a verified assertion may do here: conditions, the choice of the rule, scopes. No Django."""

from __future__ import annotations

from ..assertion import ABSENT
from .conditions import Condition, InvalidCondition, Operator, check_claim, claim_path, claim_value, same
from .matching import Client, ClientPolicy, MatchableRule, Miss, NoMatch, first_match
from .scopes import grant_resources, grant_scopes, resource_claim, scope_claim, split_scope

__all__ = [
    "ABSENT",
    "Client",
    "ClientPolicy",
    "Condition",
    "InvalidCondition",
    "MatchableRule",
    "Miss",
    "NoMatch",
    "Operator",
    "check_claim",
    "claim_path",
    "claim_value",
    "first_match",
    "grant_resources",
    "grant_scopes",
    "resource_claim",
    "same",
    "scope_claim",
    "split_scope",
]
