"""What sites write down, held against the list of what is public: nothing of it changes unseen."""

from __future__ import annotations

import difflib

import pytest

from tests.public import LIST, documented, lines, load


def test_what_is_public_is_what_the_list_has():
    listed = LIST.read_text().splitlines()
    changes = list(difflib.unified_diff(listed, lines(), "tests/public.txt", "the code", lineterm="", n=0))
    hint = "this is public: see CONTRIBUTING on deprecations. Then write the list: python -m tests.public"
    assert not changes, "\n".join([hint, *changes])


@pytest.mark.parametrize("path", sorted(documented()))
def test_a_documented_name_can_be_imported_from_its_path(path):
    load(path)


def test_names_that_settings_and_extensions_need_are_documented():
    """So that the list does not become empty without a sound."""
    wanted = {
        "oauth_jwt_grant.decision.Question",
        "oauth_jwt_grant.oauth2_validators.JWTBearerValidatorMixin",
        "oauth_jwt_grant.subjects.Provisioner",
        "oauth_jwt_grant.subjects.Resolver",
        "oauth_jwt_grant.testing.fixtures.jwt_issuer",
        "oauth_jwt_grant.trust.Issuer",
        "oauth_jwt_grant.views.JWTBearerTokenViewMixin",
    }
    assert wanted <= documented().keys()
