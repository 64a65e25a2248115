"""The backend: lets the grant see what DOT's would hide from it, and leaves all other requests alone."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from oauth2_provider.oauth2_backends import OAuthLibCore

from .assertion import AssertionRefused, Reason
from .grant import GRANT_TYPE, JWTBearerError

# RFC 6749 section 5.1, and for errors section 5.2.
_HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache"}

Response = tuple[str | None, dict[str, str], str, int]


class JWTBearerBackendMixin:
    """Makes repeated and misplaced parameters of this grant visible; put it before ``OAuthLibCore``."""

    def extract_body(self, request: HttpRequest) -> Any:
        """The posted parameters; in a request of this grant also the repeated ones, which DOT drops."""
        if not is_jwt_bearer_request(request):
            return super().extract_body(request)  # type: ignore[misc]
        return [(name, value) for name, values in request.POST.lists() for value in values]

    def create_token_response(self, request: HttpRequest) -> Response:
        """DOT's answer; in a request of this grant always JSON that no cache keeps."""
        if not is_jwt_bearer_request(request):
            response: Response = super().create_token_response(request)  # type: ignore[misc]
            return response
        _hide_from_error_reports(request)
        reason = _unacceptable(request)
        if reason is not None:
            error = JWTBearerError(AssertionRefused(reason))
            return None, {**_HEADERS, **error.headers}, error.json, error.status_code
        url, headers, body, status = super().create_token_response(request)  # type: ignore[misc]
        return url, {**_HEADERS, **headers}, body, status


class JWTBearerOAuthLibCore(JWTBearerBackendMixin, OAuthLibCore):  # type: ignore[misc]
    """DOT's backend with what the grant needs: for ``OAUTH2_BACKEND_CLASS``."""


def is_jwt_bearer_request(request: HttpRequest) -> bool:
    """Whether one of the posted ``grant_type`` parameters is this grant's."""
    return GRANT_TYPE in request.POST.getlist("grant_type")


def _unacceptable(request: HttpRequest) -> Reason | None:
    """What oauthlib and Django would let pass or stumble over before the grant is asked."""
    if request.META.get("QUERY_STRING"):
        return Reason.PARAMETER_IN_QUERY
    # Django puts U+FFFD where a byte is not UTF-8 (RFC 6749 appendix B).
    if any("\ufffd" in value for _, values in request.POST.lists() for value in values):
        return Reason.MALFORMED_REQUEST
    return None


def _hide_from_error_reports(request: HttpRequest) -> None:
    """Whatever goes wrong, no report of Django's shows an assertion."""
    hidden = getattr(request, "sensitive_post_parameters", ())
    if hidden != "__ALL__":
        names = {*hidden, "assertion", "client_assertion", "client_secret"}
        request.sensitive_post_parameters = tuple(names)  # type: ignore[attr-defined]
