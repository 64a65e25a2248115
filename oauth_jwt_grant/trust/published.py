"""What the metadata of this server says of the trust: which doors are open to anybody at all (RFC 8414)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef

from ..assertion import Door, is_for
from ..conf import conf
from ..dot import AbstractApplication, get_application_model
from ..models import GrantRule, TrustedIssuer
from .terms import trusted_at


@dataclass(frozen=True, slots=True)
class Published:
    """The ``doors`` that an enabled rule of a trusted issuer is for, and what clients need there.

    ``id_jag``: ID-JAGs are accepted; ``none``: some client needs no credentials; ``algorithms``: what JWTs
    that authenticate a client may be signed with.
    """

    doors: frozenset[Door]
    id_jag: bool
    none: bool
    algorithms: tuple[str, ...]


def published_at(now: datetime) -> Published:
    """Return what may be published of the trust at ``now``: one statement, of which equal rows are one."""
    opened = [(door, row) for row in _rows(now) for door in Door if _is_open(door, row)]
    clients = [row for door, row in opened if door is Door.CLIENT_ASSERTION]
    return Published(
        doors=frozenset(door for door, _ in opened),
        id_jag=any(_is_id_jag(row) for _, row in opened),
        none=any(_needs_no_credentials(row) for door, row in opened if door is not Door.CLIENT_ASSERTION),
        algorithms=tuple(name for name in conf.ALGORITHMS if any(_signs(row, name) for row in clients)),
    )


def _rows(now: datetime) -> Iterator[dict[str, Any]]:
    public = get_application_model()._default_manager.filter(client_type=AbstractApplication.CLIENT_PUBLIC)
    rules = GrantRule.objects.filter(trusted_at(now, "issuer__"), enabled=True).annotate(
        lists_public=Exists(public.filter(jwt_bearer_rules=OuterRef("pk")))
    )
    columns = ("accepted_as", "client_policy", "subject_policy", "default_application", "lists_public")
    yield from rules.order_by().values(*columns, "issuer__profile", "issuer__algorithms").distinct()


def _is_open(door: Door, row: dict[str, Any]) -> bool:
    if door not in conf.ACCEPTED_AS or not is_for(row["accepted_as"], door):
        return False
    if door is Door.CLIENT_ASSERTION:
        names_nobody = row["subject_policy"] == GrantRule.SubjectPolicy.NO_USER
        return names_nobody and row["default_application"] is not None and not _is_id_jag(row)
    return not _is_id_jag(row) or door is Door.AUTHORIZATION_GRANT


def _signs(row: dict[str, Any], algorithm: str) -> bool:
    named = row["issuer__algorithms"]
    return not named or (isinstance(named, list) and algorithm in named)


def _is_id_jag(row: dict[str, Any]) -> bool:
    return bool(row["issuer__profile"] == TrustedIssuer.Profile.ID_JAG)


def _needs_no_credentials(row: dict[str, Any]) -> bool:
    """Whether clients are admitted that are anonymous, which no ID-JAG is for, or have no secret."""
    policies = GrantRule.ClientPolicyChoices
    if row["client_policy"] == policies.LISTED:
        return bool(row["lists_public"])
    return row["client_policy"] == policies.ANONYMOUS and not _is_id_jag(row)
