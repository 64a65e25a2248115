"""Middleware of a site that reads what is posted, at each moment at which it can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

View = Callable[[HttpRequest], HttpResponse]


def reads_before(get_response: View) -> View:
    def middleware(request: HttpRequest) -> HttpResponse:
        posted = request.POST
        assert posted is not None
        return get_response(request)

    return middleware


def reads_after(get_response: View) -> View:
    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        posted = request.POST
        assert posted is not None
        return response

    return middleware


class _Middleware:
    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)


class ReadsInProcessView(_Middleware):
    def process_view(self, request: HttpRequest, view: Any, *arguments: Any) -> None:
        posted = request.POST
        assert posted is not None


class ReadsInProcessException(_Middleware):
    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Fails itself, so that its own frame is reported."""
        posted = request.POST
        raise RuntimeError(f"{len(posted)} parameters") from exception


#: What a site may have in its ``MIDDLEWARE``.
READERS: dict[str, list[Any]] = {
    "no middleware": [],
    "middleware that reads": [reads_before, reads_after, ReadsInProcessView],
    "middleware that fails": [ReadsInProcessException],
}
