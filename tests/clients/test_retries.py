"""Clients that send the same assertion again after a 5xx, by the programs of the manual.

An assertion is used up with the token and not before: where no token came of it, the next try gets one.
"""

from __future__ import annotations

import pytest
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.models import TrustedIssuer

from . import server
from .outage import AFTER, BEFORE, ROLLED_BACK, Outage
from .programs import of_java
from .test_python import assert_used_up

pytestmark = pytest.mark.parametrize("site", ["wsgi"], indirect=True)

#: The section, the language, and what is needed.
CLIENTS = [
    pytest.param("google-auth", "python", ("google.auth",), id="google-auth"),
    pytest.param("Box SDK", "python", ("box_sdk_gen",), id="Box"),
    pytest.param("google-auth-library (Node.js)", "js", ("$node", "npm:google-auth-library"), id="node"),
    pytest.param("Box SDK (Node.js)", "js", ("$node", "npm:box-node-sdk"), id="Box-node"),
    pytest.param("google-auth-library (Java)", "java", tuple(of_java()), id="java"),
]


@pytest.fixture
def fails(site, monkeypatch):
    """Let a number of token requests fail in this way, and let each assertion be good for one token only."""

    def _fails(kind: str, times: int = 1) -> None:
        TrustedIssuer.objects.update(replay_policy="once")
        monkeypatch.setattr(Outage, "kind", kind)
        monkeypatch.setattr(Outage, "times", times)

    return _fails


def prepare(site, title, language):
    site.set_up(title)
    if language == "java":
        assert site.run_program(title, "sh").returncode == 0


@pytest.mark.parametrize("kind", [BEFORE, ROLLED_BACK])
@pytest.mark.parametrize(("title", "language", "needed"), CLIENTS)
def test_the_same_assertion_gets_its_token_at_the_second_try(
    site, needs, fails, title, language, needed, kind
):
    needs(*needed)
    prepare(site, title, language)
    fails(kind)
    assert site.answer(title, language)["scope"] == "read"
    first, second = server.Recorder.posted
    assert (first.status, second.status) == (503, 200)
    assert first.body == second.body
    assert get_access_token_model().objects.count() == 1
    assert_used_up(site)


def test_a_token_whose_answer_got_lost_is_not_given_twice(site, needs, fails):
    needs("box_sdk_gen")
    prepare(site, "Box SDK", "python")
    fails(AFTER)
    done = site.run_program("Box SDK", "python")
    assert done.returncode != 0
    assert "has been used before" in done.stderr
    first, second = server.Recorder.posted
    assert (first.status, second.status) == (503, 400)
    assert first.body == second.body
    assert get_access_token_model().objects.count() == 1


def test_a_service_account_gets_over_a_lost_answer(site, needs, fails):
    """Without a ``jti`` its assertions may be used again, which is what its issuer is set to."""
    needs("google.auth")
    prepare(site, "google-auth", "python")
    fails(AFTER)
    TrustedIssuer.objects.update(replay_policy="once_if_jti")
    assert site.python("google-auth")["scope"] == "read"
    first, second = server.Recorder.posted
    assert (first.status, second.status) == (503, 200)
    assert first.body == second.body
