"""An identity provider, under ``sso/`` of the test site, that exchanges an ID token for an ID-JAG (RFC 8693).

It stands for a customer's provider. Anybody who posts what the ID-JAG draft asks for gets one for ``alice``.
"""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from tests.factories import DROP, jwks, mint, rsa_key

ID_TOKEN = "the id token of alice"
_ID_JAG = "urn:ietf:params:oauth:token-type:id-jag"
_EXCHANGE = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "requested_token_type": _ID_JAG,
    "subject_token": ID_TOKEN,
    "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
    "client_id": "vault",
}


def _issuer(request: HttpRequest) -> str:
    return request.build_absolute_uri("/sso")


def metadata(request: HttpRequest) -> JsonResponse:
    """Where the provider's endpoints are."""
    issuer = _issuer(request)
    endpoints = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
    document = {"issuer": issuer, "grant_types_supported": [_EXCHANGE["grant_type"]]}
    return JsonResponse(document | {name: f"{issuer}/{at}" for name, at in endpoints.items()})


def keys(request: HttpRequest) -> JsonResponse:
    """The provider's key: that of ``public.pem``."""
    return JsonResponse(jwks(rsa_key("client")))


@csrf_exempt
def token(request: HttpRequest) -> JsonResponse:
    """An ID-JAG for the client that asks, and for the audience and scope that it asks for."""
    if not _EXCHANGE.items() <= request.POST.dict().items():
        return JsonResponse({"error": "invalid_request"}, status=400)
    id_jag = mint(
        rsa_key("client"),
        header={"typ": "oauth-id-jag+jwt", "kid": DROP},
        iss=_issuer(request),
        sub="alice",
        aud=request.POST["audience"],
        client_id=request.POST["client_id"],
        scope=request.POST["scope"],
    )
    answer = {"issued_token_type": _ID_JAG, "access_token": id_jag, "token_type": "N_A", "expires_in": 300}
    return JsonResponse(answer)


urlpatterns = [
    path(".well-known/openid-configuration", metadata),
    path(".well-known/oauth-authorization-server", metadata),
    path("jwks", keys),
    path("token", token),
]
