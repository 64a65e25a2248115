"""The backend: passes on request data that DOT's drops, and leaves all other requests alone."""

from __future__ import annotations

import codecs
import copy
import logging
import re
from email.message import Message
from typing import Any
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest

from .assertion import AssertionRefused, Door, NotGranted, Reason
from .conf import conf
from .dot import OAuthLibCore
from .grant import CALL, CLIENT_ASSERTION, Call, JWTBearerError, JWTBearerGrant, door_of, not_set_up

logger = logging.getLogger("oauth_jwt_grant.endpoint")

# RFC 6749 section 5.1, and for errors section 5.2.
_HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache"}

# MSAL for JavaScript puts this into the URL of each token request: a number for its log, and no one else.
_CORRELATION = re.compile(r"client-request-id=[0-9A-Za-z-]{1,64}")

_URLENCODED = "application/x-www-form-urlencoded"
_FORMS = (_URLENCODED, "multipart/form-data")

Response = tuple[str | None, dict[str, str], str, int]


class JWTBearerBackendMixin:
    """Shows repeated parameters of this grant, and who asks for it; put it before ``OAuthLibCore``."""

    def extract_headers(self, request: HttpRequest) -> Any:
        """DOT's headers, and the call of our token view: the grant answers nobody else."""
        headers = super().extract_headers(request)  # type: ignore[misc]
        call = call_of(request)
        if call is None:
            return headers
        call.backend = type(self).__qualname__
        return {**headers, CALL: call}

    def extract_body(self, request: HttpRequest) -> Any:
        """The posted parameters; in a request of this grant also the repeated ones, which DOT drops."""
        if call_of(request) is None:
            return super().extract_body(request)  # type: ignore[misc]
        return _parameters(request)

    def _extract_params(self, request: HttpRequest) -> Any:
        """DOT's; in a request of this grant the parameters as a dict, where each came once.

        DOT encodes them as a form, which oauthlib then decodes: a twenty-fifth of such a request.
        """
        call = call_of(request)
        if call is None or len(request.POST) != len(call.posted or ()):
            return super()._extract_params(request)  # type: ignore[misc]
        uri = self._get_escaped_full_path(request)  # type: ignore[attr-defined]
        return uri, request.method, dict(self.extract_body(request)), self.extract_headers(request)

    def create_token_response(self, request: HttpRequest) -> Response:
        """DOT's answer; in a request of this grant always JSON that no cache keeps."""
        call = call_of(request)
        if call is None:
            response: Response = super().create_token_response(request)  # type: ignore[misc]
            return response
        refused = self._without_grant(call.door)
        if refused is not None:
            return answer_of(refused)
        call.posted = _parameters(request)
        url, headers, body, status = super().create_token_response(_without_query(request))  # type: ignore[misc]
        return url, {**_HEADERS, **headers}, body, status

    def verify_request(self, request: HttpRequest, scopes: Any) -> tuple[bool, Any]:
        """DOT's check of an access token; a good one is kept with the request, for its view."""
        valid, checked = super().verify_request(request, scopes)  # type: ignore[misc]
        if valid:
            # oauthlib's request looks for an attribute that it does not have among the posted parameters.
            note_access_token(request, vars(checked).get("access_token"))
        return valid, checked

    def _without_grant(self, door: Door) -> AssertionRefused | None:
        """Why a server without our grant for ``door`` cannot answer: its own answer helps no operator."""
        grant = getattr(self.server, "grant_types", {}).get(door.grant_type)  # type: ignore[attr-defined]
        if isinstance(grant, JWTBearerGrant):
            return None
        name = type(self.server).__qualname__  # type: ignore[attr-defined]
        return not_set_up(
            f"the server {name} does not have this grant: JWTBearerServerMixin has to be first among its "
            "bases, and its __init__() has to call super().__init__()"
        )


class JWTBearerOAuthLibCore(JWTBearerBackendMixin, OAuthLibCore):  # type: ignore[misc]
    """DOT's backend with what the grant needs: for ``OAUTH2_BACKEND_CLASS``."""


def answer_of(refused: NotGranted) -> Response:
    """The answer to a request that got no further than this."""
    error = JWTBearerError(refused)
    return None, {**_HEADERS, **error.headers}, error.json, error.status_code


def call_of(request: HttpRequest) -> Call | None:
    """The call that :func:`begin_call` has made of ``request``, or ``None``: no parameter can forge it."""
    call: Call | None = getattr(request, "_oauth_jwt_grant_call", None)
    return call


def note_access_token(request: HttpRequest, token: Any) -> None:
    """Keep the access token that ``request`` has been checked with: a DPoP proof is good for one check."""
    request._oauth_jwt_grant_access_token = token  # type: ignore[attr-defined]


def noted_access_token(request: HttpRequest) -> Any:
    """Return the access token that ``request`` has been checked with, or ``None``."""
    return getattr(request, "_oauth_jwt_grant_access_token", None)


def begin_call(request: HttpRequest) -> None:
    """Read a token request; one of this grant gets a :class:`~oauth_jwt_grant.grant.Call`.

    Raises :class:`~oauth_jwt_grant.assertion.AssertionRefused` for what Django cannot read, which is of no
    grant, and for what oauthlib and Django would let pass in a request of this grant.
    """
    door = _door_of(request)
    if door is None:
        return
    refused = _unacceptable(request)
    if refused is not None:
        raise refused
    request._oauth_jwt_grant_call = Call(door=door)  # type: ignore[attr-defined]


def _door_of(request: HttpRequest) -> Door | None:
    """The door of one of the ``grant_type`` parameters, or of what one would be if Django could read it.

    Raises ``AssertionRefused`` if that is unknown.
    """
    try:
        # The body first: once Django has read a multipart form, it is gone.
        hidden = None if _is_utf8_form(request) else _hidden_door(unquote_to_bytes(request.body))
        names = {name for name, values in request.POST.lists() if any(values)}
        doors = (
            door_of(grant_type, names, conf.ACCEPTED_AS) for grant_type in request.POST.getlist("grant_type")
        )
        return hidden or next((door for door in doors if door is not None), None)
    except Exception as error:
        # Of any kind: a charset is any codec of Python's, and a site may have upload handlers of its own.
        # The error may hold what was posted.
        logger.warning("A token request could not be read: %s", type(error).__name__)
        # As Django does where it answers: a middleware that reads POST after us must not fail again.
        request._mark_post_parse_error()  # type: ignore[attr-defined]
        raise AssertionRefused(_fault_of(error)) from None


def _fault_of(error: Exception) -> Reason:
    """Why Django could not read a body: its limits are the operator's to raise, all else is the client's."""
    limits = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
    return Reason.REQUEST_TOO_LARGE if isinstance(error, limits) else Reason.MALFORMED_REQUEST


def _hidden_door(text: bytes) -> Door | None:
    """The open door with its grant type somewhere in ``text``."""
    names = [name for name in CLIENT_ASSERTION if name.encode() in text]
    doors = (
        door_of(door.grant_type, names, conf.ACCEPTED_AS) for door in Door if door.grant_type.encode() in text
    )
    return next((door for door in doors if door is not None), None)


def _parameters(request: HttpRequest) -> list[tuple[str, str]]:
    """The posted parameters, with all that came more than once."""
    return [(name, value) for name, values in request.POST.lists() for value in values]


def _unacceptable(request: HttpRequest) -> AssertionRefused | None:
    """What oauthlib and Django would let pass or fail on before the grant is asked."""
    if "HTTP_DPOP" in request.META and not conf.DPOP:
        # RFC 9449 section 5 would have the client discard a bearer token. Refused, it keeps its assertion.
        return AssertionRefused(Reason.DPOP)
    query = request.META.get("QUERY_STRING")
    if query and not _CORRELATION.fullmatch(query):
        return AssertionRefused(Reason.PARAMETER_IN_QUERY)
    if request.content_type not in _FORMS:
        return AssertionRefused(Reason.NOT_A_FORM)
    if not (_is_utf8_form(request) and _is_utf8(request)):
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


def _is_utf8_form(request: HttpRequest) -> bool:
    """Whether the content type is that of a form, in UTF-8 or no charset, and has each parameter once.

    Django takes any codec of Python's for a multipart form, and the last of two parameters; what stands
    before it may take the first.
    """
    written = request.META.get("CONTENT_TYPE", "")
    if written == _URLENCODED:
        # As nearly all clients write it.
        return True
    header = Message()
    header["content-type"] = written
    parameters = [name for name, _ in header.get_params(()) if name]
    if request.content_type not in _FORMS or len(set(parameters)) != len(parameters):
        return False
    if (request.content_params or {}).get("charset", "").lower() not in ("", "utf-8"):
        return False
    # A form that is not multipart is UTF-8 for Django, whatever the site's own charset is.
    charset = "utf-8" if request.content_type == _URLENCODED else request.encoding
    return codecs.lookup(charset or settings.DEFAULT_CHARSET).name == "utf-8"


def _is_utf8(request: HttpRequest) -> bool:
    """RFC 6749 appendix B: whether Django has read all values as what they are.

    For an escaped byte that is not UTF-8 it puts U+FFFD; where one stands there as it
    is, it takes the whole body for ISO 8859-1.
    """
    if any("\ufffd" in value for _, values in request.POST.lists() for value in values):
        return False
    if request.content_type != _URLENCODED:
        return True
    try:
        request.body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
