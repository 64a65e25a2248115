"""The parts of a preset: questions, and templates for the rows made of their answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Any

from ..models import ClaimCondition, GrantRule, TrustedIssuer
from ..rules import Pin


@dataclass(frozen=True, slots=True, kw_only=True)
class PresetQuestion:
    """One question of a preset.

    * ``default``: the answer where none is given at all. A blank one stays blank.
    * ``pattern``: a regular expression for the whole answer. The error for another one shows ``example``.
    * ``many``: it takes several answers, one to a line.
    * ``multiline``: the answer is PEM or JSON.
    * ``tick``: the answer is a box, ``yes`` if it is ticked, else blank.
    """

    name: str
    label: Any
    help: Any = ""
    required: bool = True
    default: str = ""
    pattern: str = ""
    example: str = ""
    many: bool = False
    multiline: bool = False
    tick: bool = False


@dataclass(frozen=True, slots=True)
class ConditionTemplate:
    """A template for a condition: ``{name}`` in ``claim`` and ``values`` is replaced by an answer.

    It is left out if an answer that it needs is blank, also that to the question ``when``.
    ``pin`` marks the claims that distinguish one customer of the issuer from all others, in
    the rules that the preset makes.
    """

    claim: str
    values: tuple[Any, ...]
    operator: str = ClaimCondition.OperatorChoices.EQUALS.value
    pin: bool = False
    when: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """An issuer, or a kind of issuers, as its vendor documents it.

    * ``questions``: what it asks for. The answer to the question ``name`` replaces ``{name}`` in each string.
    * ``either``: names of questions, of which one must be answered.
    * ``conditions``: those of the rule.
    * ``issuer``, ``key_source``, ``fields``: columns of the trusted issuer. A list is a tuple here; a boolean
      column is true for any answer that is not blank.
    * ``algorithms``, ``max_lifetime`` (seconds), ``replay_policy``, ``profile``: what the vendor's JWTs need.
      ``longer``: the ``max_lifetime`` if that question is answered.
    * ``scope_claim``, ``scope_claim_name``, ``accepted_as``, ``client_policy``, ``recorded_claims``: columns
      of the rule.
    * ``pinned_by_keys``: nobody else signs with the keys, so that no claim has to distinguish customers.
    * ``hosted``: a regular expression of issuers that are the vendor's own, where the operator is asked for
      the issuer.
    * ``shared``: the vendor's own issuers serve several customers, but for those that the regular expression
      ``of_one_customer`` matches. A rule for a shared one must have a condition (of its own or of the issuer)
      that meets one of ``pins``, or it cannot be saved and matches nothing.
    * ``docs``: the vendor's page. ``obtain``: how a client obtains an assertion.
    """

    key: str
    name: str
    questions: tuple[PresetQuestion, ...]
    either: tuple[str, ...] = ()
    conditions: tuple[ConditionTemplate, ...] = ()
    issuer: str = "{issuer}"
    key_source: str = TrustedIssuer.KeySource.DISCOVERY.value
    fields: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    algorithms: tuple[str, ...] = ("RS256",)
    max_lifetime: int = 3600
    longer: Mapping[str, int] = field(default_factory=dict)
    replay_policy: str = TrustedIssuer.ReplayPolicy.ONCE.value
    accepted_as: tuple[str, ...] = ()
    client_policy: str = GrantRule.ClientPolicyChoices.LISTED.value
    #: The claim of the rule that names the person.
    subject_claim: str = "sub"
    scope_claim: str = GrantRule.ScopeClaim.CEILING.value
    scope_claim_name: str = "scope"
    profile: str = TrustedIssuer.Profile.JWT_BEARER.value
    recorded_claims: tuple[str, ...] = ()
    pinned_by_keys: bool = False
    hosted: str = ""
    shared: bool = False
    of_one_customer: str = ""
    pins: tuple[Pin, ...] = ()
    docs: str = ""
    obtain: str = ""

    def __post_init__(self) -> None:
        required = {question.name for question in self.questions if question.required}
        pinned = any(template.pin and named(template) <= required for template in self.conditions)
        if not pinned and not self.pinned_by_keys:
            raise ValueError(f"nothing in the preset {self.key} always tells one customer from all others")
        meant = {template.claim for template in self.conditions if template.pin}
        if self.shared and not meant & {pin.claim for pin in self.pins}:
            raise ValueError(
                f"the preset {self.key} is shared, and its pins are none of those of its conditions"
            )

    @property
    def subject_policy(self) -> str:
        """Which user a token gets unless an operator chooses otherwise: no workload is a person."""
        of_people = self.profile == TrustedIssuer.Profile.ID_JAG
        policy = GrantRule.SubjectPolicy.LINKED if of_people else GrantRule.SubjectPolicy.NO_USER
        return policy.value

    def questions_of(self, name: str) -> list[str]:
        """The questions whose answers make the column ``name`` of the issuer."""
        template = self.issuer if name == "issuer" else self.fields.get(name, ())
        texts = [template] if isinstance(template, str) else template
        asked = set().union(*map(names_in, texts))
        return [question.name for question in self.questions if question.name in asked]


def names_in(text: Any) -> set[str]:
    """The questions whose answers stand in ``text``."""
    return {part[1] for part in Formatter().parse(text) if part[1]} if isinstance(text, str) else set()


def named(template: ConditionTemplate) -> set[str]:
    """The questions whose answers a condition needs."""
    return {template.when}.union(*map(names_in, (template.claim, *template.values))) - {""}
