"""The admin: the operator's control room. Importing it registers every model."""

from __future__ import annotations

from django.apps import apps

# Without it the pages cannot be loaded; a check says so, if nothing fails before.
if apps.is_installed("oauth2_provider"):
    from .decisions import DecisionAdmin
    from .issuers import TrustedIssuerAdmin
    from .rules import GrantRuleAdmin
    from .subjects import LinkedSubjectAdmin

    __all__ = ["DecisionAdmin", "GrantRuleAdmin", "LinkedSubjectAdmin", "TrustedIssuerAdmin"]
