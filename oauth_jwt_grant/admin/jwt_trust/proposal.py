"""What a JWT says of its issuer, as a proposal for the trust in it. Nothing is fetched or believed here."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any

from ...assertion import ID_JAG_TYPE, UnverifiedAssertion
from ...languages import translated
from ...models import GrantRule, TrustedIssuer
from ...presets import Pin, Preset, pins_of_shared, preset_for
from ...rules import ABSENT, Condition, InvalidCondition, Operator, claim_value
from .lookalikes import Lookalike, host_of, lookalike

#: Claims that are different in each JWT, or that the checks of the issuer look at: no condition is on them.
VOLATILE = frozenset(
    (
        "iss", "aud", "exp", "iat", "nbf", "jti", "auth_time", "nonce", "at_hash", "c_hash", "s_hash",
        "sid", "uti", "aio", "rh", "cnf", "run_id", "run_number", "run_attempt", "check_run_id", "sha",
        "workflow_sha", "job_workflow_sha", "head_sha", "pipeline_id", "job_id", "build_number",
        "build_id", "build_commit", "job_name_id", "step_key", "step_uuid", "pipeline_run_uuid",
        "terraform_run_id", "agent_id", "session_id", "token_id", "/kubernetes.io/pod/name",
        "/kubernetes.io/pod/uid", "/kubernetes.io/node/name", "/kubernetes.io/node/uid",
        "/kubernetes.io/warnafter",
    )
)  # fmt: skip
#: Claims that people know a workload by, the best first: the rule is called after the first that is there.
_NAMES = (
    *("repository", "project_path", "pipeline_slug", "repository_slug", "oidc.circleci.com/vcs-origin"),
    *("terraform_full_workspace", "app_name", "project", "email", "preferred_username", "client_id", "sub"),
)
#: Choices that are offered at most, and how deep a claim may lie.
_MOST, _DEEP = 100, 4
_LONGEST_NAME = 100
#: A century, in seconds: a JWT with a longer lifetime says nothing of it.
_LONGEST_LIFETIME = 100 * 366 * 86_400


@dataclass(frozen=True, slots=True)
class Choice:
    """A condition that the JWT meets, to be chosen.

    ``ticked``: without it, others for whom the issuer signs may be meant as well. ``volatile``: the next JWT
    will have another value, so it cannot be chosen.
    """

    condition: Condition
    ticked: bool = False
    volatile: bool = False

    @property
    def key(self) -> str:
        """What stands for it in a form."""
        return json.dumps([self.condition.claim, self.condition.operator, self.condition.values])

    def __str__(self) -> str:
        return translated(self.condition.in_words(_ascii))


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The trust that a JWT suggests: columns of the issuer, and the conditions to choose from.

    ``preset`` is that of the vendor, if the issuer or else (not ``is_exact``) only the claims look like it.
    ``from_jwt`` are the columns with values that the JWT alone suggests.
    """

    issuer: str
    preset: Preset | None
    is_exact: bool
    columns: Mapping[str, Any]
    from_jwt: frozenset[str]
    audiences: tuple[str, ...]
    choices: tuple[Choice, ...]
    pins: tuple[Pin, ...]
    lifetime: int | None
    lookalike: Lookalike | None
    rule: Mapping[str, Any]
    name: str


def propose(jwt: UnverifiedAssertion, presets: Sequence[Preset], longest: int) -> Proposal:
    """Return what ``jwt`` suggests. A lifetime that the JWT alone suggests is at most ``longest``."""
    exact = preset_for(jwt.issuer)
    preset = exact or _by_type(jwt, presets) or _by_claims(jwt.claims, presets)
    lifetime, pins = _lifetime(jwt.claims), pins_of_shared(jwt.issuer) or ()
    columns, from_jwt = _columns(jwt, preset, lifetime, longest)
    return Proposal(
        issuer=jwt.issuer,
        preset=preset,
        is_exact=exact is not None,
        columns=columns,
        from_jwt=from_jwt,
        audiences=tuple(_audiences(jwt.claims)),
        choices=tuple(_choices(jwt.claims, preset, pins)),
        pins=pins,
        lifetime=lifetime,
        lookalike=None if exact else lookalike(jwt.issuer, presets),
        rule=_rule(jwt.claims, preset),
        name=exact.name if exact else (host_of(jwt.issuer) or _ascii(jwt.issuer))[:_LONGEST_NAME],
    )


def _by_type(jwt: UnverifiedAssertion, presets: Sequence[Preset]) -> Preset | None:
    """The preset for ID-JAGs, if it is one."""
    if jwt.typ != ID_JAG_TYPE:
        return None
    return next((one for one in presets if one.profile == TrustedIssuer.Profile.ID_JAG), None)


def _by_claims(claims: Mapping[str, Any], presets: Sequence[Preset]) -> Preset | None:
    """The preset of software that customers run under addresses of their own, if ``claims`` look like its."""
    for preset in presets:
        named = {template.claim for template in preset.conditions if "{" not in template.claim}
        of_vendor = preset.issuer == "{issuer}" and preset.profile == TrustedIssuer.Profile.JWT_BEARER
        if of_vendor and len(named) > 1 and all(claim_value(claims, name) is not ABSENT for name in named):
            return preset
    return None


def _columns(
    jwt: UnverifiedAssertion, preset: Preset | None, lifetime: int | None, longest: int
) -> tuple[dict[str, Any], frozenset[str]]:
    """The columns of the issuer, and which of them only the JWT suggests."""
    if preset is None:
        needed = min(longest, math.ceil(lifetime / 60) * 60) if lifetime else longest
        columns: dict[str, Any] = {
            "algorithms": [jwt.alg],
            "max_lifetime": needed,
            "replay_policy": TrustedIssuer.ReplayPolicy.ONCE.value,
        }
        return columns, frozenset({"algorithms", "max_lifetime"})
    columns = {
        "profile": preset.profile,
        "key_source": preset.key_source,
        "algorithms": list(preset.algorithms) or [jwt.alg],
        "max_lifetime": preset.max_lifetime,
        "replay_policy": preset.replay_policy,
    }
    answers = _answers(preset, jwt.issuer)
    for name, template in preset.fields.items():
        texts = [template] if isinstance(template, str) else list(template)
        if all(part[1] in answers for text in texts for part in Formatter().parse(text) if part[1]):
            filled = [text.format_map(answers) for text in texts]
            columns[name] = filled[0] if isinstance(template, str) else filled
    return columns, frozenset() if preset.algorithms else frozenset({"algorithms"})


def _answers(preset: Preset, iss: str) -> dict[str, str]:
    """What ``iss`` answers of the questions of ``preset``."""
    if preset.issuer == "{issuer}":
        return {"issuer": iss}
    pattern = "".join(
        re.escape(text) + (f"(?P<{name}>[^/]+)" if name else "")
        for text, name, _spec, _conversion in Formatter().parse(preset.issuer)
    )
    found = re.fullmatch(pattern, iss)
    return found.groupdict() if found else {}


def _lifetime(claims: Mapping[str, Any]) -> int | None:
    """For how many seconds the JWT is valid, if it says so."""
    begin, end = (claims.get(name) for name in ("iat", "exp"))
    if not all(isinstance(time, int | float) and not isinstance(time, bool) for time in (begin, end)):
        return None
    seconds = float(end) - float(begin)  # type: ignore[arg-type]
    # The difference of two numbers that JSON can write may be infinite.
    return math.ceil(seconds) if 0 < seconds <= _LONGEST_LIFETIME else None


def _audiences(claims: Mapping[str, Any]) -> Iterator[str]:
    named = claims.get("aud")
    for name in named if isinstance(named, list) else [named]:
        if isinstance(name, str) and name:
            yield name


def _rule(claims: Mapping[str, Any], preset: Preset | None) -> dict[str, Any]:
    """The columns of the rule; no person is meant where nothing says so."""
    names = (claim_value(claims, name) for name in _NAMES)
    name = next((_visible(name) for name in names if isinstance(name, str) and _visible(name)), "")
    ref = claims.get("ref")
    suffix = f" {_visible(ref)}" if name and isinstance(ref, str) else ""
    rule: dict[str, Any] = {"name": f"{name}{suffix}"[:_LONGEST_NAME].strip()}
    if preset is None:
        return {**rule, "subject_policy": GrantRule.SubjectPolicy.NO_USER.value}
    return {
        **rule,
        "accepted_as": list(preset.accepted_as),
        "client_policy": preset.client_policy,
        "subject_policy": preset.subject_policy,
        "subject_claim": preset.subject_claim,
        "scope_claim": preset.scope_claim,
        "scope_claim_name": preset.scope_claim_name,
        "recorded_claims": list(preset.recorded_claims),
    }


def _visible(text: str) -> str:
    """``text`` without what cannot be seen, or turns the direction of the rest."""
    return "".join(mark for mark in text if mark.isprintable())


def _ascii(text: str) -> str:
    """``text`` with an escape for each letter of another alphabet, which may look like one of ASCII."""
    return text.encode("ascii", "backslashreplace").decode()


def _choices(claims: Mapping[str, Any], preset: Preset | None, pins: Sequence[Pin]) -> Iterator[Choice]:
    """The conditions of ``preset`` first, then what else could be one, and last what could not."""
    chosen = [*_of_preset(claims, preset)] if preset else []
    taken = {condition.claim for condition in chosen}
    others = [one for one in _met(claims, _walk(claims, (), 0)) if one.claim not in taken]
    yield from (Choice(condition, ticked=True) for condition in chosen)
    pinning = {one.claim for one in others if any(pin.is_met_by(one) for pin in pins)} or {"sub"}
    pinning = set() if chosen else pinning
    offered = [Choice(one, ticked=one.claim in pinning, volatile=_is_volatile(one.claim)) for one in others]
    yield from sorted(offered[:_MOST], key=lambda choice: (choice.volatile, not choice.ticked))


def _is_volatile(claim: str) -> bool:
    return claim in VOLATILE or claim.startswith("/cnf/")


def _of_preset(claims: Mapping[str, Any], preset: Preset) -> Iterator[Condition]:
    """The conditions of ``preset``, with the values of the JWT where it asks for them."""
    for template in preset.conditions:
        asked = any(isinstance(value, str) and "{" in value for value in template.values)
        if not asked:
            yield Condition(template.claim, Operator(template.operator), template.values)
        else:
            found = Condition(template.claim, Operator.EQUALS, (claim_value(claims, template.claim),))
            yield from _met(claims, [found])


def _met(claims: Mapping[str, Any], conditions: Iterator[Condition] | list[Condition]) -> Iterator[Condition]:
    """Those of ``conditions`` that can be stored, and that ``claims`` meet."""
    for condition in conditions:
        try:
            condition.check()
        except InvalidCondition:
            continue
        if len(condition.claim) <= 255 and condition.claim.isprintable() and condition.holds(claims):
            yield condition


def _walk(value: Any, path: tuple[str, ...], depth: int) -> Iterator[Condition]:
    """A condition for each value under ``path``: members of objects, and of lists."""
    if isinstance(value, dict):
        if depth < _DEEP:
            for name, member in value.items():
                yield from _walk(member, (*path, name), depth + 1)
    elif isinstance(value, list):
        scalars = [member for member in value if not isinstance(member, dict | list)]
        yield from (Condition(_claim(path), Operator.CONTAINS, (member,)) for member in scalars)
    else:
        yield Condition(_claim(path), Operator.EQUALS, (value,))


def _claim(path: tuple[str, ...]) -> str:
    """The claim at ``path``: its name, or a JSON Pointer (RFC 6901) where a name does not lead to it."""
    if len(path) == 1 and not path[0].startswith("/"):
        return path[0]
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in path)
