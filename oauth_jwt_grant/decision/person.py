"""By what a person is linked and recorded, where a rule reads another claim than ``sub``."""

from __future__ import annotations

from dataclasses import replace

from ..assertion import AssertionRefused, Reason, VerifiedAssertion, _, in_tenant
from ..assertion.claims import MAX_STRING
from ..rules import check_sub, is_by_sub, subject_by_claim, subject_claim
from ..trust import BY_LINK, Rule


def named_by_rule(assertion: VerifiedAssertion, rule: Rule) -> VerifiedAssertion:
    """Return ``assertion`` with the subject that ``rule`` reads for its links.

    That is ``sub``, unless the rule names another claim. Raises :class:`AssertionRefused`.
    """
    if rule.subject_policy not in BY_LINK:
        return assertion
    if is_by_sub(rule.subject_claim):
        check_sub(assertion.claims)
        return assertion
    value = subject_claim(assertion.claims, rule.subject_claim, rule.pinned)
    subject = subject_by_claim(rule.subject_claim, value)
    if rule.issuer.is_id_jag:
        subject = in_tenant(assertion.claims, subject)
    if len(subject) > MAX_STRING:
        detail = _(
            "{claim} must have at most {most} characters with its name; it is longer",
            claim=rule.subject_claim,
            most=MAX_STRING,
        )
        raise AssertionRefused(Reason.UNKNOWN_SUBJECT, detail=detail)
    return replace(assertion, subject=subject)
