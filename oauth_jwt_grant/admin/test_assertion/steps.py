"""A dry run, formatted for an operator."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.utils.html import format_html
from django.utils.timesince import timesince, timeuntil
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_variables

from ...assertion import Step, Undecided
from ...database import readable
from ...decision import ExplainedStep, Explanation, Failure, Status
from ...languages import translated
from ...models import GrantRule, TrustedIssuer
from ...trust import Issuer, Rule
from ..shared import change_url, link_to, near_misses, reason_in_words

_LABELS = {
    Step.LENGTH: gettext_lazy("Length"),
    Step.FORM: gettext_lazy("Form"),
    Step.CRITICAL: gettext_lazy("Critical header parameters (crit)"),
    Step.ISSUER: gettext_lazy("Issuer is trusted"),
    Step.TYPE: gettext_lazy("Type (typ)"),
    Step.ALGORITHM: gettext_lazy("Algorithm (alg)"),
    Step.KEY: gettext_lazy("Key (kid)"),
    Step.SIGNATURE: gettext_lazy("Signature"),
    Step.ISS: gettext_lazy("Issuer (iss)"),
    Step.SUB: gettext_lazy("Subject (sub)"),
    Step.AUD: gettext_lazy("Audience (aud)"),
    Step.EXP: gettext_lazy("Expires (exp)"),
    Step.LIFETIME: gettext_lazy("Lifetime (exp)"),
    Step.NBF: gettext_lazy("Not before (nbf)"),
    Step.IAT: gettext_lazy("Issued (iat)"),
    Step.ISSUED_AFTER: gettext_lazy("Limit of the issuer (iat)"),
    Step.JTI: gettext_lazy("Unique id (jti)"),
    Step.KIND: gettext_lazy("Kind of token"),
    Step.CNF: gettext_lazy("Bound to a key (cnf)"),
    Step.TENANT: gettext_lazy("Tenant (tenant)"),
    Step.DETAILS: gettext_lazy("Authorization details"),
    Step.CLIENT: gettext_lazy("Client (client_id)"),
    Step.CONDITIONS: gettext_lazy("Conditions of the issuer"),
    Step.RULE: gettext_lazy("Rule"),
    Step.PROOF: gettext_lazy("DPoP proof"),
    Step.SUBJECT: gettext_lazy("User"),
    Step.SCOPE: gettext_lazy("Scope"),
    Step.RESOURCE: gettext_lazy("Resource"),
    Step.REPLAY: gettext_lazy("Single use"),
}
_TIMES = {
    Step.EXP: gettext_lazy("later than %s"),
    Step.LIFETIME: gettext_lazy("no later than %s"),
    Step.NBF: gettext_lazy("no later than %s"),
    Step.IAT: gettext_lazy("from %s to %s"),
    Step.ISSUED_AFTER: gettext_lazy("no earlier than %s"),
}
_TIME_CLAIMS = frozenset({"exp", "nbf", "iat", "auth_time"})
_STATUSES = {
    Status.PASSED: gettext_lazy("Passed"),
    Status.FAILED: gettext_lazy("Failed"),
    Status.NOT_REACHED: gettext_lazy("Not reached"),
}
_LEVELS = {Status.PASSED: "ok", Status.FAILED: "off", Status.NOT_REACHED: "not-reached"}


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One line of a table; ``level`` names its colour."""

    label: str
    level: str
    status: str
    expected: str
    actual: str


@sensitive_variables("explanation", "case")
def report(explanation: Explanation, site: admin.AdminSite) -> dict[str, Any]:
    """Return what the page shows of ``explanation``: strings, links and rows."""
    case, now = explanation.case, explanation.case.question.now
    unverified = case.unverified
    return {
        "verdict": _verdict(explanation),
        "failures": [_failure(failure) for failure in explanation.failures],
        "steps": [_row(step, now) for step in explanation.steps],
        "outcome": _outcome(explanation, site),
        "misses": [(miss.rule, translated(miss.why)) for miss in case.misses],
        "near": near_misses(unverified.issuer) if unverified and case.issuer is None else [],
        "header": _members(unverified.header, now) if unverified else [],
        "claims": _members(unverified.claims, now) if unverified else [],
        "signed": _is_signed(explanation),
        "status": _status(explanation),
        "answer": json.dumps(explanation.answer, indent=2),
    }


def _status(explanation: Explanation) -> int:
    refused = explanation.refused
    return 200 if refused is None else refused.answer_at(explanation.case.question.door).status


def in_words(seconds: object, now: float) -> str:
    """Return a NumericDate (or the value found instead of one) with its distance from now."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return _json(seconds)
    try:
        then, present = (datetime.fromtimestamp(value, tz=UTC) for value in (seconds, now))
        # Years that no time zone can be applied to any more fail here too.
        localtime(then)
    except (OverflowError, ValueError, OSError):
        return _json(seconds)
    return f"{readable(then)} ({_distance(then, present)})"


def _distance(then: datetime, present: datetime) -> str:
    away = round(abs((then - present).total_seconds()))
    later = then >= present
    if away < 120:
        text = ngettext("%d second", "%d seconds", away) % away
    else:
        text = timeuntil(then, present, depth=1) if later else timesince(then, present, depth=1)
    return _("in %s") % text if later else _("%s ago") % text


def _verdict(explanation: Explanation) -> dict[str, Any]:
    refused = explanation.refused
    if refused is None:
        return {"level": "ok", "text": _("Accepted: a client would get a token.")}
    undecided = isinstance(refused, Undecided)
    text = _("Could not decide.") if undecided else _("Refused.")
    return {
        "level": "warning" if undecided else "off",
        "text": text,
    }


def _failure(failure: Failure) -> dict[str, Any]:
    """A refusal: where, why, and what to do about it."""
    refused = failure.refused
    return {
        "step": str(_LABELS[failure.step]) if failure.step is not None else "",
        "reason": reason_in_words(refused.reason),
        "detail": translated(refused.explanation),
        "section": refused.answer.section,
        "remedy": failure.remedy,
    }


def _is_signed(explanation: Explanation) -> bool:
    return any(step.step is Step.SIGNATURE and step.status is Status.PASSED for step in explanation.steps)


def _row(explained: ExplainedStep, now: float) -> ShownStep:
    reached = explained.status is not Status.NOT_REACHED
    return ShownStep(
        label=str(_LABELS[explained.step]),
        level=_LEVELS[explained.status],
        status=str(_STATUSES[explained.status]),
        expected=_expected(explained, now) if reached else "",
        actual=_actual(explained, now) if reached else "",
    )


def _expected(explained: ExplainedStep, now: float) -> str:
    if explained.step is Step.SUBJECT:
        return str(dict(GrantRule.SubjectPolicy.choices).get(explained.expected, explained.expected))
    if explained.step is Step.RESOURCE and not explained.expected:
        return _("none: a request that names one is refused")
    if explained.step not in _TIMES:
        return _text(explained.expected)
    bounds = explained.expected if isinstance(explained.expected, list) else [explained.expected]
    return str(_TIMES[explained.step]) % tuple(in_words(bound, now) for bound in bounds)


def _actual(explained: ExplainedStep, now: float) -> str:
    if explained.step in _TIMES and explained.actual is not None:
        return in_words(explained.actual, now)
    if explained.step is Step.RESOURCE and not explained.actual:
        return _("none requested")
    return _text(explained.actual)


def _outcome(explanation: Explanation, site: admin.AdminSite) -> list[tuple[str, str]]:
    """What was found out, as far as the decision got."""
    case, permission = explanation.case, explanation.permission
    user = link_to(site, case.subject.user)
    if case.subject.to_be_provisioned:
        user = _("made with the first token")
    found = [
        (_("Issuer"), _link(site, TrustedIssuer, case.issuer)),
        (
            _("As if it matched: rule") if case.is_rule_supposed else _("Rule"),
            _link(site, GrantRule, case.rule),
        ),
        (_("Application"), link_to(site, case.application or case.question.application)),
        (_("User"), user),
        (_("Scopes"), " ".join(case.scopes) or "-"),
    ]
    if permission is not None:
        found.append(
            (_("Resources"), ", ".join(permission.resources) or _("none: the token is bound to no resource"))
        )
    if explanation.accepted:
        lifetime = explanation.answer["expires_in"]
        found.append((_("Token lives"), ngettext("%d second", "%d seconds", lifetime) % lifetime))
    return found


def _link(site: admin.AdminSite, model: type[Model], value: Issuer | Rule | None) -> str:
    """``value`` as a link to the page of its row."""
    if value is None:
        return "-"
    url = change_url(site, model(pk=value.pk))
    return str(value) if url is None else format_html('<a href="{}">{}</a>', url, value)


def _members(members: Mapping[str, Any], now: float) -> list[tuple[str, str]]:
    """The members of header or claims, times in words beside the numbers."""
    return [
        (name, f"{_json(value)}: {in_words(value, now)}" if _is_time(name, value) else _json(value))
        for name, value in members.items()
    ]


def _is_time(name: str, value: object) -> bool:
    return name in _TIME_CLAIMS and isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: object) -> str:
    """Strings as they are, lists of strings joined by commas, ``None`` as a dash, everything else as JSON."""
    if value is None or value in ([], ()):
        return "-"
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return ", ".join(map(translated, value))
    return translated(value) if isinstance(value, str) else _json(value)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
