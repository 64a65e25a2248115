"""Why no key of an issuer serves a JWT, in words for an operator: key by key, the most likely one first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..assertion.jose import ALGORITHMS, PublicKey, describe
from ..assertion.wording import near_miss, shown, within
from .base import KeyStatus, LeftOut


def why_no_key(status: KeyStatus, header: Mapping[str, Any]) -> str:
    """Return why none of the keys that a source with ``status`` holds serves a JWT with ``header``."""
    alg, kid = str(header["alg"]), header.get("kid")
    entries = [(_unlike(kid, key.kid), f"{describe(key)} {_misfit(key, alg, kid)}") for key in status.keys]
    entries += [(_unlike(kid, left.kid), _left_out(left)) for left in status.left_out]
    entries.sort(key=lambda entry: entry[0])
    named = "without a kid" if kid is None else f"with kid {shown(kid)}"
    demand = f"a key for alg {shown(alg)} {named} must be there"
    if not entries:
        return f"{demand}; there is none at all{f': {status.last_error}' if status.last_error else ''}"
    return f"{demand}; {within((text for _, text in entries), 360)}"


def _unlike(kid: str | None, other: str | None) -> int:
    """How far ``other`` is from the wanted ``kid``: the sorting key."""
    if kid == other:
        return 0
    return 1 if other is not None and near_miss([other], kid) else 2


def _misfit(key: PublicKey, alg: str, kid: str | None) -> str:
    if kid is not None and key.kid != kid:
        near = near_miss([kid], key.kid)
        return f"has another key ID{f' ({near})' if near else ''}"
    if ALGORITHMS.get(alg) != (key.kty, key.crv):
        return "is of another kind"
    return f"is for alg {key.alg} alone"


def _left_out(left: LeftOut) -> str:
    name = "" if left.kid is None else f" {shown(left.kid)}"
    return f"published as number {left.position + 1}{name}, but left out: {left.why}"
