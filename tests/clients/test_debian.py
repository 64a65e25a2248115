"""Client libraries for Go, Ruby, R and Java, by the programs of the manual; Debian packages them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from .programs import GOPATH, of_java
from .sent import parts
from .test_python import assert_used_up

ACCOUNT = {"user": "nightly@service-accounts.localhost", "client_id": None, "scope": "read"}


@pytest.mark.parametrize(
    ("title", "language", "needed"),
    [
        ("oauth2/google (Go)", "go", ("$go", GOPATH / "src/golang.org/x/oauth2/google")),
        ("googleauth (Ruby)", "ruby", ("$ruby", "gem:googleauth")),
        ("httr (R)", "r", ("$Rscript", Path("/usr/lib/R/site-library/httr"))),
    ],
)
def test_service_account(site, needs, title, language, needed):
    needs(*needed)
    site.set_up(title)
    assert site.answer(title, language) == ACCOUNT
    if language == "ruby":
        assert parts(site.last)[1]["iat"] <= time.time() - 60
    # No jti, and times in whole seconds: two processes may send the same bytes.
    assert site.repeat()[0] == 200


def test_service_account_in_java(site, needs):
    needs(*of_java())
    title = "google-auth-library (Java)"
    site.set_up(title)
    assert site.run_program(title, "sh").returncode == 0
    assert site.answer(title, "java") == ACCOUNT
    assert site.repeat()[0] == 200


@pytest.mark.parametrize(
    ("title", "language", "needed"),
    [
        ("oauth2/jwt (Go)", "go", ("$go", GOPATH / "src/golang.org/x/oauth2/jwt")),
        ("signet (Ruby)", "ruby", ("$ruby", "gem:signet")),
    ],
)
def test_with_an_issuer_for_anybody(site, needs, title, language, needed):
    needs(*needed)
    site.set_up(title)
    assert site.answer(title, language) == {"user": "bot", "client_id": None, "scope": "read"}
    # No jti either, but what has been signed counts.
    assert_used_up(site)
