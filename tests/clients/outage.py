"""A middleware by which the first answer of the token endpoint gets lost, at one point or another on its way.

================  =======================================================================================
``BEFORE``        a proxy answers 503, and the site does not hear of the request
``ROLLED_BACK``   the site makes the token, but its database cannot keep it: 503, and nothing has happened
``AFTER``         the token is made and kept, but the proxy answers 503 in the place of the site
================  =======================================================================================
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse

BEFORE, ROLLED_BACK, AFTER = "before", "rolled back", "after"


class Outage:
    """Put it before the site's own; :attr:`kind` and :attr:`times` say what goes wrong, and how often."""

    kind = BEFORE
    times = 0

    def __init__(self, get_response: Any) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST" or Outage.times == 0:
            return self._get_response(request)
        Outage.times -= 1
        if Outage.kind == ROLLED_BACK:
            with transaction.atomic():
                status = self._get_response(request).status_code
                transaction.set_rollback(True)
        elif Outage.kind == AFTER:
            status = self._get_response(request).status_code
        else:
            status = 200
        assert status == 200, "the request was good"
        return HttpResponse("Out of order", status=503)
