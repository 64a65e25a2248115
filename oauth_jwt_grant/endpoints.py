"""DOT's endpoints with this grant: mounted at the same paths as DOT's, and before them.

``path("o/", include("oauth_jwt_grant.endpoints"))``. They have no names of their own, so
:func:`~django.urls.reverse` still finds DOT's, which have the same paths.
"""

from __future__ import annotations

from django.urls import path

from .views import IntrospectTokenView, JWTBearerTokenView

urlpatterns = [
    path("token/", JWTBearerTokenView.as_view()),
    path("introspect/", IntrospectTokenView.as_view()),
]
