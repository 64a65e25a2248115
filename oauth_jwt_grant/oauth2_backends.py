"""The backend: lets the grant see what DOT's would hide from it, and leaves all other requests alone."""

from __future__ import annotations

import copy
import json
import re
from contextvars import ContextVar
from typing import Any

from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from .assertion import AssertionRefused, Reason
from .conf import settings
from .decisions import withdraw
from .dot import OAuthLibCore, oauth2_settings
from .grant import GRANT_TYPE, JWTBearerError, JWTBearerGrant, not_set_up
from .issued import issued_tokens, note_issued

# RFC 6749 section 5.1, and for errors section 5.2.
_HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache"}

# MSAL for JavaScript puts this into the URL of each token request: a number for its log, and no one else.
_CORRELATION = re.compile(r"client-request-id=[0-9A-Za-z-]{1,64}")

#: The parameters of the request of this grant that is being answered, as they were posted.
_posted: ContextVar[list[tuple[str, str]] | None] = ContextVar("oauth_jwt_grant_posted", default=None)

Response = tuple[str | None, dict[str, str], str, int]


class JWTBearerBackendMixin:
    """Makes repeated and misplaced parameters of this grant visible; put it before ``OAuthLibCore``."""

    def extract_body(self, request: HttpRequest) -> Any:
        """The posted parameters; in a request of this grant also the repeated ones, which DOT drops."""
        if not is_jwt_bearer_request(request):
            return super().extract_body(request)  # type: ignore[misc]
        return _parameters(request)

    def create_token_response(self, request: HttpRequest) -> Response:
        """DOT's answer; in a request of this grant always JSON that no cache keeps."""
        if not is_jwt_bearer_request(request):
            response: Response = super().create_token_response(request)  # type: ignore[misc]
            return response
        _hide_from_error_reports(request)
        refused = _unacceptable(request) or self._without_grant()
        if refused is not None:
            return answer_of(refused)
        url, headers, body, status = self._answer_jwt_bearer_request(_without_query(request))
        return url, {**_HEADERS, **headers}, body, status

    def _without_grant(self) -> AssertionRefused | None:
        """Why a server without our grant cannot answer: its own answer would tell the operator nothing."""
        grant = getattr(self.server, "grant_types", {}).get(GRANT_TYPE)  # type: ignore[attr-defined]
        if isinstance(grant, JWTBearerGrant):
            return None
        name = type(self.server).__qualname__  # type: ignore[attr-defined]
        return not_set_up(
            f"the server {name} does not have this grant: JWTBearerServerMixin has to be first among its "
            "bases, and its __init__() has to call super().__init__()"
        )

    @sensitive_variables()
    def _answer_jwt_bearer_request(self, request: HttpRequest) -> Response:
        """DOT's answer. Should it fail, no error report shows the variables of what is called here.

        A token that no decision was saved with is not answered, whatever grant the server has made it by.
        """
        begun = _posted.set(_parameters(request))
        try:
            with issued_tokens() as tokens:
                response: Response = super().create_token_response(request)  # type: ignore[misc]
        finally:
            _posted.reset(begun)
        if response[3] == 200 and not tokens:
            withdraw([json.loads(response[2]).get("access_token", "")])
            grant = type(self.server.grant_types[GRANT_TYPE]).__qualname__  # type: ignore[attr-defined]
            return answer_of(not_set_up(f"{grant} has made a token without a decision"))
        for token in tokens:
            note_issued(token)
        return response


class JWTBearerOAuthLibCore(JWTBearerBackendMixin, OAuthLibCore):  # type: ignore[misc]
    """DOT's backend with what the grant needs: for ``OAUTH2_BACKEND_CLASS``."""


def answer_of(refused: AssertionRefused) -> Response:
    """The answer to a request that got no further than this."""
    error = JWTBearerError(refused)
    return None, {**_HEADERS, **error.headers}, error.json, error.status_code


def backend_fault(body: Any) -> str | None:
    """Why ``body``, the parameters that have reached the grant, may not be what was posted, or ``None``."""
    name = oauth2_settings.OAUTH2_BACKEND_CLASS.__qualname__
    posted = _posted.get()
    if posted is None:
        return (
            "create_token_response() of JWTBearerBackendMixin did not run: the mixin has to be first among "
            f"the bases of {name}, which has to call super()"
        )
    if list(body) != posted:
        return f"{name}.extract_body() changes what was posted: it has to call super()"
    return None


def is_jwt_bearer_request(request: HttpRequest) -> bool:
    """Whether one of the posted ``grant_type`` parameters is this grant's."""
    return GRANT_TYPE in request.POST.getlist("grant_type")


def _parameters(request: HttpRequest) -> list[tuple[str, str]]:
    """The posted parameters, with all that came more than once."""
    return [(name, value) for name, values in request.POST.lists() for value in values]


def _unacceptable(request: HttpRequest) -> AssertionRefused | None:
    """What oauthlib and Django would let pass or stumble over before the grant is asked."""
    if "HTTP_DPOP" in request.META and not settings.DPOP:
        # RFC 9449 section 5 would have the client discard a bearer token. Refused, it keeps its assertion.
        return AssertionRefused(Reason.DPOP)
    query = request.META.get("QUERY_STRING")
    if query and not _CORRELATION.fullmatch(query):
        return AssertionRefused(Reason.PARAMETER_IN_QUERY)
    if not _is_utf8(request):
        return AssertionRefused(Reason.MALFORMED_REQUEST)
    # Otherwise the last one would choose the grant, which may be another that takes repeats.
    if len(request.POST.getlist("grant_type")) > 1:
        return AssertionRefused(Reason.REPEATED_PARAMETER, "grant_type")
    return None


def _without_query(request: HttpRequest) -> HttpRequest:
    """The request without a query that means nothing: oauthlib takes none at a token endpoint."""
    if not request.META.get("QUERY_STRING"):
        return request
    bare = copy.copy(request)
    bare.META = {**request.META, "QUERY_STRING": ""}
    return bare


def _is_utf8(request: HttpRequest) -> bool:
    """RFC 6749 appendix B: whether Django has read all values as what they are.

    For an escaped byte that is not UTF-8 it puts U+FFFD; where one stands there as it
    is, it takes the whole body for ISO 8859-1.
    """
    if any("\ufffd" in value for _, values in request.POST.lists() for value in values):
        return False
    if request.content_type != "application/x-www-form-urlencoded":
        return True
    try:
        request.body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _hide_from_error_reports(request: HttpRequest) -> None:
    """Whatever goes wrong, no report of Django's shows an assertion."""
    hidden = getattr(request, "sensitive_post_parameters", ())
    if hidden != "__ALL__":
        names = {*hidden, "assertion", "client_assertion", "client_secret"}
        request.sensitive_post_parameters = tuple(names)  # type: ignore[attr-defined]
