"""What is stored, or read by programs, is English whatever the language of the site is."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.validators import MaxLengthValidator

from oauth_jwt_grant.admin.shared.history import tell_values
from oauth_jwt_grant.assertion import AssertionRefused, Reason, verbatim
from oauth_jwt_grant.checks import CHECKS
from oauth_jwt_grant.models import GrantRule, TrustedIssuer
from oauth_jwt_grant.subjects import faults_of
from tests.factories import ISSUER, ec_key, jwks

from .pseudo import LANGUAGE, is_translated, write_catalogue

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_another_language(tmp_path, settings) -> None:
    write_catalogue(tmp_path)
    settings.LOCALE_PATHS = [tmp_path]
    settings.LANGUAGE_CODE = LANGUAGE


def test_the_site_speaks_another_language() -> None:
    assert is_translated(str(TrustedIssuer._meta.verbose_name))


def test_a_command_speaks_english() -> None:
    out = io.StringIO()
    call_command("trustissuer", "--list-presets", stdout=out)
    assert "github-actions: GitHub Actions" in out.getvalue()
    assert not is_translated(out.getvalue())


def test_a_check_speaks_english() -> None:
    issuer = TrustedIssuer.objects.create(
        name="Example", issuer=ISSUER, key_source="inline", jwks=jwks(ec_key())
    )
    issuer.rules.create(name="deploy", scopes="read", default_scopes="write")
    (check,) = (one.check for one in CHECKS if one.check.__name__ == "check_trust")
    messages = [message.msg for message in check(databases=["default"])]
    assert any("Not among the scopes: write" in message for message in messages), messages
    assert not any(map(is_translated, messages))


def test_what_a_user_model_refuses_is_stored_in_english() -> None:
    with pytest.raises(ValidationError) as raised:
        MaxLengthValidator(3)("four")
    assert is_translated(raised.value.messages[0])
    assert not is_translated(faults_of(raised.value))


def test_a_refusal_is_stored_in_english() -> None:
    refused = AssertionRefused(Reason.NO_RULE, detail="what a site says")
    assert refused.explanation == "what a site says"
    assert refused.detail.translated(lambda *_: "translated") == verbatim("what a site says")


def test_the_history_is_written_in_english() -> None:
    class Form:
        fields: dict[str, Any] = {"scopes": GrantRule._meta.get_field("scopes").formfield()}  # noqa: RUF012
        changed_data = ("scopes",)
        initial: dict[str, Any] = {"scopes": "read"}  # noqa: RUF012
        cleaned_data: dict[str, Any] = {"scopes": "write"}  # noqa: RUF012

    ((entry),) = tell_values([{"changed": {"fields": ["scopes"]}}], Form())
    assert entry == {"changed": {"fields": ['Scopes ("read" \u2192 "write")']}}
