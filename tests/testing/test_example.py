"""The example of docs/testing.md: how a site tests its API with an issuer of its own."""

from __future__ import annotations

import pytest
from django.test import TestCase

from oauth_jwt_grant.testing import TestIssuer
from oauth_jwt_grant.testing.fixtures import jwt_issuer  # noqa: F401 (in a site: in conftest.py)


@pytest.mark.django_db
def test_a_job_of_our_repository_gets_a_token(jwt_issuer):  # noqa: F811
    answers = {"owner_id": "90210", "repository_id": "770123456"}
    jwt_issuer.trust(preset="github-actions", answers=answers, scopes="read")

    assert jwt_issuer.post(jwt_issuer.mint()).status_code == 200
    assert jwt_issuer.post(jwt_issuer.mint(repository_id="1")).status_code == 400


class TokenTest(TestCase):
    def test_what_is_broken_gets_none(self):
        issuer = TestIssuer()
        issuer.trust(scopes=["read", "write"], recorded_claims=["repository"])

        answer = issuer.post(issuer.mint(repository="acme/website"), scope="read")
        assert answer.json()["scope"] == "read"
        broken = [issuer.mint_expired(), issuer.mint_for_other_audience(), issuer.mint_with_other_key()]
        for assertion in broken:
            assert issuer.post(assertion).json()["error"] == "invalid_grant"
