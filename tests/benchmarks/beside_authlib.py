"""One token beside the same grant in Authlib's server for Flask, in one process, on SQLite files.

Run it with ``python -m tests.benchmarks.beside_authlib [--requests N]``; Flask and
Flask-SQLAlchemy have to be installed.
"""

from __future__ import annotations

import argparse
import base64
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from ..factories import ISSUER, jwks
from .authlib_server import make_app
from .databases import test_databases
from .grant_cost import GRANT_TYPE, SECRET, Site, post

Data = dict[str, str]

_numbers = count()


def main() -> None:
    """Print the medians of both servers, for this grant and for ``client_credentials``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=400, help="of each kind")
    options = parser.parse_args()
    with test_databases(), tempfile.TemporaryDirectory() as folder:
        site = Site()
        site.allow("anonymous", default_application=site.application)
        app = make_app(Path(folder) / "authlib.sqlite3", ISSUER, jwks(site.key), SECRET)
        for name, median in medians(kinds(site, app.test_client()), options.requests).items():
            print(f"sqlite {name}: {median:.2f} ms")


def kinds(site: Site, flask: Any) -> dict[str, tuple[Callable[[], Data], Callable[[Data], object]]]:
    """What is timed, by name: what makes the parameters, and what posts them."""
    secret = base64.b64encode(f"bench:{SECRET}".encode()).decode()

    def to_authlib(data: Data) -> None:
        answer = flask.post("/token", data=data, headers={"Authorization": f"Basic {secret}"})
        if answer.status_code != 200:
            raise SystemExit(f"{answer.status_code}: {answer.data!r}")

    def assertion() -> Data:
        return {"grant_type": GRANT_TYPE, "assertion": site.assertion(next(_numbers)), "scope": "read"}

    def own() -> Data:
        return {"grant_type": "client_credentials", "scope": "read"}

    return {
        "this grant, no client": (assertion, lambda data: post(site, data)),
        "Authlib's, no client": (assertion, to_authlib),
        "django-oauth-toolkit's client_credentials": (own, lambda data: post(site, data, **site.basic())),
        "Authlib's client_credentials": (own, to_authlib),
    }


def medians(
    kinds: dict[str, tuple[Callable[[], Data], Callable[[Data], object]]], requests: int
) -> dict[str, float]:
    """Milliseconds of each kind, asked in turn."""
    times: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(requests + 10):
        for name, (make, ask) in kinds.items():
            data = make()
            started = time.perf_counter()
            ask(data)
            times[name].append((time.perf_counter() - started) * 1000)
    return {name: statistics.median(values[10:]) for name, values in times.items()}


if __name__ == "__main__":
    main()
