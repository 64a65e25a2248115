"""A router that writes to a second database: what makes trust writes there, and all of it or nothing."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DEFAULT_DB_ALIAS, IntegrityError, connections
from django.test import Client
from django.urls import path, reverse
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_application_model

from oauth_jwt_grant import presets
from oauth_jwt_grant.models import ClaimCondition, Decision, GrantRule, LinkedSubject, TrustedIssuer
from oauth_jwt_grant.service_accounts import (
    ServiceAccountError,
    add_key,
    create_service_account,
    withdraw_key,
)
from tests.admin.forms import fill_in, said
from tests.support import assert_granted, build_world

from .elsewhere import ELSEWHERE, Router, refuse_rows_of, routed, rows, second_database, written

pytestmark = pytest.mark.django_db(transaction=True, databases=[DEFAULT_DB_ALIAS, ELSEWHERE])

ISS = "https://issuer.example"
TOKEN_URI = "https://as.example.com/o/token/"
ADMIN = "admin:oauth_jwt_grant_"
#: Not a JSON Pointer: after a tilde comes 0 or 1.
NO_POINTER = "/a~b"


@pytest.fixture(scope="module", autouse=True)
def database(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[None]:
    with django_db_blocker.unblock(), second_database(tmp_path_factory.mktemp("elsewhere") / "db.sqlite3"):
        yield


@pytest.fixture(autouse=True)
def router(database: None, transactional_db: None) -> Iterator[Router]:
    with routed() as running:
        yield running
        assert rows(DEFAULT_DB_ALIAS) == {}
        assert not get_user_model()._base_manager.using(DEFAULT_DB_ALIAS).exists()


@pytest.fixture
def page(router: Router) -> Client:
    """A browser in which the operator is logged in."""
    operator = get_user_model().objects.create_superuser("operator@example.com", password="secret")
    client = Client(raise_request_exception=False)
    client.force_login(operator)
    return client


def preset_page(page: Client, claim: str = "sub") -> Any:
    url = reverse(f"{ADMIN}trustedissuer_preset", args=["oidc"])
    answers = {"issuer": ISS, "claim": claim, "value": "robot", "rule_scopes": "read"}
    return page.post(url, fill_in(page.get(url), "preset_form", **answers))


def rule_page(page: Client, claim: str = "sub") -> Any:
    issuer = TrustedIssuer.objects.create(name="Issuer", issuer=ISS)
    url = f"{reverse(f'{ADMIN}grantrule_add')}?issuer={issuer.pk}"
    answers = {"name": "deploy", "client_policy": "anonymous", "subject_policy": "no_user", "scopes": "read"}
    condition = {"conditions-0-claim": claim, "conditions-0-values": "robot"}
    return page.post(url, fill_in(page.get(url), "grantrule_form", **answers, **condition))


def account_page(page: Client, scopes: str = "read") -> Any:
    url = reverse(f"{ADMIN}trustedissuer_add_account")
    return page.post(url, fill_in(page.get(url), "account_form", name="bot", scopes=scopes))


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=out, no_color=True)
    return out.getvalue()


def trust(*more: str, claim: str = "sub") -> str:
    return run("trustissuer", "--issuer", ISS, "--scopes", "read", "--condition", f"{claim}=robot", *more)


def trust_by_preset(*more: str, claim: str = "sub") -> str:
    answers = ["--answer", f"claim={claim}", "--answer", "value=robot"]
    return run("trustissuer", "--preset", "oidc", "--issuer", ISS, *answers, "--scopes", "read", *more)


def applied(claim: str = "sub") -> presets.Applied:
    made = presets.apply(presets.get_preset("oidc"), {"issuer": ISS, "claim": claim, "value": "robot"})
    made.rule.scopes = "read"
    return made


def account(scopes: str = "read") -> Any:
    return create_service_account("bot", scopes=scopes, token_uri=TOKEN_URI)


def account_command(path: Path, scopes: str = "read") -> str:
    return run("createserviceaccount", "bot", "--scopes", scopes, "--output", str(path / "bot.json"))


#: Each path by which a rule comes into being, refused for the last thing that it would save.
REFUSED: dict[str, Callable[[Client, Path], Any]] = {
    "preset": lambda page, path: applied(NO_POINTER).save(),
    "preset page": lambda page, path: preset_page(page, NO_POINTER),
    "rule page": lambda page, path: rule_page(page, NO_POINTER),
    "trustissuer": lambda page, path: trust(claim="c" * 256),
    "trustissuer, no user": lambda page, path: trust("--link", "alice=nobody"),
    "trustissuer, no application": lambda page, path: trust("--application", "nobody"),
    "trustissuer with a preset": lambda page, path: trust_by_preset(claim=NO_POINTER),
    "trustissuer with a preset and a condition": lambda page, path: trust_by_preset(
        "--condition", f"{'c' * 256}=1"
    ),
    "service account": lambda page, path: account('"'),
    "service account page": lambda page, path: account_page(page, '"'),
    "createserviceaccount": lambda page, path: account_command(path, '"'),
}


@pytest.mark.parametrize("how", REFUSED)
def test_what_is_refused_is_refused_before_anything_is_saved(page: Client, tmp_path: Path, how: str) -> None:
    with written() as tables, suppress(ValidationError, CommandError):
        response = REFUSED[how](page, tmp_path)
        assert (response.status_code, 'class="errorlist' in response.content.decode()) == (200, True)
    # The page of a rule is asked for an issuer that is there.
    assert tables == (["oauth_jwt_grant_trustedissuer"] if how == "rule page" else [])


MADE: dict[str, tuple[Callable[[Client, Path], Any], Any]] = {
    "preset": (lambda page, path: applied().save(), ClaimCondition),
    "preset page": (lambda page, path: preset_page(page), ClaimCondition),
    "rule page": (lambda page, path: rule_page(page), ClaimCondition),
    "trustissuer": (lambda page, path: trust(), ClaimCondition),
    "trustissuer with a preset": (lambda page, path: trust_by_preset(), ClaimCondition),
    "service account": (lambda page, path: account(), LinkedSubject),
    "service account page": (lambda page, path: account_page(page), LinkedSubject),
    "createserviceaccount": (lambda page, path: account_command(path), LinkedSubject),
}


def fetched(how: str) -> dict[str, int]:
    """What the fetch after a page has saved an issuer with a URL leaves: here, that there is no such host."""
    return {"IssuerKeys": 1} if how == "preset page" else {}


@pytest.mark.parametrize("how", MADE)
def test_all_of_it_is_saved_elsewhere(page: Client, tmp_path: Path, how: str) -> None:
    make, last = MADE[how]
    make(page, tmp_path)
    assert rows(ELSEWHERE) == {"TrustedIssuer": 1, "GrantRule": 1, last.__name__: 1, **fetched(how)}


@pytest.mark.parametrize("how", MADE)
def test_nothing_is_left_where_the_database_refuses_the_last_row(
    page: Client, tmp_path: Path, how: str
) -> None:
    make, last = MADE[how]
    users = get_user_model().objects.count()
    refuse_rows_of(last)
    # The page of a rule is Django's own. The others say that somebody else was quicker.
    with suppress(IntegrityError, ServiceAccountError, ValidationError, CommandError):
        assert make(page, tmp_path).status_code == (500 if how == "rule page" else 200)
    assert rows(ELSEWHERE) == ({"TrustedIssuer": 1} if how == "rule page" else {})
    assert get_user_model().objects.count() == users
    assert not list(tmp_path.glob("*.json"))


@pytest.mark.parametrize("how", [how for how in MADE if how != "rule page"])
def test_no_row_that_a_replica_has_not_heard_of_is_missed(
    page: Client, router: Router, tmp_path: Path, how: str
) -> None:
    """Pages of Django's own read where the router says."""
    make, last = MADE[how]
    router.lagging = frozenset({"oauth_jwt_grant"})
    response = make(page, tmp_path)
    assert getattr(response, "status_code", 200) in (200, 302)
    router.lagging = frozenset()
    assert rows(ELSEWHERE) == {"TrustedIssuer": 1, "GrantRule": 1, last.__name__: 1, **fetched(how)}


def test_commands_find_what_they_have_made_whatever_a_replica_has_heard_of(
    router: Router, tmp_path: Path
) -> None:
    model = get_application_model()
    model.objects.create(
        client_id="tool", client_type="public", authorization_grant_type="client-credentials"
    )
    get_user_model().objects.create_user("alice@example.com")
    router.lagging = frozenset({"oauth_jwt_grant", get_user_model()._meta.app_label, model._meta.app_label})
    again = ["--application", "tool", "--link", "a=alice@example.com", "--service-user", "alice@example.com"]
    assert trust(*again).count("created") == 3
    assert trust(*again).count("unchanged") == 3
    assert trust_by_preset("--rule", "default", "--application", "tool").count("unchanged") == 2
    assert applied().save() is False
    router.lagging = frozenset()
    assert list(GrantRule.objects.values_list("name", "position")) == [("default", 0), ("sub robot", 1)]
    assert LinkedSubject.objects.get().subject == "a"


def test_keys_of_an_account_are_rotated_elsewhere(page: Client, router: Router, tmp_path: Path) -> None:
    application = get_application_model().objects.create(
        client_id="tool", client_type="public", authorization_grant_type="client-credentials"
    )
    made = create_service_account("bot", scopes="read", token_uri=TOKEN_URI, default_application=application)
    url = reverse(f"{ADMIN}trustedissuer_add_key", args=[made.issuer.pk])
    form = fill_in(page.get(url), "add_key_form")
    router.lagging = frozenset({"oauth_jwt_grant"})
    assert add_key("bot").key_file["client_id"] == "tool"
    withdraw_key("bot", made.kid)
    with pytest.raises(ServiceAccountError, match="already"):
        account()
    router.lagging = frozenset()
    # Its keys have been changed since the page was asked for.
    assert "changed meanwhile" in said(page.post(url, form))


@pytest.mark.parametrize("atomic_requests", [False, True])
def test_import_that_fails_leaves_the_page_and_nothing_else(
    page: Client, settings: Any, atomic_requests: bool
) -> None:
    connections.settings[ELSEWHERE]["ATOMIC_REQUESTS"] = atomic_requests
    # Views are made with the URLs, when a site's databases are known.
    settings.ROOT_URLCONF = ModuleType("urls")
    settings.ROOT_URLCONF.urlpatterns = [path("admin/", admin.site.urls)]
    TrustedIssuer.objects.create(name="Issuer", issuer=ISS)
    url = reverse(f"{ADMIN}linkedsubject_import")
    file = SimpleUploadedFile("links.csv", f"issuer,subject,user\n{ISS},a,operator@example.com\n".encode())
    form = fill_in(page.post(url, {"file": file}), "confirm_form")
    refuse_rows_of(LinkedSubject)
    savepoints: list[int] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(f'INSERT INTO "{LinkedSubject._meta.db_table}"'):
            savepoints.append(len(context["connection"].savepoint_ids))
        return execute(sql, params, many, context)

    with connections[ELSEWHERE].execute_wrapper(note):
        answer = page.post(url, form)
    # That of bulk_create(), which Django 6.1 does not make, is within the transaction of the import, and
    # nothing is around it.
    assert savepoints in ([0], [1])
    assert answer.status_code == 200
    assert "something has been changed meanwhile" in said(answer)
    assert rows(ELSEWHERE) == {"TrustedIssuer": 1}


def test_links_are_imported_whatever_a_replica_has_heard_of(router: Router, tmp_path: Path) -> None:
    TrustedIssuer.objects.create(name="Issuer", issuer=ISS)
    get_user_model().objects.create_user("alice@example.com")
    file = tmp_path / "links.csv"
    file.write_text(f"issuer,subject,user\n{ISS},a,alice@example.com\n")
    router.lagging = frozenset({"oauth_jwt_grant", get_user_model()._meta.app_label})
    assert "1 subject linked" in run("linksubjects", str(file))
    assert "1 unchanged" in run("linksubjects", str(file))


def test_old_decisions_are_cleared_whatever_a_replica_has_heard_of(router: Router) -> None:
    Decision.objects.create(time=timezone.now() - timedelta(days=91), outcome="accepted", iss=ISS)
    router.lagging = frozenset({"oauth_jwt_grant"})
    assert run("cleardecisions") == "1 decision removed.\n"


def test_a_token_and_its_decision_are_written_elsewhere() -> None:
    world = build_world()
    assert_granted(world.post())
    assert rows(ELSEWHERE)["Decision"] == 1
    assert not get_access_token_model()._base_manager.using(DEFAULT_DB_ALIAS).exists()
