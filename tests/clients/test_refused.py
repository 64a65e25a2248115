"""Client libraries that break the RFC, by the programs of the manual: what they are told."""

from __future__ import annotations

import pytest
from oauth2_provider.models import get_access_token_model

from . import server
from .conftest import PAGE
from .sent import parts
from .tunnel import tunnel

TITLE = "Clients that are refused"


@pytest.mark.parametrize(
    ("client", "language", "number", "needed"),
    [
        ("simple-salesforce (Python)", "python", 0, ("simple_salesforce",)),
        ("google-oauth-jwt (Node.js)", "js", 0, ("$node", "npm:google-oauth-jwt")),
        ("oauth2 (Ruby)", "ruby", 0, ("$ruby", "gem:oauth2")),
    ],
)
def test_the_answer_is_that_of_the_table(site, needs, settings, client, language, number, needed):
    needs(*needed)
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "login.salesforce.com"]
    site.set_up(TITLE)
    with tunnel(site.port) as proxy:
        done = site.run_program(TITLE, language, number, HTTPS_PROXY=proxy, NO_PROXY="localhost")
    assert done.returncode == 0, done.stderr
    error, _, text = answer_in_the_table(client).partition(": ")
    assert error.strip("`") in done.stdout
    assert text in done.stdout
    assert site.last.status == 400
    assert not get_access_token_model().objects.exists()


@pytest.mark.parametrize("site", ["asgi"], indirect=True)
def test_the_salesforce_cli_counts_in_milliseconds(site, needs):
    needs("$node", "npm:@salesforce/core")
    site.set_up(TITLE)
    # After our answer it tries Salesforce's own hosts, which are nobody's here.
    done = site.run_program(TITLE, "js", 1)
    assert done.returncode == 0, done.stderr
    error, _, text = answer_in_the_table(
        "Salesforce CLI (Node.js), by its package `@salesforce/core`"
    ).partition(": ")
    assert text in done.stdout
    for request in server.Recorder.posted:
        _, claims = parts(request)
        assert claims["exp"] > 1000 * claims["iat"]
        assert (request.status, request.headers["Transfer-Encoding"]) == (400, "chunked")
    assert site.repeat() == (400, {"error": error.strip("`"), "error_description": text})
    assert not get_access_token_model().objects.exists()


def answer_in_the_table(client: str) -> str:
    """The last cell of the row."""
    (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| {client} |"))
    return row.strip("| ").split(" | ")[-1]
