"""The grant as oauthlib sees it: parameters, the client's credentials, the answer.

The grants of the other doors (``door_grants``) extend it.

Of the site it asks only ``self.request_validator``, and of that three things beyond oauthlib's own:
``jwt_bearer_doors``, which says what doors are open, ``decide_jwt_bearer_assertion(request)`` and
``issue_jwt_bearer_token(token, terms, request)``. Others, such as
``authenticate_jwt_bearer_client``, are optional. No other library has such names, so no class of theirs can
stand in for ours by accident.

``oauthlib.common.Request`` answers for every attribute that is not set with the posted
parameter of that name. So parameters are read from the decoded body, never as
attributes, and ``client`` and ``user`` are set before anything reads them.
"""

from __future__ import annotations

import base64
import binascii
import copy
import json
import logging
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from inspect import isfunction
from typing import Any, ClassVar, cast
from urllib.parse import unquote_plus

from oauthlib.common import Request
from oauthlib.oauth2.rfc6749 import errors
from oauthlib.oauth2.rfc6749.grant_types.base import GrantTypeBase

from .assertion import AssertionRefused, Door, NotGranted, Reason, Undecided, verbatim

GRANT_TYPE = Door.AUTHORIZATION_GRANT.grant_type

#: Where a :class:`Call` stands among oauthlib's headers. No header of a client has such a name or value.
CALL = "oauth_jwt_grant.call"

#: RFC 7521 section 4.2: present, they are credentials of a client.
CLIENT_ASSERTION = frozenset({"client_assertion", "client_assertion_type"})
_DOORS = {door.grant_type: door for door in Door}

logger = logging.getLogger("oauth_jwt_grant.wiring")

# The methods of these libraries that we override do not call super(): what stands behind them never runs.
_LIBRARIES = frozenset({"oauthlib", "oauth2_provider"})
_ISSUE = "issue_jwt_bearer_token"

# Any other name is of the caller's own making and does not come back in an answer.
_PLAIN_NAME = re.compile(r"[a-z_]{1,40}", re.ASCII)


class JWTBearerError(errors.OAuth2Error):  # type: ignore[misc]
    """A refusal as the token endpoint answers it (RFC 6749 section 5.2).

    Carries nothing of the request, so nothing that was posted comes back.
    """

    def __init__(
        self, refused: NotGranted, door: Door = Door.AUTHORIZATION_GRANT, *, challenge: bool = False
    ) -> None:
        answer = refused.answer_at(door)
        self.error = answer.error
        self.refused = refused
        self._challenge = challenge
        super().__init__(description=answer.text, status_code=answer.status)

    @property
    def headers(self) -> dict[str, str]:
        """What this answer needs beyond the headers of every answer."""
        if isinstance(self.refused, Undecided):
            return {"Retry-After": str(self.refused.retry_after)}
        if self._challenge:
            # RFC 6749 section 5.2: the scheme that the client has used.
            return {"WWW-Authenticate": 'Basic realm="token endpoint", charset="UTF-8"'}
        return {}


@dataclass(slots=True)
class Call:
    """One request at ``door`` on its way from our token view, by our backend, to the grant.

    ``posted`` is set by the ``backend``: the parameters as they were posted. ``tokens`` are the rows that
    were saved. ``own``: the JWT is the client's own, and the grant that was there before answers, with a
    token that is bound to the key with the thumbprint ``proof_key`` if there is one (RFC 9449).
    """

    posted: list[tuple[str, str]] | None = field(default=None, repr=False)
    backend: str = ""
    tokens: list[Any] = field(default_factory=list)
    door: Door = Door.AUTHORIZATION_GRANT
    own: bool = False
    proof_key: str | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a token has to be: the request validator's decision.

    ``expires_in`` is in seconds; ``None`` means the server's default.
    """

    scope: str
    expires_in: int | None = None

    def violation(self, token: Mapping[str, Any]) -> str | None:
        """Return in what ``token``, the members of an answer, differs from these terms, or ``None``."""
        if token.get("refresh_token") or token.get("id_token"):
            return "the token comes with a refresh token or an ID token"
        if token.get("scope") != self.scope:
            return "the token has another scope than was decided"
        if self.expires_in is not None and token.get("expires_in") != self.expires_in:
            return "the token has another lifetime than was decided"
        return None


@dataclass(frozen=True, slots=True)
class Credentials:
    """The client parameters of a request; empty strings count as not sent (RFC 6749 section 3.2)."""

    client_id: str
    secret: str = field(repr=False)
    in_header: bool


class JWTBearerGrant(GrantTypeBase):  # type: ignore[misc]
    """``grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer``, and what the grants of all doors share.

    A request that is not for its door, or comes while it is closed, goes to the handler ``otherwise``.
    """

    door: ClassVar = Door.AUTHORIZATION_GRANT
    required: ClassVar[Collection[str]] = ("assertion",)
    #: RFC 8707 section 2: the one parameter that may be sent more than once.
    repeatable: ClassVar[Collection[str]] = frozenset({"resource"})

    def __init__(self, request_validator: Any = None, otherwise: Any = None, **kwargs: Any) -> None:
        super().__init__(request_validator, **kwargs)
        self._otherwise = otherwise

    def create_token_response(self, request: Request, token_handler: Any) -> tuple[dict[str, str], str, int]:
        """Answer a token request: headers, JSON body and status.

        The token is an ordinary one of ``token_handler``'s, never with a refresh token
        (RFC 7521 section 4.1): the next assertion brings the next token.
        """
        if self._otherwise is not None and not self._is_for(request):
            answer: tuple[dict[str, str], str, int] = self._otherwise.create_token_response(
                request, token_handler
            )
            return answer
        headers: dict[str, str] = self._get_default_headers()
        try:
            terms = self.validate_token_request(request)
            if terms.expires_in is None:
                default = token_handler.expires_in
                terms = replace(terms, expires_in=default(request) if callable(default) else default)
            token = self._create_token(request, token_handler, terms)
            self.request_validator.issue_jwt_bearer_token(token, terms, request)
        except errors.OAuth2Error as error:
            headers.update(error.headers)
            return headers, error.json, error.status_code
        return headers, json.dumps(token), 200

    def _is_for(self, request: Request) -> bool:
        """Whether this grant answers ``request``. A validator that names no doors knows the first alone."""
        opened = getattr(self.request_validator, "jwt_bearer_doors", (Door.AUTHORIZATION_GRANT,))
        return door_of_request(request, opened) is self.door

    def validate_token_request(self, request: Request) -> Terms:
        """Check the whole request; returns what the token has to be."""
        fault = self._fault(request)
        if fault is not None:
            raise JWTBearerError(not_set_up(fault))
        request.client = None
        request.user = None
        for validator in self.custom_validators.pre_token:
            validator(request)
        parameters = self._read_parameters(request)
        self._check_parameters(parameters)
        try:
            self._identify_client(request, parameters)
        except JWTBearerError as error:
            note = getattr(self.request_validator, "note_jwt_bearer_client_refused", None)
            if note is not None:
                note(error.refused, request)
            raise
        if request.client is not None:
            self.validate_grant_type(request)
        terms = self.request_validator.decide_jwt_bearer_assertion(request)
        # For example, True is not a decision.
        if not isinstance(terms, Terms):
            name = f"{type(self.request_validator).__qualname__}.decide_jwt_bearer_assertion"
            raise JWTBearerError(not_set_up(f"{name} returned {type(terms).__name__}, not Terms"))
        for validator in self.custom_validators.post_token:
            validator(request)
        return terms

    def _read_parameters(self, request: Request) -> Mapping[str, str]:
        """The posted parameters, each once and none of them empty.

        RFC 6749 section 3.2: a parameter without a value is as good as omitted, and none but
        the ``repeatable`` may come twice. Raises :class:`JWTBearerError`.
        """
        if request.decoded_body is None:
            raise refusal(Reason.MALFORMED_REQUEST)
        parameters: dict[str, str] = {}
        seen: set[str] = set()
        for name, value in request.decoded_body:
            if name in seen and name not in self.repeatable:
                raise refusal(
                    Reason.REPEATED_PARAMETER, name if _PLAIN_NAME.fullmatch(name) else "in question"
                )
            seen.add(name)
            if value:
                parameters[name] = value
        for name in self.required:
            if name not in parameters:
                raise refusal(Reason.MISSING_PARAMETER, name)
        if "authorization_details" in parameters:
            raise refusal(Reason.AUTHORIZATION_DETAILS)
        return cast(Mapping[str, str], _Posted(parameters))

    def _fault(self, request: Request) -> str | None:
        """Why this site's classes keep the grant from its work, or ``None``."""
        fault: str | None = _fault_of_call(request) or _fault_of(self.request_validator.__class__)
        return fault

    def validate_grant_type(self, request: Request) -> None:
        """Check that the client may use this grant at all (RFC 6749 section 5.2).

        As oauthlib's own, whose answer would give the posted ``state`` back.
        """
        allowed = self.request_validator.validate_grant_type(
            request.client_id, self.door.grant_type, request.client, request
        )
        if not allowed:
            raise refusal(Reason.CLIENT_NOT_ADMITTED)

    def _create_token(self, request: Request, token_handler: Any, terms: Terms) -> Any:
        # A token generator may write the lifetime into the token, so the handler has it before.
        token_handler = copy.copy(token_handler)
        token_handler.expires_in = terms.expires_in
        token = token_handler.create_token(request, refresh_token=False)
        for modifier in self._token_modifiers:
            token = modifier(token)
        return token

    def _check_parameters(self, parameters: Mapping[str, str]) -> None:
        """Check what only this door asks of its parameters. Raises :class:`JWTBearerError`."""

    def _identify_client(self, request: Request, parameters: Mapping[str, str]) -> None:
        """RFC 7523 section 3.1: a client is optional, but credentials that are present are checked.

        Sets ``request.client`` if there is one.
        """
        if not CLIENT_ASSERTION.isdisjoint(parameters):
            self._authenticate_by_assertion(request, parameters)
            return
        credentials = read_credentials(request, parameters)
        if credentials is None:
            return
        authentic = self._is_authentic(credentials, request)
        # A validator of the site may return True without setting the client.
        if not authentic or getattr(request.client, "client_id", None) != credentials.client_id:
            raise refusal(Reason.CLIENT_AUTHENTICATION, challenge=credentials.in_header)

    def _authenticate_by_assertion(self, request: Request, parameters: Mapping[str, str]) -> None:
        """RFC 7523 section 2.2: a JWT of the client's own, if the request validator can check one.

        Ignored it would leave a request with credentials unchecked. It is the only authentication, and
        another JWT than the grant.
        """
        in_header = bool(request.headers.get("Authorization"))
        client_id, grant = parameters.get("client_id"), parameters[self.door.parameter]
        check = getattr(self.request_validator, "authenticate_jwt_bearer_client", None)
        alone = set(parameters) >= CLIENT_ASSERTION and "client_secret" not in parameters and not in_header
        authentic = False
        if check is not None and alone:
            # As for a secret: the validator gets what was read here.
            request.client_id, request.client_secret, request.encoding = client_id, None, "utf-8"
            authentic = check(parameters["client_assertion"], grant, request)
        found = getattr(request.client, "client_id", None)
        if not authentic or found is None or client_id not in (None, found):
            raise refusal(Reason.CLIENT_AUTHENTICATION, challenge=in_header)
        request.client_id = found

    def _is_authentic(self, credentials: Credentials, request: Request) -> bool:
        """Whether the client is authenticated; without a secret, only a public client is."""
        # A validator that asks for these as attributes gets what was read here, not what was posted.
        request.client_id, request.client_secret = credentials.client_id, credentials.secret
        request.encoding = "utf-8"
        validator = self.request_validator
        if credentials.secret:
            return bool(validator.authenticate_client(request))
        return bool(validator.authenticate_client_id(credentials.client_id, request))


def door_of(grant_type: object, names: Collection[str], opened: Collection[str]) -> Door | None:
    """The door among those ``opened`` for which a request is; ``names`` are those of its parameters."""
    door = _DOORS.get(grant_type) if isinstance(grant_type, str) else None
    if door is None or door not in opened:
        return None
    return None if door is Door.CLIENT_ASSERTION and CLIENT_ASSERTION.isdisjoint(names) else door


def door_of_request(request: Request, opened: Collection[str]) -> Door | None:
    """The door among those ``opened`` for which oauthlib's ``request`` is."""
    names = [name for name, value in request.decoded_body or () if value]
    return door_of(request.grant_type, names, opened)


def call_of(request: Request) -> Call | None:
    """The call that ``request`` belongs to, or ``None`` if another view or backend than ours has it."""
    call = request.headers.get(CALL)
    return call if isinstance(call, Call) else None


class _Posted:
    """Posted parameters that show none of themselves: error reports take mappings apart, and this is none."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def get(self, name: str, default: Any = None) -> Any:
        return self._values.get(name, default)


def read_credentials(request: Request, parameters: Mapping[str, str]) -> Credentials | None:
    """Return the credentials of the client in the request, or ``None`` if there are none.

    RFC 6749 section 2.3: one way of authentication in a request. The same ``client_id``
    may stand beside the header. Raises :class:`JWTBearerError` for credentials that
    cannot even be read.
    """
    header = request.headers.get("Authorization") or ""
    client_id, secret = parameters.get("client_id", ""), parameters.get("client_secret", "")
    if header:
        if secret:
            raise refusal(Reason.SEVERAL_CREDENTIALS)
        credentials = _read_basic(header)
        if credentials is None or client_id not in ("", credentials.client_id):
            raise refusal(Reason.CLIENT_AUTHENTICATION, challenge=True)
    elif client_id or secret:
        credentials = Credentials(client_id, secret, in_header=False)
    else:
        return None
    # RFC 6749 appendix A.1; some databases raise for NUL.
    if not credentials.client_id or not credentials.client_id.isprintable():
        raise refusal(Reason.CLIENT_AUTHENTICATION, challenge=credentials.in_header)
    return credentials


def _read_basic(header: str) -> Credentials | None:
    """Client id and secret of a Basic header (RFC 6749 section 2.3.1), or ``None`` if it is none."""
    scheme, _, value = header.partition(" ")
    # RFC 9110 section 11.1: in any case.
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return Credentials(unquote_plus(user), unquote_plus(password), in_header=True) if colon else None


def refusal(reason: Reason, name: str = "", *, challenge: bool = False) -> JWTBearerError:
    """Return the error that answers a request which is refused before a decision."""
    return JWTBearerError(AssertionRefused(reason, name), challenge=challenge)


def not_set_up(fault: str) -> AssertionRefused:
    """Return the refusal for a site whose classes keep the grant from its work; ``fault`` goes to the log."""
    logger.error("No token is issued: %s.", fault)
    return AssertionRefused(Reason.NOT_SET_UP, detail=verbatim(fault))


def shadowed_methods(configured: type, ours: type) -> dict[str, type]:
    """Return the methods of ``ours`` that a class of a library supplies to ``configured`` instead, and which.

    A class of the site's own may stand before ``ours``: whether it calls ``super()`` cannot be seen here.
    """
    before = configured.__mro__[: configured.__mro__.index(ours)]
    libraries = [base for base in before if base.__module__.partition(".")[0] in _LIBRARIES]
    names = [name for name, value in vars(ours).items() if isfunction(value)]
    return {name: base for name in names for base in reversed(libraries) if name in vars(base)}


def reordered(configured: type, ours: type) -> str:
    """Return the line of the class whose bases are in the wrong order, with ``ours`` first."""
    wrong = next(
        base
        for base in reversed(configured.__mro__)
        if issubclass(base, ours) and shadowed_methods(base, ours)
    )
    bases = sorted(wrong.__bases__, key=lambda base: not issubclass(base, ours))
    return f"class {wrong.__name__}({', '.join(base.__name__ for base in bases)}): ..."


def _fault_of_call(request: Request) -> str | None:
    """Why ``request`` may not be what was posted, or may have been received in a transaction, or ``None``."""
    call = call_of(request)
    if call is None:
        return (
            f"a request to {request.uri.partition('?')[0]} did not come through our token view: "
            'path("o/", include("oauth_jwt_grant.endpoints")) has to stand before the URLs of '
            "django-oauth-toolkit, and JWTBearerTokenViewMixin first among the bases of a token view of the "
            "site's own. If so, JWTBearerBackendMixin has to be first among the bases of the backend, which "
            "has to call super()"
        )
    if call.posted is None:
        return f"create_token_response() of JWTBearerBackendMixin did not run: {call.backend} has to call it"
    if request.decoded_body is not None and list(request.decoded_body) != call.posted:
        return f"{call.backend}.extract_body() changes what was posted: it has to call super()"
    return None


@cache
def _fault_of(validator: type) -> str | None:
    """Why no validator of this class can decide, as far as the class shows it, or ``None``.

    Not left to the system checks alone: a server in production never runs them.
    """
    ours = [base for base in validator.__mro__ if _ISSUE in vars(base)]
    if not ours:
        return f"{validator.__qualname__} lacks {_ISSUE}(): OAUTH2_VALIDATOR_CLASS has to extend our mixin"
    shadowed = shadowed_methods(validator, ours[-1])
    if not shadowed:
        return None
    suppliers = ", ".join(f"{base.__qualname__}.{name}" for name, base in shadowed.items())
    return f"{suppliers} run instead of ours; write {reordered(validator, ours[-1])}"
