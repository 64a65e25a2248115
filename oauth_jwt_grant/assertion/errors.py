"""The reasons why an assertion does not become a token, and the answer for each.

Each :class:`Reason` is tied to the section that demands it, the OAuth error
it is answered with, and the only text that a client ever sees of it. What an
operator may see (expected and actual values) travels apart, in the steps of
:mod:`oauth_jwt_grant.assertion.steps`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from .doors import Door
from .texts import Joined, Text, as_text


class Reason(StrEnum):
    """Every way in which a request of this grant can end without a token."""

    MISSING_PARAMETER = "missing_parameter"
    REPEATED_PARAMETER = "repeated_parameter"
    MALFORMED_REQUEST = "malformed_request"
    REQUEST_TOO_LARGE = "request_too_large"
    NOT_A_FORM = "not_a_form"
    PARAMETER_IN_QUERY = "parameter_in_query"
    SEVERAL_CREDENTIALS = "several_credentials"
    CLIENT_AUTHENTICATION = "client_authentication"
    TOKEN_TYPE = "token_type"  # noqa: S105 - a name, not a secret
    ACTOR = "actor"
    AUTHORIZATION_DETAILS = "authorization_details"
    DPOP = "dpop"
    DPOP_PROOF = "dpop_proof"
    NOT_SET_UP = "not_set_up"

    TOO_LONG = "too_long"
    MALFORMED = "malformed"
    CRITICAL_HEADER = "critical_header"
    WRONG_TYPE = "wrong_type"
    ALGORITHM = "algorithm"

    UNKNOWN_ISSUER = "unknown_issuer"
    ISSUER_DISABLED = "issuer_disabled"
    ISSUER_NOT_YET_VALID = "issuer_not_yet_valid"
    ISSUER_EXPIRED = "issuer_expired"
    ISSUER_MISCONFIGURED = "issuer_misconfigured"
    NO_SUCH_KEY = "no_such_key"
    BAD_SIGNATURE = "bad_signature"
    KEYS_UNAVAILABLE = "keys_unavailable"

    MISSING_CLAIM = "missing_claim"
    MALFORMED_CLAIM = "malformed_claim"
    OWN_ISSUER = "own_issuer"
    AUDIENCE = "audience"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    ISSUED_IN_FUTURE = "issued_in_future"
    TOO_OLD = "too_old"
    ISSUED_BEFORE = "issued_before"
    LIFETIME = "lifetime"
    DELEGATION = "delegation"
    ID_TOKEN = "id_token"  # noqa: S105 - a name, not a secret
    SENDER_CONSTRAINED = "sender_constrained"
    PROOF_REQUIRED = "proof_required"
    PROOF_KEY = "proof_key"

    OTHER_CLIENT = "other_client"
    ISSUER_CONDITIONS = "issuer_conditions"
    NO_RULE = "no_rule"
    RULE_REFUSES = "rule_refuses"
    CLIENT_NOT_ADMITTED = "client_not_admitted"
    CLIENT_REQUIRED = "client_required"
    UNKNOWN_SUBJECT = "unknown_subject"
    INACTIVE_SUBJECT = "inactive_subject"
    PRIVILEGED_SUBJECT = "privileged_subject"
    SCOPE = "scope"
    RESOURCE = "resource"
    REPLAYED = "replayed"
    NOT_STORED = "not_stored"
    DATABASE_BUSY = "database_busy"
    DATABASES_DIFFER = "databases_differ"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to the client for one :class:`Reason`.

    ``text`` keeps to the characters that RFC 6749 section 5.2 allows. It may
    hold ``{name}``, which is only ever filled with the name of a parameter or
    claim that this package looked for, never with anything that was posted.
    """

    section: str
    error: str
    text: str
    status: int = 400


# One text for all reasons that reveal whether an issuer or a key is known here, also by which types and
# algorithms are accepted from it: whatever is found before the signature is verified. And one for
# those that reveal whether a subject is (RFC 7521 section 8.4: reveal only what is needed).
_UNVERIFIED = "The assertion could not be verified with the keys of a trusted issuer."
_NOT_ENTITLED = "The assertion does not entitle its bearer to a token here."

ANSWERS: dict[Reason, Answer] = {
    Reason.MISSING_PARAMETER: Answer(
        "RFC 7521 section 4.1", "invalid_request", "The parameter {name} is missing."
    ),
    Reason.REPEATED_PARAMETER: Answer(
        "RFC 6749 section 3.2", "invalid_request", "The parameter {name} is sent more than once."
    ),
    Reason.MALFORMED_REQUEST: Answer(
        "RFC 6749 section 4.5",
        "invalid_request",
        "The request body cannot be read: it has to be UTF-8 text in the format "
        "application/x-www-form-urlencoded.",
    ),
    Reason.REQUEST_TOO_LARGE: Answer(
        "RFC 6749 section 4.5",
        "invalid_request",
        "The request body is larger, or has more parameters, than this server reads.",
    ),
    Reason.NOT_A_FORM: Answer(
        "RFC 6749 section 4.5",
        "invalid_request",
        "The request body is not a form: send it as application/x-www-form-urlencoded, not as JSON or plain "
        "text.",
    ),
    Reason.PARAMETER_IN_QUERY: Answer(
        "RFC 6749 section 2.3.1", "invalid_request", "Parameters must be in the request body, not in the URL."
    ),
    Reason.SEVERAL_CREDENTIALS: Answer(
        "RFC 6749 section 2.3",
        "invalid_request",
        "The client must not authenticate in more than one way in one request.",
    ),
    Reason.CLIENT_AUTHENTICATION: Answer(
        "RFC 7523 section 3.1", "invalid_client", "Client authentication failed.", 401
    ),
    Reason.TOKEN_TYPE: Answer(
        "RFC 8693 section 2.1", "invalid_request", "The token type in the parameter {name} is not supported."
    ),
    Reason.ACTOR: Answer(
        "RFC 8693 section 2.1",
        "invalid_request",
        "Delegation is not supported: the parameter {name} must be left out.",
    ),
    Reason.AUTHORIZATION_DETAILS: Answer(
        "RFC 9396 section 5",
        "invalid_authorization_details",
        "Authorization details (authorization_details) are not supported.",
    ),
    Reason.DPOP: Answer(
        "RFC 9449 section 5",
        "invalid_request",
        "DPoP is not supported: the token would not be bound to the key of the proof.",
    ),
    Reason.DPOP_PROOF: Answer(
        "RFC 9449 section 4.3", "invalid_dpop_proof", "The DPoP proof is not accepted: {name}."
    ),
    Reason.NOT_SET_UP: Answer(
        "RFC 6749 section 5.2",
        "unsupported_grant_type",
        "This server is not set up for the grant type: its log says what is wrong.",
    ),
    Reason.TOO_LONG: Answer("RFC 8725 section 3.10", "invalid_grant", "The assertion is too long."),
    Reason.MALFORMED: Answer(
        "RFC 7523 section 3, item 10",
        "invalid_grant",
        "The assertion is not one signed JWT in compact serialization.",
    ),
    Reason.CRITICAL_HEADER: Answer(
        "RFC 7515 section 4.1.11",
        "invalid_grant",
        "The assertion has a critical header parameter that is not understood here.",
    ),
    Reason.WRONG_TYPE: Answer("RFC 8725 section 3.11", "invalid_grant", _UNVERIFIED),
    Reason.ALGORITHM: Answer("RFC 8725 section 3.1", "invalid_grant", _UNVERIFIED),
    Reason.UNKNOWN_ISSUER: Answer("RFC 7523 section 3, item 1", "invalid_grant", _UNVERIFIED),
    Reason.ISSUER_DISABLED: Answer("RFC 7523 section 3, item 1", "invalid_grant", _UNVERIFIED),
    Reason.ISSUER_NOT_YET_VALID: Answer("RFC 7523 section 3, item 1", "invalid_grant", _UNVERIFIED),
    Reason.ISSUER_EXPIRED: Answer("RFC 7523 section 3, item 1", "invalid_grant", _UNVERIFIED),
    Reason.ISSUER_MISCONFIGURED: Answer("RFC 7523 section 5", "invalid_grant", _UNVERIFIED),
    Reason.NO_SUCH_KEY: Answer("RFC 7515 section 5.2", "invalid_grant", _UNVERIFIED),
    Reason.BAD_SIGNATURE: Answer("RFC 7523 section 3, item 9", "invalid_grant", _UNVERIFIED),
    Reason.KEYS_UNAVAILABLE: Answer(
        "RFC 7523 section 5",
        "temporarily_unavailable",
        "The keys of the issuer of the assertion cannot be fetched at the moment. Try again later.",
        503,
    ),
    Reason.MISSING_CLAIM: Answer(
        "RFC 7523 section 3", "invalid_grant", "The assertion lacks the claim {name}."
    ),
    Reason.MALFORMED_CLAIM: Answer(
        "RFC 7523 section 3, item 10", "invalid_grant", "The claim {name} of the assertion is malformed."
    ),
    Reason.OWN_ISSUER: Answer(
        "RFC 8725 section 3.12",
        "invalid_grant",
        "The assertion names this authorization server as its own issuer (iss).",
    ),
    Reason.AUDIENCE: Answer(
        "RFC 7523 section 3, item 3",
        "invalid_grant",
        "The assertion is not addressed (aud) to this authorization server.",
    ),
    Reason.EXPIRED: Answer("RFC 7523 section 3, item 4", "invalid_grant", "The assertion has expired (exp)."),
    Reason.NOT_YET_VALID: Answer(
        "RFC 7523 section 3, item 5", "invalid_grant", "The assertion is not valid yet (nbf)."
    ),
    Reason.ISSUED_IN_FUTURE: Answer(
        "RFC 7523 section 3, item 6", "invalid_grant", "The assertion was issued in the future (iat)."
    ),
    Reason.TOO_OLD: Answer(
        "RFC 7523 section 3, item 6", "invalid_grant", "The assertion was issued too long ago (iat)."
    ),
    Reason.ISSUED_BEFORE: Answer(
        "RFC 7523 section 3, item 6",
        "invalid_grant",
        "The assertion must have been issued (iat) later: this server takes only newer ones of its issuer.",
    ),
    Reason.LIFETIME: Answer(
        "RFC 7523 section 3, item 4", "invalid_grant", "The assertion expires (exp) too far in the future."
    ),
    Reason.DELEGATION: Answer(
        "RFC 8693 section 1.1",
        "invalid_grant",
        "The assertion is delegated ({name}), which is not supported here.",
    ),
    Reason.ID_TOKEN: Answer(
        "RFC 8725 section 3.12",
        "invalid_grant",
        "The assertion is an ID Token: the claim {name} belongs to another kind of JWT.",
    ),
    Reason.SENDER_CONSTRAINED: Answer(
        "RFC 7800 section 3",
        "invalid_grant",
        "The assertion is bound to a key (cnf), which is not supported here.",
    ),
    Reason.PROOF_REQUIRED: Answer(
        "RFC 9449 section 5",
        "invalid_grant",
        "The assertion gives tokens only for a key: a DPoP proof of it is needed.",
    ),
    Reason.PROOF_KEY: Answer(
        "RFC 9449 section 6.1",
        "invalid_grant",
        "The DPoP proof is not made with the key that the assertion is bound to (cnf).",
    ),
    Reason.OTHER_CLIENT: Answer(
        "ID-JAG section 4.4.1", "invalid_grant", "The assertion was issued to another client (client_id)."
    ),
    Reason.ISSUER_CONDITIONS: Answer("RFC 7523 section 3.1", "invalid_grant", _NOT_ENTITLED),
    Reason.NO_RULE: Answer("RFC 7523 section 3.1", "invalid_grant", _NOT_ENTITLED),
    Reason.RULE_REFUSES: Answer("RFC 7523 section 3.1", "invalid_grant", _NOT_ENTITLED),
    Reason.CLIENT_NOT_ADMITTED: Answer(
        "RFC 6749 section 5.2", "unauthorized_client", "This client may not use the assertion of this issuer."
    ),
    Reason.CLIENT_REQUIRED: Answer(
        "RFC 7523 section 3.1", "invalid_client", "Client authentication is needed for this assertion.", 401
    ),
    Reason.UNKNOWN_SUBJECT: Answer("RFC 7523 section 3, item 2", "invalid_grant", _NOT_ENTITLED),
    Reason.INACTIVE_SUBJECT: Answer("RFC 7523 section 3, item 2", "invalid_grant", _NOT_ENTITLED),
    Reason.PRIVILEGED_SUBJECT: Answer("RFC 7523 section 3, item 2", "invalid_grant", _NOT_ENTITLED),
    Reason.SCOPE: Answer(
        "RFC 7521 section 4.1", "invalid_scope", "The requested scope is malformed or beyond what is allowed."
    ),
    Reason.RESOURCE: Answer(
        "RFC 8707 section 2", "invalid_target", "The requested resource is malformed or not allowed."
    ),
    Reason.REPLAYED: Answer(
        "RFC 7523 section 3, item 7", "invalid_grant", "The assertion has been used before."
    ),
    Reason.NOT_STORED: Answer(
        "RFC 7521 section 4.1",
        "invalid_grant",
        "The assertion has a value that this server cannot store, or leads to one.",
    ),
    Reason.DATABASE_BUSY: Answer(
        "RFC 7523 section 3, item 7",
        "temporarily_unavailable",
        "The server could not find out in time whether the assertion has been used before. Try again.",
        503,
    ),
    Reason.DATABASES_DIFFER: Answer(
        "RFC 7523 section 3, item 7",
        "temporarily_unavailable",
        "The server is not set up to issue this token. Try again later.",
        503,
    ),
}


#: Answered alike where the assertion authenticates the client: nobody learns whom this server trusts.
_SILENT_OF_CLIENTS = frozenset(
    {
        Reason.TOO_LONG,
        Reason.MALFORMED,
        Reason.CRITICAL_HEADER,
        Reason.WRONG_TYPE,
        Reason.ALGORITHM,
        Reason.OTHER_CLIENT,
        *(reason for reason, answer in ANSWERS.items() if answer.text in (_UNVERIFIED, _NOT_ENTITLED)),
    }
)


def answer_at(door: Door, reason: Reason, name: str = "") -> Answer:
    """Return the answer for ``reason`` at ``door``; the table has that of the authorization grant.

    ``name`` is what the reason is about: ``iss`` is read before any signature is verified.
    """
    answer = ANSWERS[reason]
    if answer.error != Door.AUTHORIZATION_GRANT.error or door is Door.AUTHORIZATION_GRANT:
        return answer
    if door is Door.CLIENT_ASSERTION and (reason in _SILENT_OF_CLIENTS or name == "iss"):
        return replace(ANSWERS[Reason.CLIENT_AUTHENTICATION], section=answer.section)
    return replace(answer, error=door.error, status=401 if door is Door.CLIENT_ASSERTION else 400)


class NotGranted(Exception):
    """No token for this request: the base of both verdicts that grant nothing.

    ``name`` is the parameter or claim that ``reason`` is about, as this package
    spells it. ``detail`` is only for operators and never part of an answer.
    """

    def __init__(self, reason: Reason, name: str = "", detail: str = "") -> None:
        super().__init__(f"{reason}: {detail or name}" if detail or name else str(reason))
        self.reason = reason
        self.name = name
        #: A site's own resolver may refuse with any string, which then is the same in each language.
        self.detail = as_text(detail)

    @property
    def answer(self) -> Answer:
        """The row of :data:`ANSWERS` for this refusal."""
        return ANSWERS[self.reason]

    @property
    def explanation(self) -> Text:
        """Name and detail in one text, as an operator reads it on pages, in commands and in decisions."""
        return Joined(" ", filter(None, (self.name, self.detail)))

    @property
    def public_text(self) -> str:
        """The text of the answer: the name of the claim or check, never its value."""
        return self.answer_at(Door.AUTHORIZATION_GRANT).text

    def answer_at(self, door: Door) -> Answer:
        """The answer at ``door``, its text with the name of the claim or check, never with a value."""
        answer = answer_at(door, self.reason, self.name)
        return replace(answer, text=answer.text.format(name=self.name))


class AssertionRefused(NotGranted):
    """The verdict "refused": the same request will be refused again."""


class Undecided(NotGranted):
    """The verdict "could not decide".

    The assertion is not at fault and stays usable. The answer asks the client to try again after
    ``retry_after`` seconds.
    """

    def __init__(self, reason: Reason, detail: str = "", *, retry_after: int) -> None:
        super().__init__(reason, detail=detail)
        self.retry_after = retry_after


class KeysUnavailable(Undecided):
    """The issuer's keys cannot be fetched."""

    def __init__(self, detail: str = "", *, retry_after: int = 30) -> None:
        super().__init__(Reason.KEYS_UNAVAILABLE, detail, retry_after=retry_after)


class DatabaseBusy(Undecided):
    """The database stored neither token nor decision: it gave up waiting for a lock, or was not there."""

    def __init__(self) -> None:
        super().__init__(Reason.DATABASE_BUSY, retry_after=1)


class DatabasesDiffer(Undecided):
    """Rows of one transaction are written to different databases. Only an operator can correct that."""

    def __init__(self, detail: str) -> None:
        super().__init__(Reason.DATABASES_DIFFER, detail, retry_after=30)
