"""A child that posts assertions: each line of its input is the body of one request to the token endpoint.

Writes the status and the ``error`` of each answer; a bare dash stands for none.
"""

from __future__ import annotations

import sys

import django

TOKEN_URL = "/o/token/"
FORM = "application/x-www-form-urlencoded"


def main() -> None:
    django.setup()
    # Only now: they import models.
    from django.test import Client
    from django.test.utils import setup_test_environment

    setup_test_environment(debug=False)
    client = Client(raise_request_exception=False)
    # The first request of a process imports the URLs and compiles statements; a race should be one of equals.
    client.post(TOKEN_URL, "grant_type=none", FORM)
    print("ready", flush=True)
    for line in sys.stdin:
        response = client.post(TOKEN_URL, line.rstrip("\n"), FORM)
        error = response.json().get("error", "-") if response["Content-Type"] == "application/json" else "-"
        print(response.status_code, error, flush=True)


if __name__ == "__main__":
    main()
