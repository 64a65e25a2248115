"""A database without the characters of a name: said as that, and not as a name that is taken."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DataError, IntegrityError

from oauth_jwt_grant.models import GrantRule
from oauth_jwt_grant.service_accounts import ServiceAccountError, create_service_account


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error", "text"),
    [
        (DataError("no equivalent in encoding LATIN1"), "the database cannot store a character of the name"),
        (IntegrityError("UNIQUE"), "already"),
    ],
    ids=["character", "name"],
)
def test_a_name_that_cannot_be_stored_is_not_said_to_be_taken(
    monkeypatch: pytest.MonkeyPatch, error: Exception, text: str
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise error

    monkeypatch.setattr(GrantRule, "save", fail)
    with pytest.raises(ServiceAccountError, match=text):
        create_service_account("robot", scopes="read", token_uri="https://as.example.com/o/token/")
