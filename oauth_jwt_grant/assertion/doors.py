"""The doors: the ways of presenting a JWT to the token endpoint, and the names of each."""

from __future__ import annotations

from enum import StrEnum


class TokenType(StrEnum):
    """The token types of a token exchange that have a meaning here (RFC 8693 section 3)."""

    ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a name, not a secret
    ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105 - a name, not a secret
    JWT = "urn:ietf:params:oauth:token-type:jwt"


class Door(StrEnum):
    """How a JWT is presented. The values are those of ``ACCEPTED_AS`` and ``accepted_as``."""

    #: RFC 7523 section 2.1.
    AUTHORIZATION_GRANT = "authorization_grant"
    #: RFC 8693, token exchange.
    SUBJECT_TOKEN = "subject_token"  # noqa: S105 - a name, not a secret
    #: RFC 7523 section 2.2, with a JWT that somebody else signed about the client: a federated credential.
    CLIENT_ASSERTION = "client_assertion"

    @property
    def grant_type(self) -> str:
        """The ``grant_type`` of its requests."""
        return _NAMES[self][0]

    @property
    def parameter(self) -> str:
        """The parameter that the JWT comes in."""
        return _NAMES[self][1]

    @property
    def constants(self) -> dict[str, str]:
        """The parameters of its requests that never change, beside ``grant_type``."""
        return _CONSTANTS[self]

    @property
    def error(self) -> str:
        """The answer to a JWT that is not accepted."""
        return _NAMES[self][2]

    @property
    def members(self) -> dict[str, str]:
        """What an answer with a token has beyond the members of RFC 6749 section 5.1."""
        # RFC 8693 section 2.2.1
        return {"issued_token_type": TokenType.ACCESS_TOKEN} if self is Door.SUBJECT_TOKEN else {}


_NAMES = {
    Door.AUTHORIZATION_GRANT: (
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion",
        "invalid_grant",  # RFC 7523 section 3.1
    ),
    Door.SUBJECT_TOKEN: (
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token",
        "invalid_request",  # RFC 8693 section 2.2.2
    ),
    Door.CLIENT_ASSERTION: (
        "client_credentials",
        "client_assertion",
        "invalid_client",  # RFC 7523 section 3.2
    ),
}
_CONSTANTS: dict[Door, dict[str, str]] = {
    Door.AUTHORIZATION_GRANT: {},
    Door.SUBJECT_TOKEN: {"subject_token_type": TokenType.JWT.value},
    # RFC 7523 section 2.2: no other type of client assertion is known.
    Door.CLIENT_ASSERTION: {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    },
}


def is_for(accepted_as: object, door: Door) -> bool:
    """Whether a rule with this ``accepted_as`` can match at ``door``; an empty list is the first door alone.

    What is no list, which only a row written past the form can have, opens no door.
    """
    if accepted_as in (None, "", (), [], {}):
        return door is Door.AUTHORIZATION_GRANT
    return isinstance(accepted_as, list | tuple) and door in accepted_as
