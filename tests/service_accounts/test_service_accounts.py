"""``createserviceaccount``: the account, its key file, the tokens it brings, and the rotation of its keys."""

from __future__ import annotations

import io
import json
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.core.management.base import CommandError
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.models import Decision, GrantRule, LinkedSubject, TrustedIssuer
from oauth_jwt_grant.service_accounts import (
    GOOGLE_AUDIENCE,
    ServiceAccountError,
    add_key,
    check_token_uri,
    create_service_account,
    default_token_uri,
    find_service_account,
    key_uses,
    keys_fingerprint,
)
from tests.factories import DROP, GRANT_TYPE, Key, mint
from tests.management.conftest import Result
from tests.support import assert_granted, assert_refused, make_application, make_user, post

pytestmark = pytest.mark.django_db

IDENTIFIER = "bot@service-accounts.as.example.com"
TOKEN_URI = "https://as.example.com/o/token/"


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    """Run a command; an error's text counts as printed."""
    out = io.StringIO()
    try:
        call_command(*arguments, stdout=out)
    except CommandError as error:
        return Result(error.returncode, out.getvalue(), str(error))
    return Result(0, out.getvalue(), "")


@pytest.fixture
def account() -> dict[str, str]:
    """The key file of an account ``bot`` with the scopes ``read`` and ``write``."""
    result = run("createserviceaccount", "bot", "--scopes", "read write")
    assert result.status == 0, result.err
    return json.loads(Path("bot.json").read_text())


def key_of(key_file: dict[str, str]) -> Key:
    private = load_pem_private_key(key_file["private_key"].encode(), None)
    return Key(key_file["private_key_id"], "RS256", private)


def ask(key_file: dict[str, str], **claims: Any) -> Any:
    """Post what Google's libraries post: no ``sub``, no ``jti``, an hour long."""
    assertion = mint(
        key_of(key_file),
        **{"iss": key_file["client_email"], "sub": DROP, "jti": DROP, "aud": key_file["token_uri"], **claims},
    )
    return post([("grant_type", GRANT_TYPE), ("assertion", assertion)])


def rows() -> int:
    models = (TrustedIssuer, GrantRule, LinkedSubject, get_user_model())
    return sum(model.objects.count() for model in models)


def test_the_key_file_has_what_googles_libraries_read(account):
    assert account["type"] == "service_account"
    assert account["client_email"] == account["client_id"] == IDENTIFIER
    assert account["token_uri"] == TOKEN_URI
    assert account["project_id"] == "as.example.com"
    assert key_of(account).private.key_size == 2048
    # With a universe of its own, google-auth would sign for the API itself and never ask for a token.
    assert "universe_domain" not in account


def test_only_the_owner_can_read_the_key_file(account):
    assert stat.S_IMODE(Path("bot.json").stat().st_mode) == 0o600


def test_nothing_of_the_private_key_is_kept(account):
    issuer = TrustedIssuer.objects.get()
    (jwk,) = issuer.jwks["keys"]
    assert jwk.keys() == {"kty", "n", "e", "kid", "use", "alg", "iat"}
    assert jwk["kid"] == account["private_key_id"]


def test_the_key_is_not_printed():
    result = run("createserviceaccount", "bot", "--scopes", "read")
    assert IDENTIFIER in result.out
    assert "PRIVATE KEY" not in result.out + result.err
    assert "PRIVATE KEY" not in repr(create_service_account("other", scopes="read"))


def test_the_user_cannot_log_in_and_is_nobody_special(account):
    user = get_user_model().objects.get()
    assert user.get_username() == IDENTIFIER
    assert not user.has_usable_password()
    assert not user.is_staff
    assert not user.is_superuser


def test_the_new_user_gets_groups_and_one_who_is_there_does_not():
    group = Group.objects.create(name="deployers")
    grouped = ["--scopes", "read", "--group", "deployers"]
    assert run("createserviceaccount", "bot", *grouped).status == 0
    assert list(LinkedSubject.objects.get().user.groups.all()) == [group]
    user = make_user("robot")
    for name, flags, error in (
        ("two", [*grouped, "--user", user.get_username()], "--group: only for a new user"),
        ("two", [*grouped, "--group", "nobodys"], "--group: there is no group nobodys"),
        ("bot", ["--add-key", "--group", "deployers"], "--group: only for a new service account"),
    ):
        done = run("createserviceaccount", name, *flags)
        assert done.status != 0
        assert error in done.err
    assert TrustedIssuer.objects.count() == 1


def test_a_token_for_the_service_user(account):
    answer = assert_granted(ask(account))
    assert answer["scope"] == "read write"
    token = get_access_token_model().objects.get()
    assert token.user.get_username() == IDENTIFIER
    assert token.application is None


@pytest.mark.parametrize("aud", [TOKEN_URI, "https://as.example.com", GOOGLE_AUDIENCE])
def test_audiences_that_are_accepted(account, aud):
    assert_granted(ask(account, aud=aud))


def test_the_audience_of_google_can_be_left_out():
    run("createserviceaccount", "bot", "--scopes", "read", "--no-google-audience")
    assert_refused(ask(json.loads(Path("bot.json").read_text()), aud=GOOGLE_AUDIENCE))


def test_an_hour_is_accepted_where_the_site_allows_less(account, settings):
    settings.OAUTH_JWT_GRANT = settings.OAUTH_JWT_GRANT | {"MAX_LIFETIME": 60}
    now = int(time.time())
    assert_granted(ask(account, iat=now, exp=now + 3600))


def test_the_same_bytes_twice_within_a_second(account):
    now = int(time.time())
    for _ in range(2):
        assert_granted(ask(account, iat=now, exp=now + 3600))


def test_a_jti_makes_it_single_use(account):
    now = int(time.time())
    claims = {"iat": now, "exp": now + 3600, "jti": "one"}
    assert_granted(ask(account, **claims))
    assert_refused(ask(account, **claims))


def test_a_subject_is_refused_until_it_is_linked(account):
    alice = make_user("alice@example.com")
    assert_refused(ask(account, sub="alice@example.com"))
    run("trustissuer", "--issuer", IDENTIFIER, "--link", "alice@example.com=alice@example.com")
    assert_granted(ask(account, sub="alice@example.com"))
    assert get_access_token_model().objects.get().user == alice


def test_its_own_name_as_subject(account):
    assert_granted(ask(account, sub=IDENTIFIER))


def test_a_scope_beyond_those_of_the_account_is_refused(account):
    assert_refused(ask(account, scope="admin"), "invalid_scope")
    assert assert_granted(ask(account, scope="read"))["scope"] == "read"


def test_user_application_and_token_endpoint_can_be_named():
    user, application = make_user("ann@example.com"), make_application("tool")
    uri = "https://login.example.com/token"
    result = run(
        "createserviceaccount", "bot", "--scopes", "read", "--user", "ann@example.com",
        "--default-application", "tool", "--token-uri", uri, "--output", "there.json",
    )  # fmt: skip
    assert result.status == 0, result.err
    key_file = json.loads(Path("there.json").read_text())
    assert (key_file["token_uri"], key_file["client_id"]) == (uri, "tool")
    assert_granted(ask(key_file))
    token = get_access_token_model().objects.get()
    assert (token.user, token.application) == (user, application)


def test_a_second_account_of_that_name_is_refused(account):
    before = rows()
    result = run("createserviceaccount", "bot", "--scopes", "read", "--output", "second.json")
    assert result.status == 1
    assert "already" in result.err
    assert rows() == before
    assert not Path("second.json").exists()


def test_a_file_that_is_there_is_not_written_over():
    Path("bot.json").write_text("precious")
    result = run("createserviceaccount", "bot", "--scopes", "read")
    assert result.status == 1
    assert Path("bot.json").read_text() == "precious"
    assert rows() == 0


def test_a_user_who_is_there_is_not_taken_over():
    make_user(IDENTIFIER)
    result = run("createserviceaccount", "bot", "--scopes", "read")
    assert result.status == 1
    assert "user" in result.err
    assert not TrustedIssuer.objects.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["Bot", "--scopes", "read"],
        ["bot-", "--scopes", "read"],
        ["b" * 64, "--scopes", "read"],
        ["bot"],
        ["bot", "--scopes", 'rea"d'],
        ["bot", "--scopes", "read", "--token-uri", "http://as.example.com/o/token/"],
        ["bot", "--scopes", "read", "--token-uri", "as.example.com"],
        ["bot", "--scopes", "read", "--token-uri", "https://[as.example.com/"],
        ["bot", "--scopes", "read", "--token-uri", "https://as.example.com/o/token/#here"],
        ["bot", "--scopes", "read", "--user", "nobody"],
        ["bot", "--scopes", "read", "--default-application", "nothing"],
        ["bot", "--scopes", "read", "--output", "no/such/folder.json"],
        ["bot", "--add-key"],
        ["bot", "--withdraw-key", "kid"],
        ["bot", "--list-keys"],
        ["bot", "--add-key", "--scopes", "read"],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_refused_and_leaves_nothing_behind(arguments, tmp_path):
    result = run("createserviceaccount", *arguments)
    assert result.status in (1, 2)
    assert result.err
    assert rows() == 0
    assert list(tmp_path.iterdir()) == []


def test_rotation(account):
    assert run("createserviceaccount", "bot", "--add-key", "--output", "new.json").status == 0
    new = json.loads(Path("new.json").read_text())
    assert {name for name in new if new[name] != account[name]} == {"private_key", "private_key_id"}
    assert_granted(ask(account))

    listed = dict(
        line.split("  ") for line in run("createserviceaccount", "bot", "--list-keys").out.splitlines()
    )
    used = Decision.objects.get().time
    assert listed == {
        account["private_key_id"]: used.isoformat(timespec="seconds"),
        new["private_key_id"]: "never used",
    }

    assert run("createserviceaccount", "bot", "--withdraw-key", account["private_key_id"]).status == 0
    assert_refused(ask(account))
    assert_granted(ask(new))


def test_a_key_that_is_not_there_and_the_last_one_cannot_be_withdrawn(account):
    for kid, word in (("", "no key"), ("other", "no key"), (account["private_key_id"], "last key")):
        result = run("createserviceaccount", "bot", "--withdraw-key", kid)
        assert result.status == 1
        assert word in result.err
    assert_granted(ask(account))


def test_a_further_key_is_for_the_same_server(account):
    result = run(
        "createserviceaccount", "bot", "--add-key", "--output", "n.json", "--token-uri", "https://x.example/"
    )
    assert result.status == 1
    assert "audiences" in result.err
    assert not Path("n.json").exists()


def test_a_wish_for_a_further_key_that_saw_other_keys_is_not_granted(account):
    seen = keys_fingerprint(find_service_account("bot"))
    add_key("bot", seen=seen)
    with pytest.raises(ServiceAccountError, match="meanwhile"):
        add_key("bot", seen=seen)
    assert len(key_uses("bot")) == 2


def test_a_user_whom_the_site_would_not_have_is_not_made(settings):
    uri = f"https://{'a.' * 113}examples/"  # makes an issuer as long as one can be
    settings.OAUTH_JWT_GRANT = {"AUDIENCES": [uri]}
    with pytest.raises(ServiceAccountError, match="name one"):
        create_service_account("bot", scopes="read", token_uri=uri)
    assert rows() == 0


def test_an_account_without_its_rule_gets_a_key_for_no_application(account):
    GrantRule.objects.all().delete()
    assert add_key("bot").key_file["client_id"] == IDENTIFIER


def test_an_issuer_that_was_entered_by_hand_is_no_service_account():
    create_service_account("bot", scopes="read")
    TrustedIssuer.objects.create(name="hand", issuer="hand@example.com", key_source="discovery")
    for name in ("hand", "hand@example.com", "bo", "BOT", IDENTIFIER.upper()):
        with pytest.raises(ServiceAccountError, match="no service account"):
            find_service_account(name)


def test_a_name_under_two_hosts_has_to_be_written_in_full(account, settings):
    settings.OAUTH_JWT_GRANT = {"AUDIENCES": ["https://other.example", "https://other.example/o/token/"]}
    create_service_account("bot", scopes="read")
    with pytest.raises(ServiceAccountError, match="write one of"):
        find_service_account("bot")
    assert find_service_account(IDENTIFIER).issuer == IDENTIFIER


@pytest.mark.parametrize(
    ("audiences", "expected"),
    [
        (["https://as.example.com"], TOKEN_URI),
        (["urn:as", "https://a.example/o/token/"], "https://a.example/o/token/"),
        (["https://as.example.com/tenant"], TOKEN_URI),
    ],
)
def test_the_token_endpoint_by_the_settings(settings, audiences, expected):
    settings.OAUTH_JWT_GRANT = {"AUDIENCES": audiences}
    assert default_token_uri() == expected


@pytest.mark.parametrize("audiences", [[], ["urn:as"]])
def test_a_token_endpoint_that_the_settings_do_not_tell(settings, audiences):
    settings.OAUTH_JWT_GRANT = {"AUDIENCES": audiences}
    with pytest.raises(ServiceAccountError, match="name it"):
        default_token_uri()


def test_the_usual_path_where_the_endpoint_has_no_name(settings):
    settings.ROOT_URLCONF = "oauth_jwt_grant.urls"
    assert default_token_uri() == TOKEN_URI


@pytest.mark.parametrize("uri", ["https://as.example.com/t", "http://localhost:8000/t", "http://127.0.0.1/t"])
def test_token_endpoints_that_a_client_may_use(uri):
    assert check_token_uri(uri) == uri
