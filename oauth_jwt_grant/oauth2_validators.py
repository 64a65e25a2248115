"""The bridge between oauthlib's grant, DOT's tokens and our decisions."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from django.db import DatabaseError, Error
from django.dispatch import Signal
from django.http import HttpRequest
from django.utils import timezone
from oauthlib.common import Request

from . import subjects
from .assertion import AssertionRefused, Door, NotGranted, Reason, TokenType, client_of, may_authenticate
from .conf import conf, is_own_identifier, server_audiences
from .database import is_incomparable
from .decision import (
    Case,
    Permission,
    Question,
    decide,
    log_accepted,
    log_client_refused,
    log_refused,
    record,
)
from .dot import HAS_ROLES, OAuth2Validator
from .dpop import (
    HEADER,
    Proof,
    ProofUndecided,
    as_proven,
    bound_resource,
    check_proof,
    is_first_use,
    own_urls,
    proven,
    token_endpoint_urls,
    undecided,
)
from .grant import Call, JWTBearerError, Terms, call_of, door_of, door_of_request, not_set_up
from .models import Decision
from .signals import assertion_accepted, assertion_refused
from .trust import find_application, signs_for_itself

# Read and written through vars() alone: as an attribute it could be a posted parameter.
_STATE = "_oauth_jwt_grant"

_NO_DECISION = "a token was saved without its decision"
# What a site may have overridden on the way of a token into the database.
_SAVING = ("save_token", "save_bearer_token", "_save_bearer_token", "_create_access_token")
# How far clocks may be set back while a token is saved.
_CLOCK_STEP = timedelta(seconds=1)


@dataclass(slots=True)
class _State:
    """What one request of this grant carries from its decision to its token."""

    case: Case
    permission: Permission
    decided: datetime = field(default_factory=timezone.now)
    terms: Terms | None = None
    user: Any = None
    resource: list[str] = field(default_factory=list)
    decision: Decision | None = None
    #: Our guard in DOT's transaction has passed the token.
    is_guarded: bool = False
    #: And the transaction has been committed.
    is_saved: bool = False


def _state_of(request: Request) -> _State | None:
    """The state of ``request``, or ``None`` if it is of another grant."""
    state: _State | None = vars(request).get(_STATE)
    return state


class JWTBearerValidatorMixin:
    """Adds the grants of this app to a DOT validator; put it before ``OAuth2Validator``."""

    @property
    def jwt_bearer_doors(self) -> Collection[str]:
        """The doors that the settings open."""
        return conf.ACCEPTED_AS

    def _door(self, request: Request) -> Door | None:
        """The open door that ``request`` is for, or ``None`` if it is for none of ours."""
        call = call_of(request)
        if call is not None and call.own:
            return None
        return door_of_request(request, self.jwt_bearer_doors)

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Any, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """Whether ``client`` may use ``grant_type``.

        DOT's applications have one grant type and know none for this grant, so the rules
        of the issuer say who may use it.
        """
        if door_of(grant_type, (), self.jwt_bearer_doors) is not None:
            return True
        allowed: bool = super().validate_grant_type(  # type: ignore[misc]
            client_id, grant_type, client, request, *args, **kwargs
        )
        return allowed

    def _load_application(self, client_id: str, request: Request) -> Any:
        """Find the client of ``request`` and set it; DOT takes one that is set already, if it is usable."""
        if self._door(request) is None:
            return super()._load_application(client_id, request)  # type: ignore[misc]
        try:
            request.client = request.client or find_application(client_id)
            return super()._load_application(client_id, request)  # type: ignore[misc]
        except DatabaseError as error:
            if is_incomparable(error):
                return None
            raise

    def _extract_basic_auth(self, request: Request) -> str | None:
        """The credentials in the header, whose scheme the grant reads in any case (RFC 9110 section 11.1)."""
        scheme, _, credentials = (request.headers.get("HTTP_AUTHORIZATION") or "").partition(" ")
        if scheme.lower() == "basic" and self._door(request) is not None:
            return str(credentials)
        extracted: str | None = super()._extract_basic_auth(request)  # type: ignore[misc]
        return extracted

    def _authenticate_request_body(self, request: Request) -> bool:
        """DOT's second try. A secret in the header has failed already: trying it again costs as much."""
        if request.headers.get("Authorization") and self._door(request) is not None:
            return False
        authentic: bool = super()._authenticate_request_body(request)  # type: ignore[misc]
        return authentic

    def authenticate_jwt_bearer_client(self, assertion: str, grant: str, request: Request) -> bool:
        """Whether ``assertion``, a JWT of the client's own, authenticates it beside the JWT ``grant``.

        django-oauth-toolkit checks it, from its next release on; before, nobody can. What it is read as must
        not depend on who reads, so one that our own reader does not take is refused here.
        """
        readable = HAS_ROLES and may_authenticate(assertion, grant, conf.MAX_ASSERTION_LENGTH)
        return readable and bool(self.authenticate_client(request))  # type: ignore[attr-defined]

    def is_jwt_bearer_client(self, assertion: str) -> bool:
        """Whether ``assertion``, instead of a secret, is for django-oauth-toolkit to check, where it can.

        So it is if it says that it is of a client that signs for itself, and no issuer's row has that name.
        """
        client = client_of(assertion, conf.MAX_ASSERTION_LENGTH) if HAS_ROLES else None
        return client is not None and signs_for_itself(client)

    def note_jwt_bearer_proof(self, request: Request) -> bool:
        """Whether ``request`` has no proof or a good one, to whose key a token of DOT's gets bound."""
        try:
            cast(Call, call_of(request)).proof_key = _proof_key_of(request)
        except NotGranted:
            return False
        return True

    def note_jwt_bearer_client_refused(self, refused: NotGranted, request: Request) -> None:
        """Log that the client of ``request`` was ``refused``: there is no decision that could show it.

        ``request.client`` is the application that was named, as far as it was found.
        """
        door = cast(Call, call_of(request)).door
        question = Question(
            assertion="", application=request.client, audiences=(), now=time.time(), door=door
        )
        log_client_refused(question, refused)

    def decide_jwt_bearer_assertion(self, request: Request) -> Terms:
        """Decide on the assertion of ``request``, whose client has been checked.

        Sets ``client``, ``user``, ``scopes`` and ``resource`` of the request; returns what the
        token has to be. Raises :class:`~oauth_jwt_grant.grant.JWTBearerError`.
        """
        case = Case(self.build_jwt_bearer_question(request))
        try:
            record.check_one_database()
            case.proof_key = _proof_key_of(request)
            permission = decide(case)
        except NotGranted as refused:
            raise self._refusal(case, refused, request) from refused
        state = vars(request)[_STATE] = _State(case, permission)
        request.client = permission.application
        request.user = state.user = permission.subject.user
        request.scopes = permission.scopes
        request.resource = state.resource = permission.resources
        return Terms(" ".join(permission.scopes), permission.expires_in)

    def build_jwt_bearer_question(self, request: Request) -> Question:
        """Return the question of ``request``; override it to get audiences or time from elsewhere."""
        body = list(request.decoded_body)
        parameters = dict(body)
        door = self._door(request) or Door.AUTHORIZATION_GRANT
        # Rebuilding the request is for those who leave the audiences to be derived.
        audiences = server_audiences(None if conf.AUDIENCES else _Request(request))
        return Question(
            assertion=parameters[door.parameter],
            application=request.client,
            scope=parameters.get("scope"),
            resources=_targets(body, door, audiences),
            audiences=audiences,
            now=time.time(),
            request=request,
            door=door,
            id_token=door is Door.SUBJECT_TOKEN and parameters["subject_token_type"] == TokenType.ID_TOKEN,
            client_id=(parameters.get("client_id") or None) if door is Door.CLIENT_ASSERTION else None,
        )

    def issue_jwt_bearer_token(self, token: Any, terms: Terms, request: Request) -> None:
        """Save ``token``, which has to match ``terms``, together with its decision, or store neither.

        Between this method and our part of the transaction are those that a site may have overridden. So
        what they leave behind is compared with the permission, and removed unless it is the same.
        """
        state = _state_of(request)
        if state is None:
            name = f"{type(self).__qualname__}.decide_jwt_bearer_assertion"
            raise JWTBearerError(not_set_up(f"{name} does not call super()"))
        state.terms = terms
        try:
            with _nothing_left_unless_whole(token, state):
                self._require(terms.violation(token))
                self.save_token(token, request)  # type: ignore[attr-defined]
                self._require(_violation(state, token) if state.is_saved else _NO_DECISION)
        except NotGranted as refused:
            raise self._refusal(state.case, refused, request) from refused
        token.update(state.case.members)
        cast(Call, call_of(request)).tokens.append(cast(Decision, state.decision).access_token)
        log_accepted(state.case, cast(Decision, state.decision).pk)
        _announce(assertion_accepted, state.case, state.decision, request=request)

    def save_bearer_token(self, token: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Save the token together with the decision; turn what the database refuses into an answer."""
        state = _state_of(request)
        if state is None:
            return super().save_bearer_token(token, request, *args, **kwargs)  # type: ignore[misc]
        try:
            saved = super().save_bearer_token(token, request, *args, **kwargs)  # type: ignore[misc]
        except NotGranted as refused:
            raise self._refusal(state.case, refused, request) from refused
        except Error as error:
            reason = record.refusal_of(error, state.permission)
            raise self._refusal(state.case, reason, request) from error
        state.is_saved = state.is_guarded
        return saved

    def _save_bearer_token(self, token: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Inside DOT's transaction, which ends with this: a token without its decision is rolled back.

        A user who is made for the token is made with it.
        """
        save, state = super()._save_bearer_token, _state_of(request)  # type: ignore[misc]
        if state is None and self._door(request) is None:
            return save(token, request, *args, **kwargs)
        if state is None or state.terms is None:
            raise JWTBearerError(not_set_up(f"{_NO_DECISION}: the server has another grant than ours"))
        self._require(state.terms.violation(token))
        if state.permission.subject.to_be_provisioned:
            request.user = state.user = subjects.provision(state.permission.assertion, state.permission.rule)
        saved = save(token, request, *args, **kwargs)
        self._require(_violation(state, token))
        state.is_guarded = True
        return saved

    def _create_access_token(self, expires: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Inside DOT's transaction: the token's row, then the decision's."""
        create, state = super()._create_access_token, _state_of(request)  # type: ignore[misc]
        if state is None:
            call = call_of(request)
            if call is None or not call.own:
                return create(expires, request, *args, **kwargs)
            if call.proof_key is not None:
                request.resource = bound_resource(call.proof_key, request.resource)
            call.tokens.append(create(expires, request, *args, **kwargs))
            return call.tokens[-1]
        if state.case.proof_key is not None:
            # Not before: DOT takes no request for an audience that has no host.
            state.resource = bound_resource(state.case.proof_key, state.permission.resources)
            request.resource = state.resource
        access_token = create(expires, request, *args, **kwargs)
        state.decision = record.accept(state.case, state.permission, access_token, _client_address(request))
        return access_token

    def validate_dpop_token(self, token: str, scopes: Any, request: Request) -> bool:
        """Whether ``token``, sent by the scheme ``DPoP``, opens the resource (RFC 9449 section 7.1).

        It has to be bound to the key of a proof that was made for this very request and has not been used.
        As :meth:`validate_bearer_token`, of which it has the rest, it sets ``oauth2_error`` if it does not.
        """
        if not conf.DPOP:
            return False
        try:
            urls = own_urls(request.uri.partition("?")[0], _Request(request).get_port())
            proof = check_proof(request.headers.get(HEADER, ""), request.http_method, urls, token)
        except NotGranted as refused:
            return _denied(request, refused)
        with proven(proof.thumbprint):
            valid: bool = self.validate_bearer_token(token, scopes, request)  # type: ignore[attr-defined]
        if valid:
            # As the row has it: a view that saves the token must not unbind it.
            access_token = request.access_token
            access_token.resource = bound_resource(proof.thumbprint, access_token.resource)
        return valid and _is_new(request, proof)

    def _load_access_token(self, token: str) -> Any:
        """A bound token is found only together with a proof of its key, a bearer token only without one."""
        return as_proven(super()._load_access_token(token))  # type: ignore[misc]

    def _get_token_from_authentication_server(self, *args: Any, **kwargs: Any) -> Any:
        """The same for a token of another server; its introspection has the key among the audiences."""
        return as_proven(super()._get_token_from_authentication_server(*args, **kwargs))  # type: ignore[misc]

    def _require(self, violation: str | None) -> None:
        """Refuse the token if there is a ``violation``, and name the methods that may have done it."""
        if violation is not None:
            before = type(self).__mro__[: type(self).__mro__.index(JWTBearerValidatorMixin)]
            overrides = [
                f"{base.__qualname__}.{name}()" for name in _SAVING for base in before if name in vars(base)
            ]
            suspects = ", ".join(overrides) or "the server, its token generator, and receivers of signals"
            raise not_set_up(f"{violation}; look at {suspects}")

    def _refusal(self, case: Case, refused: NotGranted, request: Request) -> JWTBearerError:
        """Store and log the refusal, send the signal, and return the answer for it."""
        decision = record.refuse(case, refused, _client_address(request))
        log_refused(case, refused, None if decision is None else decision.pk)
        _announce(assertion_refused, case, decision, reason=refused.reason, request=request)
        return JWTBearerError(refused, case.question.door)


class JWTBearerOAuth2Validator(JWTBearerValidatorMixin, OAuth2Validator):  # type: ignore[misc]
    """DOT's validator with the JWT authorization grant: for ``OAUTH2_VALIDATOR_CLASS``."""


def _announce(signal: Signal, case: Case, decision: Decision | None, **values: Any) -> None:
    """Send ``signal``. Without receivers, nobody needs the rows of issuer and rule, which cost time."""
    if decision is not None and signal.has_listeners(Decision):
        record.relate(decision, case)
    signal.send_robust(sender=Decision, decision=decision, **values)


@contextmanager
def _nothing_left_unless_whole(token: Any, state: _State) -> Iterator[None]:
    """Remove what was saved of ``token`` if the block raises, unless DOT's transaction did."""
    text = token["access_token"]
    try:
        yield
    except Exception as error:
        if state.is_saved or not isinstance(error, JWTBearerError):
            record.withdraw({text, token["access_token"]}, state.decision)
        raise


def _violation(state: _State, token: Any) -> str | None:
    """In what ``token``, the members of the answer, or its row differs from the permission, or ``None``.

    No statement: the row is compared as it was saved.
    """
    if state.decision is None or state.terms is None:
        return _NO_DECISION
    row: Any = state.decision.access_token
    violation = state.terms.violation(token)
    if violation is not None:
        return violation
    if row.token_checksum != record.checksum(token["access_token"]):
        return "the answer has another token than the database"
    begun = row.expires - timedelta(seconds=token["expires_in"])
    in_time = state.decided - _CLOCK_STEP <= begun <= timezone.now() + _CLOCK_STEP
    if row.scope != state.terms.scope or not in_time:
        return "the token has another scope or lifetime in the database than was decided"
    holders = _pk(state.user), _pk(state.permission.application)
    if (row.user_id, row.application_id) != holders or row.resource != state.resource:
        return "the token has another user, application or resource in the database than was decided"
    return None


def _targets(body: list[tuple[str, str]], door: Door, audiences: Collection[str]) -> list[str]:
    """What the token is asked for: resources, and the audiences of a token exchange (RFC 8693 section 2.1).

    An ``audience`` that is this server itself says nothing new; Google's libraries always send one.
    """
    targets = [value for name, value in body if name == "resource" and value]
    if door is Door.SUBJECT_TOKEN:
        asked = [value for name, value in body if name == "audience" and value]
        targets += [value for value in asked if not (value in audiences or is_own_identifier(value))]
    return targets


def _pk(row: Any) -> Any:
    return None if row is None else row.pk


def _proof_key_of(request: Request) -> str | None:
    """The thumbprint of the key whose proof came with a token request, or ``None`` if none did."""
    header = request.headers.get(HEADER)
    if header is None or not conf.DPOP:
        return None
    return check_proof(header, request.http_method, token_endpoint_urls(_Request(request))).thumbprint


def _denied(request: Request, refused: NotGranted) -> bool:
    """Set the reason where DOT's views and REST framework look for it."""
    request.oauth2_error = {"error": refused.answer.error, "error_description": refused.public_text}
    return False


def _is_new(request: Request, proof: Proof) -> bool:
    """Whether ``proof`` is used for the first time."""
    try:
        return is_first_use(proof) or _denied(request, AssertionRefused(Reason.DPOP_PROOF, "jti"))
    except ProofUndecided:
        undecided.set(True)
        request.oauth2_error = ProofUndecided.ANSWER
        return False


def _client_address(request: Request) -> str | None:
    return request.headers.get("REMOTE_ADDR")  # type: ignore[no-any-return]


class _Request(HttpRequest):
    """Enough of the Django request, rebuilt from oauthlib's, to build absolute URLs with.

    The original is not within reach everywhere: the decorators of DOT that protect a view bring a backend
    of their own, and oauthlib passes on nothing but headers, URI and body.
    """

    def __init__(self, request: Request) -> None:
        super().__init__()
        self.META = request.headers
        self.path = request.uri.partition("?")[0]
        self._secure = bool(request.headers.get("X_DJANGO_OAUTH_TOOLKIT_SECURE"))

    def _get_scheme(self) -> str:
        return "https" if self._secure else "http"
