"""The bridge between oauthlib's grant, DOT's tokens and our decisions."""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast

from django.db import IntegrityError, OperationalError
from django.http import HttpRequest
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.common import Request

from . import decisions, subjects
from .assertion import AssertionRefused
from .audiences import server_audiences
from .clients import find_application
from .conf import settings
from .grant import GRANT_TYPE, JWTBearerError
from .id_jag import is_id_jag
from .inserts import prepare_save
from .issued import note_issued
from .models import Decision
from .service import Case, Permission, Question, decide
from .signals import assertion_accepted, assertion_refused

# Read and written through vars() alone: as an attribute it could be a posted parameter.
_STATE = "_oauth_jwt_grant"
# Whether the token that is made at the moment is one of this grant's.
_saves_token: ContextVar[bool] = ContextVar("oauth_jwt_grant_saves_token", default=False)


@dataclass(slots=True)
class _State:
    """What one request of this grant carries from its decision to its token."""

    case: Case
    permission: Permission
    decision: Decision | None = None


def _state_of(request: Request) -> _State | None:
    """The state of ``request``, or ``None`` if it is of another grant."""
    state: _State | None = vars(request).get(_STATE)
    return state


class JWTBearerValidatorMixin:
    """Adds the JWT authorization grant to a DOT validator; put it before ``OAuth2Validator``."""

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Any, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """Whether ``client`` may use ``grant_type``.

        DOT's applications have one grant type and know none for this grant, so the rules
        of the issuer say who may use it.
        """
        if grant_type == GRANT_TYPE:
            return True
        allowed: bool = super().validate_grant_type(  # type: ignore[misc]
            client_id, grant_type, client, request, *args, **kwargs
        )
        return allowed

    def _load_application(self, client_id: str, request: Request) -> Any:
        """Find the client of ``request`` and set it; DOT takes one that is set already, if it is usable."""
        if request.grant_type == GRANT_TYPE and not request.client:
            request.client = find_application(client_id)
        return super()._load_application(client_id, request)  # type: ignore[misc]

    def _authenticate_request_body(self, request: Request) -> bool:
        """DOT's second try. A secret in the header has failed already: trying it anew costs as much."""
        if request.grant_type == GRANT_TYPE and request.headers.get("Authorization"):
            return False
        authentic: bool = super()._authenticate_request_body(request)  # type: ignore[misc]
        return authentic

    def validate_jwt_bearer_assertion(self, request: Request) -> int | None:
        """Decide on the assertion of ``request``, whose client has been checked.

        Sets ``client``, ``user``, ``scopes`` and ``resource`` of the request; returns the
        seconds that the token lives, or ``None`` for the server's default. Raises
        :class:`~oauth_jwt_grant.grant.JWTBearerError`.
        """
        case = Case(self.build_jwt_bearer_question(request))
        try:
            permission = decide(case)
        except AssertionRefused as refused:
            raise self._refusal(case, refused, request) from refused
        vars(request)[_STATE] = _State(case, permission)
        request.client = permission.application
        request.user = permission.subject.user
        request.scopes = permission.scopes
        request.resource = permission.resources
        return permission.expires_in

    def build_jwt_bearer_question(self, request: Request) -> Question:
        """What is asked by ``request``; override it to know audiences or time by other means."""
        body = list(request.decoded_body)
        parameters = dict(body)
        return Question(
            assertion=parameters["assertion"],
            application=request.client,
            scope=parameters.get("scope"),
            resources=[value for name, value in body if name == "resource" and value],
            # Rebuilding the request is for those who leave the audiences to be derived.
            audiences=server_audiences(None if settings.AUDIENCES else _Request(request)),
            now=time.time(),
            request=request,
        )

    def save_bearer_token(self, token: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Save the token together with the decision; turn what the database refuses into an answer."""
        state = _state_of(request)
        if state is None:
            return super().save_bearer_token(token, request, *args, **kwargs)  # type: ignore[misc]
        try:
            saved = super().save_bearer_token(token, request, *args, **kwargs)  # type: ignore[misc]
        except AssertionRefused as refused:
            raise self._refusal(state.case, refused, request) from refused
        except (IntegrityError, OperationalError) as error:
            raise self._refusal(state.case, decisions.refusal_of(error), request) from error
        resources = state.permission.resources
        if resources and is_id_jag(state.permission.issuer):
            # ID-JAG section 4.4.1: the answer says what was granted. RFC 8707 gives the member no form.
            token["resource"] = resources if len(resources) > 1 else resources[0]
        decision = cast(Decision, state.decision)  # made together with the token
        note_issued(decision.access_token)
        assertion_accepted.send_robust(sender=Decision, decision=decision, request=request)
        return saved

    def _save_bearer_token(self, token: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Inside DOT's transaction: a user who is made for the token is made with it."""
        state = _state_of(request)
        if state is not None and state.permission.subject.to_be_provisioned:
            request.user = subjects.provision(state.permission.assertion, state.permission.rule)
        return super()._save_bearer_token(token, request, *args, **kwargs)  # type: ignore[misc]

    def _create_access_token(self, expires: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Inside DOT's transaction, which ends with this: the token's row, then the decision's."""
        create, state = super()._create_access_token, _state_of(request)  # type: ignore[misc]
        if state is None:
            return create(expires, request, *args, **kwargs)
        begun = _saves_token.set(True)
        try:
            access_token = create(expires, request, *args, **kwargs)
        finally:
            _saves_token.reset(begun)
        state.decision = decisions.accept(
            state.case, state.permission, access_token, _client_address(request)
        )
        return access_token

    def _set_token_value(self, token_instance: Any, raw_token: str) -> None:
        """Between DOT's making of a token and its saving: compiling that INSERT anew would cost the most."""
        super()._set_token_value(token_instance, raw_token)  # type: ignore[misc]
        if _saves_token.get():
            prepare_save(token_instance)

    def _refusal(self, case: Case, refused: AssertionRefused, request: Request) -> JWTBearerError:
        """Write the refusal down, tell the site, and make the answer of it."""
        decision = decisions.refuse(case, refused, _client_address(request))
        assertion_refused.send_robust(
            sender=Decision, reason=refused.reason, decision=decision, request=request
        )
        return JWTBearerError(refused)


class JWTBearerOAuth2Validator(JWTBearerValidatorMixin, OAuth2Validator):  # type: ignore[misc]
    """DOT's validator with the JWT authorization grant: for ``OAUTH2_VALIDATOR_CLASS``."""


def _client_address(request: Request) -> str | None:
    return request.headers.get("REMOTE_ADDR")  # type: ignore[no-any-return]


class _Request(HttpRequest):
    """Enough of the Django request, rebuilt from oauthlib's, to build absolute URLs with."""

    def __init__(self, request: Request) -> None:
        super().__init__()
        self.META = request.headers
        self.path = request.uri.partition("?")[0]
        self._secure = bool(request.headers.get("X_DJANGO_OAUTH_TOOLKIT_SECURE"))

    def _get_scheme(self) -> str:
        return "https" if self._secure else "http"
