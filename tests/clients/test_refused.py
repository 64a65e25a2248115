"""Client libraries that break the RFC, by the programs of the manual: what they are told."""

from __future__ import annotations

import pytest
from oauth2_provider.models import get_access_token_model

from .conftest import PAGE
from .tunnel import tunnel

TITLE = "Clients that are refused"


@pytest.mark.parametrize(
    ("client", "language", "needed"),
    [
        ("simple-salesforce (Python)", "python", ("simple_salesforce",)),
        ("google-oauth-jwt (Node.js)", "js", ("$node", "npm:google-oauth-jwt")),
        ("oauth2 (Ruby)", "ruby", ("$ruby", "gem:oauth2")),
    ],
)
def test_the_answer_is_that_of_the_table(site, needs, settings, client, language, needed):
    needs(*needed)
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "login.salesforce.com"]
    site.set_up(TITLE)
    with tunnel(site.port) as proxy:
        done = site.run_program(TITLE, language, HTTPS_PROXY=proxy, NO_PROXY="localhost")
    assert done.returncode == 0, done.stderr
    error, _, text = answer_in_the_table(client).partition(": ")
    assert error.strip("`") in done.stdout
    assert text in done.stdout
    assert site.last.status == 400
    assert not get_access_token_model().objects.exists()


def answer_in_the_table(client: str) -> str:
    """The last cell of the row."""
    (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| {client} |"))
    return row.strip("| ").split(" | ")[-1]
