"""A bucket of Google Cloud Storage, as far as clients read one, behind the site's access tokens.

It answers at the paths of Google's API. A client needs an access token with Google's scope.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from oauth2_provider.views import ScopedProtectedResourceView

_AUTH = "https://www.googleapis.com/auth"
SCOPE = f"{_AUTH}/devstorage.read_write"
#: What Google's own clients ask for, whatever they are to do.
LIBRARY = [f"{_AUTH}/devstorage.full_control", f"{_AUTH}/devstorage.read_only", SCOPE]
COMMAND = [
    "openid",
    *(
        f"{_AUTH}/{name}"
        for name in ("userinfo.email", "cloud-platform", "appengine.admin", "sqlservice.login", "compute")
    ),
]
NAME = "backups"
#: The bucket's objects.
OBJECTS: dict[str, bytes] = {}


class Listing(ScopedProtectedResourceView):
    """The objects under a prefix; with a delimiter, one level."""

    required_scopes = (SCOPE,)

    def get(self, request: HttpRequest) -> HttpResponse:
        prefix, delimiter = request.GET.get("prefix", ""), request.GET.get("delimiter")
        items, prefixes = [], set()
        for name in sorted(OBJECTS):
            if not name.startswith(prefix):
                continue
            first, found, _ = name[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
            if found:
                prefixes.add(prefix + first + found)
            else:
                items.append(_metadata(request, name))
        return JsonResponse({"kind": "storage#objects", "items": items, "prefixes": sorted(prefixes)})


class Object(ScopedProtectedResourceView):
    """What is known of an object, or its content."""

    required_scopes = (SCOPE,)

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        if name not in OBJECTS:
            return JsonResponse({"error": {"code": 404, "message": "No such object"}}, status=404)
        if request.GET.get("alt") == "media" or request.path.startswith(f"/{NAME}/"):
            return _content(request, OBJECTS[name])
        return JsonResponse(_metadata(request, name))


def _metadata(request: HttpRequest, name: str) -> dict[str, Any]:
    content = OBJECTS[name]
    return {
        "kind": "storage#object",
        "name": name,
        "bucket": NAME,
        "size": str(len(content)),
        "md5Hash": base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode(),
        "updated": "2026-01-01T00:00:00.000Z",
        "mediaLink": request.build_absolute_uri(f"/{NAME}/{name}"),
    }


def _content(request: HttpRequest, content: bytes) -> HttpResponse:
    """The content, or the range of it that is asked for."""
    first, _, last = request.headers.get("Range", "bytes=-").removeprefix("bytes=").partition("-")
    start, end = int(first or 0), min(int(last or len(content) - 1) + 1, len(content))
    response = HttpResponse(content[start:end], content_type="application/octet-stream")
    if "Range" in request.headers:
        response.status_code = 206
        response["Content-Range"] = f"bytes {start}-{end - 1}/{len(content)}"
    return response


urlpatterns = [
    path("o/", include("oauth_jwt_grant.endpoints")),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path(f"storage/v1/b/{NAME}/o", Listing.as_view()),
    path(f"storage/v1/b/{NAME}/o/<path:name>", Object.as_view()),
    path(f"download/storage/v1/b/{NAME}/o/<path:name>", Object.as_view()),
    path(f"{NAME}/<path:name>", Object.as_view()),
]
