"""The reasons of decisions, in words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from ...assertion import Reason

REASONS: dict[str, Any] = {
    Reason.MISSING_PARAMETER: _("missing parameter"),
    Reason.REPEATED_PARAMETER: _("repeated parameter"),
    Reason.MALFORMED_REQUEST: _("malformed request"),
    Reason.REQUEST_TOO_LARGE: _("request too large"),
    Reason.NOT_A_FORM: _("not a form"),
    Reason.PARAMETER_IN_QUERY: _("parameter in query"),
    Reason.SEVERAL_CREDENTIALS: _("several credentials"),
    Reason.CLIENT_AUTHENTICATION: _("client authentication"),
    Reason.TOKEN_TYPE: _("token type"),
    Reason.ACTOR: _("actor"),
    Reason.AUTHORIZATION_DETAILS: _("authorization details"),
    Reason.DPOP: _("DPoP"),
    Reason.DPOP_PROOF: _("DPoP proof"),
    Reason.NOT_SET_UP: _("not set up"),
    Reason.TOO_LONG: _("too long"),
    Reason.MALFORMED: _("malformed"),
    Reason.CRITICAL_HEADER: _("critical header"),
    Reason.WRONG_TYPE: _("wrong type"),
    Reason.ALGORITHM: _("algorithm"),
    Reason.UNKNOWN_ISSUER: _("unknown issuer"),
    Reason.ISSUER_DISABLED: _("issuer disabled"),
    Reason.ISSUER_NOT_YET_VALID: _("issuer not yet valid"),
    Reason.ISSUER_EXPIRED: _("issuer expired"),
    Reason.ISSUER_MISCONFIGURED: _("issuer misconfigured"),
    Reason.NO_SUCH_KEY: _("no such key"),
    Reason.BAD_SIGNATURE: _("bad signature"),
    Reason.KEYS_UNAVAILABLE: _("keys unavailable"),
    Reason.MISSING_CLAIM: _("missing claim"),
    Reason.MALFORMED_CLAIM: _("malformed claim"),
    Reason.OWN_ISSUER: _("own issuer"),
    Reason.AUDIENCE: _("audience"),
    Reason.EXPIRED: _("expired"),
    Reason.NOT_YET_VALID: _("not yet valid"),
    Reason.ISSUED_IN_FUTURE: _("issued in future"),
    Reason.TOO_OLD: _("too old"),
    Reason.ISSUED_BEFORE: _("issued before"),
    Reason.LIFETIME: _("lifetime"),
    Reason.DELEGATION: _("delegation"),
    Reason.ID_TOKEN: _("ID Token"),
    Reason.SENDER_CONSTRAINED: _("sender constrained"),
    Reason.PROOF_REQUIRED: _("proof required"),
    Reason.PROOF_KEY: _("proof key"),
    Reason.OTHER_CLIENT: _("other client"),
    Reason.ISSUER_CONDITIONS: _("issuer conditions"),
    Reason.NO_RULE: _("no rule"),
    Reason.RULE_REFUSES: _("rule refuses"),
    Reason.CLIENT_NOT_ADMITTED: _("client not admitted"),
    Reason.CLIENT_REQUIRED: _("client required"),
    Reason.UNKNOWN_SUBJECT: _("unknown subject"),
    Reason.INACTIVE_SUBJECT: _("inactive subject"),
    Reason.PRIVILEGED_SUBJECT: _("privileged subject"),
    Reason.SCOPE: _("scope"),
    Reason.RESOURCE: _("resource"),
    Reason.REPLAYED: _("replayed"),
    Reason.NOT_STORED: _("not stored"),
    Reason.DATABASE_BUSY: _("database busy"),
    Reason.DATABASES_DIFFER: _("databases differ"),
}


def reason_in_words(reason: str) -> str:
    """Return what ``reason`` is called; a reason of another release as it is stored."""
    return str(REASONS.get(reason, reason))
