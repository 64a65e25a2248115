"""Files that are sent while they are written."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header


def csv_file(request: HttpRequest, name: str, pieces: Iterator[str]) -> StreamingHttpResponse:
    """CSV called ``name`` (RFC 4180) with a head, sent a piece at a time: no memory grows with it."""
    content = _awaited(pieces) if isinstance(request, ASGIRequest) else pieces
    response = StreamingHttpResponse(content, content_type="text/csv; charset=utf-8; header=present")
    response["Content-Disposition"] = content_disposition_header(True, name)
    return response


async def _awaited(pieces: Iterator[str]) -> AsyncIterator[str]:
    """The same for a server that would otherwise wait for the whole of it (ASGI)."""
    following: Any = sync_to_async(next)
    while (piece := await following(pieces, None)) is not None:
        yield piece
