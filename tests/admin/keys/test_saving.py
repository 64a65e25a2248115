"""Keys are fetched when an issuer is saved: after the commit, in bounded time; the page shows the result."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.models.signals import post_init
from django.test import Client
from django.urls import reverse

from oauth_jwt_grant.assertion import KeysUnavailable
from oauth_jwt_grant.keys import RemoteKeys
from oauth_jwt_grant.models import IssuerKeys, TrustedIssuer
from tests.admin.forms import fill_in, said
from tests.factories import ISSUER, ec_key, jwks, rsa_key
from tests.jwks_server import Answer, JwksServer, json_answer

pytestmark = pytest.mark.django_db(transaction=True)

ADD = reverse("admin:oauth_jwt_grant_trustedissuer_add")
FORM = "trustedissuer_form"


@pytest.fixture
def server() -> Iterator[JwksServer]:
    with JwksServer() as server:
        server.answers["/jwks"] = json_answer(jwks(ec_key(), rsa_key()))
        yield server


@pytest.fixture(params=[False, True], ids=["autocommit", "ATOMIC_REQUESTS"])
def atomic_requests(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", request.param)


@pytest.fixture
def fetches(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each fetch, whether a transaction was open."""
    seen: list[bool] = []
    refresh = RemoteKeys.refresh

    def watched(source: RemoteKeys) -> None:
        seen.append(connection.in_atomic_block)
        refresh(source)

    monkeypatch.setattr(RemoteKeys, "refresh", watched)
    return seen


def add(page: Client, server: JwksServer, **changes: Any) -> str:
    fields = {
        "name": "Remote",
        "issuer": ISSUER,
        "key_source": "jwks_url",
        "jwks_url": server.url("/jwks"),
        "ca_bundle": server.ca_pem,
        "allow_private_network": "on",
        **changes,
    }
    form = page.get(ADD, {"name": ""})
    return said(page.post(ADD, fill_in(form, FORM, **fields), follow=True))


def change(page: Client, **changes: Any) -> str:
    url = reverse("admin:oauth_jwt_grant_trustedissuer_change", args=[TrustedIssuer.objects.get().pk])
    return said(page.post(url, fill_in(page.get(url), FORM, **changes), follow=True))


def test_a_new_issuer(page: Client, server: JwksServer, fetches: list[bool], atomic_requests: None) -> None:
    assert "Fetched: 2 keys." in add(page, server)
    assert (fetches, server.count()) == ([False], 1)
    assert IssuerKeys.objects.get().failure is None


def test_a_new_issuer_that_cannot_be_reached(
    page: Client, server: JwksServer, fetches: list[bool], atomic_requests: None
) -> None:
    """It is saved all the same, and every process knows."""
    server.answers["/jwks"] = Answer(status=500)
    shown = add(page, server)
    assert "was added successfully" in shown
    assert "Not fetched: the keys cannot be fetched: the answer has the HTTP status 500." in shown
    assert "never fetched" not in shown
    assert fetches == [False]
    assert IssuerKeys.objects.get().failure["error"] == "the answer has the HTTP status 500"


def test_a_change_of_where_the_keys_are(page: Client, server: JwksServer, fetches: list[bool]) -> None:
    add(page, server)
    assert "Fetched" not in change(page, name="Renamed")
    server.answers["/new"] = json_answer(jwks(ec_key()))
    assert "Fetched: 1 key." in change(page, jwks_url=server.url("/new"))
    server.answers["/new"] = Answer(status=404)
    assert "Fetched" not in change(page, name="Again")
    assert fetches == [False, False]


def test_what_was_saved_is_tried_again(page: Client, server: JwksServer, fetches: list[bool]) -> None:
    server.answers["/jwks"] = Answer(status=500)
    add(page, server)
    server.answers["/jwks"] = json_answer(jwks(ec_key()))
    assert "Fetched: 1 key." in change(page, name="Renamed")


def test_the_time_is_bounded(page: Client, server: JwksServer, settings: Any) -> None:
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "FETCH_TIMEOUT": 0.5}
    server.answers["/jwks"] = Answer(delay=60)
    begun = time.monotonic()
    assert "no complete answer within 0.5 s" in add(page, server)
    assert time.monotonic() - begun < 30


def test_an_issuer_by_a_preset(page: Client, monkeypatch: pytest.MonkeyPatch, atomic_requests: None) -> None:
    seen: list[bool] = []

    def unreachable(source: RemoteKeys) -> None:
        seen.append(connection.in_atomic_block)
        raise KeysUnavailable("the keys cannot be fetched: no network")

    monkeypatch.setattr(RemoteKeys, "refresh", unreachable)
    url = reverse("admin:oauth_jwt_grant_trustedissuer_preset", args=["github-actions"])
    answers = {"owner_id": "90210", "repository_id": "770123456", "rule_scopes": "read"}
    shown = said(page.post(url, fill_in(page.get(url), "preset_form", **answers), follow=True))
    assert "GitHub Actions is trusted now." in shown
    assert "Not fetched: the keys cannot be fetched: no network." in shown
    assert seen == [False]


@pytest.mark.parametrize(
    "changes",
    [{"enabled": None}, {"key_source": "inline", "jwks": "nonsense"}, {"jwks_url": "http://localhost/"}],
    ids=["disabled", "other source", "not saved"],
)
def test_nothing_is_fetched(
    page: Client, server: JwksServer, fetches: list[bool], changes: dict[str, Any]
) -> None:
    add(page, server, **changes)
    assert (fetches, server.count()) == ([], 0)


def test_database_that_is_gone_when_the_keys_come_is_no_failure_to_save(
    page: Client, server: JwksServer
) -> None:
    def fail(**kwargs: Any) -> None:
        """A receiver of the site's own, which asks the database when the row for the keys is made."""
        raise OperationalError("the connection is lost")

    post_init.connect(fail, sender=IssuerKeys)
    try:
        assert "was added successfully" in add(page, server)
    finally:
        post_init.disconnect(fail, sender=IssuerKeys)
    assert server.count() == 1
    assert not IssuerKeys.objects.exists()
