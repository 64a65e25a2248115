"""An API that asks for claims: plain views, views of django-oauth-toolkit, and REST framework."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.urls import include, path
from django.utils.decorators import method_decorator
from django.views import View
from oauth2_provider.contrib.rest_framework import OAuth2Authentication, TokenHasScope
from oauth2_provider.views import ProtectedResourceView
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from oauth_jwt_grant.resources import HasClaim, claim_required, claims_of
from tests.dot import protected_resource

REPOSITORY = HasClaim("repository", "acme/website")
REF = HasClaim("ref", "main")


def answer(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"claims": claims_of(request), "user": str(getattr(request, "resource_owner", None))})


@claim_required("repository", "acme/website")
@transaction.non_atomic_requests
async def later(request: HttpRequest) -> JsonResponse:
    return answer(request)


@method_decorator(claim_required("repository", "acme/website"), name="dispatch")
class Plain(View):
    def get(self, request: HttpRequest) -> JsonResponse:
        return answer(request)


class Protected(ProtectedResourceView):
    """Checked by django-oauth-toolkit, and then by us."""

    @method_decorator(claim_required("repository", "acme/website", scopes=["read"]))
    def get(self, request: HttpRequest) -> JsonResponse:
        return answer(request)


class Reading(ProtectedResourceView):
    def get(self, request: HttpRequest) -> JsonResponse:
        return answer(request)


class Never(BasePermission):
    """Refuses with a message of another kind, as DOT's permissions can."""

    def __init__(self) -> None:
        self.message = {"required": "much"}

    def has_permission(self, request: Any, view: Any) -> bool:
        return False


class Owns(BasePermission):
    """Looks at the object alone."""

    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        return bool(obj == "own")


class OtherAuthentication(BaseAuthentication):
    """Knows nothing of access tokens."""

    def authenticate(self, request: Any) -> Any:
        return object(), request.headers["X-Auth"]


class Rest(APIView):
    authentication_classes = (OAuth2Authentication,)
    renderer_classes = (JSONRenderer,)
    required_scopes = ("read",)

    def get(self, request: Any) -> Response:
        self.check_object_permissions(request, request.GET.get("object"))
        return Response({"claims": claims_of(request)})


def rest(*permissions: Any, **attributes: Any) -> Any:
    return type("View", (Rest,), {"permission_classes": permissions, **attributes}).as_view()


PLAIN = {
    "plain": claim_required("repository", "acme/website")(answer),
    "async": later,
    "class": Plain.as_view(),
    "protected": Protected.as_view(),
}
OTHERS = {
    "open": answer,
    "reading": Reading.as_view(),
    "protected-resource": protected_resource()(answer),
    "two": claim_required("repository", "acme/website")(claim_required("ref", "main")(answer)),
    "scopes": claim_required("repository", scopes=["read", "admin"])(answer),
    "more-scopes": claim_required("repository")(claim_required("ref", scopes=["admin"])(answer)),
}
REST = {
    "rest": rest(REPOSITORY),
    "rest-list": rest(IsAuthenticated, TokenHasScope, REPOSITORY),
    "rest-after": rest(IsAuthenticated & REPOSITORY),
    "rest-before": rest(REPOSITORY & TokenHasScope),
    "rest-or": rest(REPOSITORY | REF),
    "rest-and": rest(REPOSITORY & REF),
    "rest-or-after": rest(Never | REPOSITORY),
    "rest-or-message": rest(REPOSITORY | Never),
    "rest-nested": rest((Never | REPOSITORY) & (IsAuthenticated & REF)),
    "rest-three": rest((IsAuthenticated & TokenHasScope) & (REPOSITORY & REF)),
    "rest-others": rest(Never & REPOSITORY),
    "rest-not": rest(~REPOSITORY),
    "rest-object": rest(REPOSITORY & Owns),
    "rest-object-or": rest(REPOSITORY | (TokenHasScope & Owns)),
    "rest-elsewhere": rest(REPOSITORY, authentication_classes=(OtherAuthentication,)),
}

urlpatterns = [
    *(path(f"{name}/", view) for name, view in (PLAIN | OTHERS | REST).items()),
    path("o/", include("oauth_jwt_grant.endpoints")),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
]
