"""The API: one view that needs an access token."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, JsonResponse
from oauth2_provider.views import ScopedProtectedResourceView

from oauth_jwt_grant.resources import claims_of


class WhoAmIView(ScopedProtectedResourceView):
    """Answers with the user of the access token, and what the assertion was issued for."""

    required_scopes = ("deployments:read",)
    token: Any = None

    def verify_request(self, request: HttpRequest) -> tuple[bool, Any]:
        """Check the token as django-oauth-toolkit does, and remember it."""
        valid, oauth_request = super().verify_request(request)
        self.token = oauth_request.access_token if valid else None
        return valid, oauth_request

    def get(self, request: HttpRequest) -> JsonResponse:
        """Answer with user, client and scope of the token, and the claims that the rule has recorded."""
        token = self.token
        return JsonResponse(
            {
                "user": token.user.get_username() if token.user else None,
                "client": token.application.name if token.application else None,
                "scope": token.scope,
                "claims": claims_of(token),
            }
        )
