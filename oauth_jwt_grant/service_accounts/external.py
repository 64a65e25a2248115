"""Google's credential file ``external_account``: a workload exchanges a JWT of its platform (RFC 8693)."""

from __future__ import annotations

import re
from typing import Any

from ..assertion import Door, _, is_for
from ..conf import conf, issuer_identifier
from ..dot import AbstractApplication
from ..models import GrantRule, TrustedIssuer, written
from .names import ServiceAccountError, check_token_uri, default_token_uri

_DOOR = Door.SUBJECT_TOKEN


def external_account(issuer: TrustedIssuer, source: str, token_uri: str | None = None) -> dict[str, Any]:
    """The credential file of workloads that find JWTs of ``issuer`` at ``source``, a file or an http(s) URL.

    A confidential application's secret is not known here: its member is empty. Raises
    :class:`ServiceAccountError` if such a file cannot bring a token.
    """
    rule = _exchange_rule(issuer)
    if rule is None:
        raise ServiceAccountError(
            _(
                "no enabled rule of {issuer} accepts a {door}: see --accepted-as",
                issuer=issuer.issuer,
                door=_DOOR,
            )
        )
    if _DOOR not in conf.ACCEPTED_AS:
        raise ServiceAccountError(_("the setting ACCEPTED_AS leaves out {door}", door=_DOOR))
    uri = check_token_uri(token_uri or default_token_uri())
    audience = issuer_identifier()
    if audience is None:
        raise ServiceAccountError(_("the settings do not contain the issuer identifier of this server"))
    if not source.strip() or not source.isprintable():
        raise ServiceAccountError(_("not a file or URL to read a JWT from"), "source")
    return _credential_file(rule, source, uri, audience)


def _exchange_rule(issuer: TrustedIssuer) -> GrantRule | None:
    """The first enabled rule of ``issuer`` that is for token exchange."""
    rules = written(GrantRule).filter(issuer=issuer, enabled=True)
    return next((rule for rule in rules if is_for(rule.accepted_as, _DOOR)), None)


def _credential_file(rule: GrantRule, source: str, token_uri: str, audience: str) -> dict[str, Any]:
    """The content of the file, for the clients of ``rule``. The libraries always send an ``audience``."""
    return {
        "type": "external_account",
        "audience": audience,
        **_DOOR.constants,
        "token_url": token_uri,
        **_client_of(rule),
        "credential_source": {"url" if re.match("https?://", source, re.I) else "file": source},
    }


def _client_of(rule: GrantRule) -> dict[str, str]:
    """The client, which the libraries send as HTTP Basic; the first one that the rule lists."""
    if rule.client_policy == GrantRule.ClientPolicyChoices.ANONYMOUS:
        return {}
    application = rule.applications.order_by("client_id").first()
    if application is None:
        raise ServiceAccountError(_("rule {rule} lists no application", rule=rule))
    is_public = application.client_type == AbstractApplication.CLIENT_PUBLIC
    return {"client_id": application.client_id, **({} if is_public else {"client_secret": ""})}
