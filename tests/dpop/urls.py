"""Every way in which django-oauth-toolkit lets an access token open something, and its own endpoints."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from oauth2_provider.contrib.rest_framework import OAuth2Authentication, TokenHasScope
from oauth2_provider.views import (
    ClientProtectedResourceView,
    ProtectedResourceMetadataView,
    ProtectedResourceView,
    ReadWriteScopedResourceView,
    ScopedProtectedResourceView,
)
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from oauth_jwt_grant.oauth2_validators import JWTBearerOAuth2Validator
from oauth_jwt_grant.servers import JWTBearerServer
from tests.dot import protected_resource, rw_protected_resource

OURS: dict[str, Any] = {"validator_cls": JWTBearerOAuth2Validator, "server_cls": JWTBearerServer}


def answer(request: HttpRequest) -> HttpResponse:
    return HttpResponse("in")


def whoami(request: HttpRequest) -> HttpResponse:
    """The user that a middleware has found, and the token."""
    token = getattr(request, "access_token", None)
    return HttpResponse(f"{request.user} {token is not None}")


def view_of(base: type, **attributes: Any) -> Any:
    """A view that extends ``base`` and answers to GET and POST."""
    methods = {name: lambda self, request: answer(request) for name in ("get", "post")}
    return type("View", (base,), {**methods, **attributes}).as_view()


class RestView(APIView):
    """Django REST framework with django-oauth-toolkit's authentication."""

    authentication_classes = (OAuth2Authentication,)
    permission_classes = (TokenHasScope,)
    renderer_classes = (JSONRenderer,)
    required_scopes = ("read",)

    def get(self, request: Any) -> Response:
        return Response("in")

    post = get


#: Those that ask the classes of the site's settings, or are given ours: a proof opens them.
OPENED = {
    "protected_resource with our classes": protected_resource(["read"], **OURS)(answer),
    "rw_protected_resource with our classes": rw_protected_resource(**OURS)(answer),
    "ProtectedResourceView": view_of(ProtectedResourceView),
    "ProtectedResourceMetadataView": view_of(ProtectedResourceMetadataView),
    "ScopedProtectedResourceView": view_of(ScopedProtectedResourceView, required_scopes=["read"]),
    "ReadWriteScopedResourceView": view_of(ReadWriteScopedResourceView),
    "ClientProtectedResourceView": view_of(ClientProtectedResourceView),
    "REST framework": RestView.as_view(),
}
#: Those that ask django-oauth-toolkit's own classes: no bound token opens them.
CLOSED = {
    "protected_resource": protected_resource()(answer),
    "protected_resource with our server": protected_resource(server_cls=JWTBearerServer)(answer),
    "protected_resource with our validator": protected_resource(validator_cls=JWTBearerOAuth2Validator)(
        answer
    ),
    "rw_protected_resource": rw_protected_resource()(answer),
}
WAYS = OPENED | CLOSED


def slug(name: str) -> str:
    return name.replace(" ", "-")


urlpatterns = [
    *(path(f"{slug(name)}/", view) for name, view in WAYS.items()),
    path("whoami/", whoami),
    path("o/", include("oauth_jwt_grant.endpoints")),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
]
