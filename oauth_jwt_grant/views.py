"""The metadata (RFC 8414), the token endpoint and introspection (RFC 7662) as this grant wants them."""

from __future__ import annotations

import json
import time
from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError

from .assertion import ALGORITHMS, AssertionRefused, Reason
from .binding import binding_of
from .clock import moment
from .conf import settings
from .dot import (
    AbstractApplication,
    OAuthServerMetadataView,
    TokenView,
    app_authorized,
    get_application_model,
)
from .dot import IntrospectTokenView as DOTIntrospectTokenView
from .grant import GRANT_TYPE
from .issued import issued_tokens
from .models import GrantRule, TrustedIssuer
from .oauth2_backends import answer_of, is_jwt_bearer_request

#: draft-ietf-oauth-identity-assertion-authz-grant section 7.2.
ID_JAG_PROFILE = "urn:ietf:params:oauth:grant-profile:id-jag"


class AuthorizationServerMetadataView(OAuthServerMetadataView):  # type: ignore[misc]
    """DOT's metadata document, told apart from it by four members.

    ``grant_types_supported`` has the grant, which says what the server implements (RFC 8414
    section 2), not whom it trusts. ``authorization_grant_profiles_supported`` is there while
    an ID-JAG issuer is trusted. ``token_endpoint_auth_methods_supported`` has ``none`` while
    a rule admits somebody who has no credentials. ``dpop_signing_alg_values_supported`` is there
    while DPoP is on (RFC 9449 section 5.1).
    """

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The document for ``request``; one more SQL statement for each of the last two members."""
        response: HttpResponse = super().get(request, *args, **kwargs)
        document = json.loads(response.content)
        _add(document, "grant_types_supported", GRANT_TYPE)
        if "token_endpoint_auth_methods_supported" in document and admits_without_credentials():
            _add(document, "token_endpoint_auth_methods_supported", "none")
        if trusts_id_jag():
            document["authorization_grant_profiles_supported"] = [ID_JAG_PROFILE]
        if settings.DPOP:
            document["dpop_signing_alg_values_supported"] = list(ALGORITHMS)
        response.content = json.dumps(document).encode()
        return response


class IntrospectTokenView(DOTIntrospectTokenView):  # type: ignore[misc]
    """DOT's introspection that says of a bound token to which key it is (RFC 9449 section 6.2)."""

    @staticmethod
    def get_token_response(token_value: str | None = None) -> JsonResponse:
        """DOT's answer, with ``cnf`` and ``token_type`` if the token is bound.

        ``aud`` stays as the row has it: an API that reads it and knows of no keys takes no bound token.
        """
        response: JsonResponse = DOTIntrospectTokenView.get_token_response(token_value)
        document = json.loads(response.content)
        binding = binding_of(document.get("aud", ()))
        if binding is None:
            return response
        return JsonResponse(document | {"token_type": "DPoP", "cnf": {"jkt": binding.thumbprint}})


class JWTBearerTokenView(TokenView):  # type: ignore[misc]
    """DOT's token endpoint (RFC 6749 section 3.2), which answers requests of this grant in a shorter way.

    DOT reads each new token back to send ``app_authorized``: a statement more, which finds
    nothing where a replica lags behind. Here the signal has the token that was saved. A
    ``grant_type`` that is repeated is refused, whatever the second one is.
    """

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer a token request; one of another grant is DOT's.

        One that Django cannot read is of no grant. Its answer is JSON (RFC 6749 section 5.2), not a page.
        """
        try:
            ours = is_jwt_bearer_request(request)
        except (BadRequest, SuspiciousOperation, MultiPartParserError):
            _, headers, body, status = answer_of(AssertionRefused(Reason.MALFORMED_REQUEST))
            return HttpResponse(content=body, status=status, headers=headers)
        if not ours:
            response: HttpResponse = super().post(request, *args, **kwargs)
            return response
        with issued_tokens() as tokens:
            _, headers, body, status = self.create_token_response(request)
        for token in tokens:
            app_authorized.send(sender=self, request=request, token=token)
        return HttpResponse(content=body, status=status, headers=headers)


def trusts_id_jag() -> bool:
    """Whether an issuer of ID-JAGs is enabled and in its dates."""
    return TrustedIssuer.objects.filter(_trusted(), profile=TrustedIssuer.Profile.ID_JAG).exists()


def admits_without_credentials() -> bool:
    """Whether some rule gives tokens to clients that are anonymous, or known by ``client_id`` alone.

    ID-JAGs never do: they ask for a confidential client.
    """
    policies = GrantRule.ClientPolicyChoices
    public = get_application_model()._default_manager.filter(client_type=AbstractApplication.CLIENT_PUBLIC)
    listed = Q(client_policy=policies.LISTED) & Exists(public.filter(jwt_bearer_rules=OuterRef("pk")))
    rules = GrantRule.objects.filter(
        _trusted("issuer__"), enabled=True, issuer__profile=TrustedIssuer.Profile.JWT_BEARER
    )
    return rules.filter(Q(client_policy=policies.ANONYMOUS) | listed).exists()


def _trusted(prefix: str = "") -> Q:
    """Issuers that are enabled and in their dates; ``prefix`` leads to them."""
    now = moment(time.time())
    begun = Q(**{f"{prefix}valid_from": None}) | Q(**{f"{prefix}valid_from__lte": now})
    lasting = Q(**{f"{prefix}valid_until": None}) | Q(**{f"{prefix}valid_until__gt": now})
    return Q(**{f"{prefix}enabled": True}) & begun & lasting


def _add(document: dict[str, Any], member: str, value: str) -> None:
    """Put ``value`` at the end of a list of the document, unless it is there."""
    document[member] = list(dict.fromkeys([*document.get(member, ()), value]))
