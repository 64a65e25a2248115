"""Why no key of an issuer serves a JWT, in words for an operator: key by key, the most likely one first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..assertion.jose import ALGORITHMS, PublicKey, describe
from ..assertion.texts import Joined, Text, _
from ..assertion.wording import near_miss, shown, with_near, within
from .base import KeyStatus, LeftOut


def why_no_key(status: KeyStatus, header: Mapping[str, Any]) -> Text:
    """Return why none of the keys that a source with ``status`` holds serves a JWT with ``header``."""
    alg, kid = str(header["alg"]), header.get("kid")
    entries: list[tuple[int, Text]] = [
        (_unlike(kid, key.kid), Joined(" ", (describe(key), _misfit(key, alg, kid)))) for key in status.keys
    ]
    entries += [(_unlike(kid, left.kid), _left_out(left)) for left in status.left_out]
    entries.sort(key=lambda entry: entry[0])
    if kid is None:
        demand = _("a key for alg {alg} without a kid must be there", alg=shown(alg))
    else:
        demand = _("a key for alg {alg} with kid {kid} must be there", alg=shown(alg), kid=shown(kid))
    if not entries:
        if status.last_error:
            return _("{demand}; there is none at all: {error}", demand=demand, error=status.last_error)
        return _("{demand}; there is none at all", demand=demand)
    return Joined("; ", (demand, within((entry[1] for entry in entries), 360)))


def _unlike(kid: str | None, other: str | None) -> int:
    """How far ``other`` is from the wanted ``kid``: the sorting key."""
    if kid == other:
        return 0
    return 1 if other is not None and near_miss([other], kid) else 2


def _misfit(key: PublicKey, alg: str, kid: str | None) -> Text:
    if kid is not None and key.kid != kid:
        return with_near(_("has another key ID"), near_miss([kid], key.kid))
    if ALGORITHMS.get(alg) != (key.kty, key.crv):
        return _("is of another kind")
    return _("is for alg {alg} alone", alg=key.alg)


def _left_out(left: LeftOut) -> Text:
    number, why = left.position + 1, left.why
    if left.kid is None:
        return _("published as number {number}, but left out: {why}", number=number, why=why)
    return _(
        "published as number {number} {kid}, but left out: {why}", number=number, kid=shown(left.kid), why=why
    )
