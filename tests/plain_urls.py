"""The test site with django-oauth-toolkit's endpoints as they are."""

from __future__ import annotations

from django.urls import include, path

from . import urls

urlpatterns = [
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("", include(urls)),
]
