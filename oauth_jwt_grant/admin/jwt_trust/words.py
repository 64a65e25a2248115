"""A rule that is to be saved, in words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from ...assertion import shown
from ...conf import conf
from ...presets import Applied
from ...trust import listed
from ..shared import conditions_in_words


def rule_in_words(applied: Applied, applications: list[Any]) -> list[tuple[str, str]]:
    """Return what ``applied`` means, as labels and texts; its rule is for ``applications``."""
    issuer, rule = applied.issuer, applied.rule
    clients = rule.get_client_policy_display()
    if rule.client_policy == rule.ClientPolicyChoices.LISTED:
        clients = ", ".join(map(str, applications)) or _("no application: nobody can use it")
    user = rule.get_subject_policy_display()
    if rule.subject_policy == rule.SubjectPolicy.SERVICE_USER:
        is_new = rule.user is not None and rule.user._state.adding
        user = _("%s, a new user") % rule.user if is_new else str(rule.user)
    lifetime = conf.MAX_LIFETIME if issuer.max_lifetime is None else issuer.max_lifetime
    return [
        (_("Issuer"), f"{issuer.name}: {shown(issuer.issuer)}"),
        (_("Its JWTs"), _("%(algorithms)s, at most %(seconds)d seconds, %(use)s") % {
            "algorithms": ", ".join(listed(issuer, "algorithms") or conf.ALGORITHMS),
            "seconds": lifetime,
            "use": issuer.get_replay_policy_display(),
        }),
        (_("Rule"), rule.name),
        (_("Applies"), conditions_in_words(rule, applied.conditions)),
        (_("Presented by"), str(clients)),
        (_("Token of"), str(user)),
        (_("Scopes"), " ".join(rule.scopes.split())),
    ]  # fmt: skip
