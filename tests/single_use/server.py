"""A child that serves the test site over HTTP and stops for ever at one point of a token request.

``python -m tests.single_use.server [POINT]`` prints its port, then the point once it is
there; it can only be killed then. The points, in the order of a request:

``before-token``    nothing is written yet
``after-token``     the token's row is written, the decision's is not
``after-decision``  both are written, nothing is committed
``before-answer``   all is committed, and nobody has been told
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from .processes import become_children


def stop(point: str) -> None:
    """Say so, and never go on."""
    print(point, flush=True)
    threading.Event().wait()


def stop_at(point: str) -> None:
    """Have each connection stop before or after the insertion that ``point`` names."""
    from oauth2_provider.models import get_access_token_model

    from oauth_jwt_grant.models import Decision

    when, _, what = point.partition("-")
    model = {"token": get_access_token_model(), "decision": Decision}[what]
    insertion = f"INSERT INTO {connection.ops.quote_name(model._meta.db_table)}"

    def wrapper(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(insertion) and when == "before":
            stop(point)
        result = execute(sql, params, many, context)
        if sql.startswith(insertion):
            stop(point)
        return result

    def install(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
        if wrapper not in connection.execute_wrappers:
            connection.execute_wrappers.append(wrapper)

    connection_created.connect(install, weak=False)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def main(point: str | None = None) -> None:
    django.setup()
    application = get_wsgi_application()
    if point and point != "before-answer":
        stop_at(point)
    become_children()

    def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        answer = application(environ, start_response)
        if point == "before-answer":
            stop(point)
        return answer

    server = make_server("127.0.0.1", 0, serve, _Server, _Handler)
    print("ready", flush=True)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
