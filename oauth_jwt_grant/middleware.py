"""For ``MIDDLEWARE``: an answer of its own where a DPoP proof could not be decided on."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.deprecation import MiddlewareMixin

from .dpop import ProofUndecided, undecided


class ProofMiddleware(MiddlewareMixin):
    """Answers 503 where a view has refused a request because the cache for DPoP proofs does not work.

    Views refuse by themselves, but a client would take their 401 or 403 for an end of its token.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Start with nothing undecided."""
        undecided.set(False)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """``response``, or 503 in its place."""
        if not undecided.get() or response.status_code not in (401, 403):
            return response
        headers = {"Cache-Control": "no-store", "Retry-After": str(ProofUndecided.RETRY_AFTER)}
        return JsonResponse(ProofUndecided.ANSWER, status=503, headers=headers)
