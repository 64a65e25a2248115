"""librdkafka, by the program of the manual: there is no broker here, but the token that it would show one."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from oauth2_provider.models import get_access_token_model

from tests.factories import b64

from .programs import is_pinned
from .sent import SENT, sent
from .test_python import assert_used_up

TITLE = "confluent-kafka"
pytestmark = pytest.mark.parametrize("site", ["wsgi"], indirect=True)


def jwt_access_token(request: Any, refresh_token: bool = False) -> str:
    """An access token as far as the client looks into it."""
    claims = {"sub": request.user.get_username(), "exp": int(time.time()) + request.expires_in}
    return ".".join((b64(json.dumps({"alg": "RS256"})), b64(json.dumps(claims)), b64(b"signature")))


def run(site) -> str:
    """What the client says; it got a token, for an assertion that it made itself."""
    site.set_up(TITLE)
    done = site.run_program(TITLE, "python")
    assert done.returncode == 0, done.stderr
    if is_pinned("python"):
        assert sent(site.last) == SENT[TITLE]
    assert get_access_token_model().objects.get().scope == "read"
    assert_used_up(site)
    return done.stdout


def test_a_token_that_is_a_jwt_is_taken(site, needs, settings):
    needs("confluent_kafka")
    generator = {"ACCESS_TOKEN_GENERATOR": "tests.clients.test_kafka.jwt_access_token"}
    settings.OAUTH2_PROVIDER = settings.OAUTH2_PROVIDER | generator
    said = run(site)
    # It has gone on to the broker.
    assert "kafka.acme.example" in said
    assert "OAUTHBEARER" not in said


def test_another_token_is_not(site, needs):
    needs("confluent_kafka")
    said = run(site)
    assert (
        'Failed to acquire SASL OAUTHBEARER token: Expected JSON response with "id_token" field'
        in said.replace("\\", "")
    )
