"""Our token view: its statements, its signal, and the transactions that it opens for other grants."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection, connections, transaction
from django.dispatch import Signal
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import include, path
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.dot import TokenView, app_authorized
from oauth_jwt_grant.models import Decision
from oauth_jwt_grant.views import SECRETS, JWTBearerTokenView, JWTBearerTokenViewMixin
from tests.factories import DROP, GRANT_TYPE, SUBJECT, ec_key, mint
from tests.support import FORM, TOKEN_URL, World, assert_granted, assert_refused, build_world, post, tokens

from .failing import atomic_requests

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
def heard() -> Iterator[list[dict[str, Any]]]:
    """What ``app_authorized`` was sent with."""
    sent: list[dict[str, Any]] = []

    def note(signal: Signal, sender: Any, **kwargs: Any) -> None:
        sent.append({"sender": sender, **kwargs})

    app_authorized.connect(note)
    yield sent
    app_authorized.disconnect(note)


@contextmanager
def calling(receiver: Any) -> Iterator[None]:
    """``receiver`` is called while a token request of DOT's is answered."""
    app_authorized.connect(receiver, weak=False)
    try:
        yield
    finally:
        app_authorized.disconnect(receiver)


def mounted(view: Any) -> ModuleType:
    """A URL configuration with ``view`` at the token URL."""
    urlconf = ModuleType("urlconf")
    dots = include("oauth2_provider.urls", namespace="oauth2_provider")
    urlconf.urlpatterns = [path("o/token/", view), path("o/", dots)]
    return urlconf


def test_app_authorized_is_sent_with_the_token(world: World, heard: list[dict[str, Any]]) -> None:
    raw = assert_granted(world.post(scope="read"))["access_token"]

    [sent] = heard
    token = get_access_token_model().objects.get()
    assert type(sent["sender"]) is JWTBearerTokenView
    assert sent["request"].path == TOKEN_URL
    assert sent["token"] == token
    assert sent["token"].is_valid(["read"])
    assert sent["token"].jwt_bearer_decision == Decision.objects.get()
    fields = [field.attname for field in token._meta.concrete_fields if field.attname != "updated"]
    assert [getattr(sent["token"], name) for name in fields] == [getattr(token, name) for name in fields]
    assert raw


def test_a_refusal_authorizes_nobody(world: World, heard: list[dict[str, Any]]) -> None:
    assertion = mint(ec_key())
    assert_granted(world.post(assertion=assertion))
    heard.clear()

    assert_refused(world.post(assertion=assertion), "invalid_grant")
    assert_refused(world.post(assertion="x.y.z"), "invalid_grant")
    assert heard == []


@pytest.mark.parametrize("order", [(GRANT_TYPE, DEVICE_CODE), (DEVICE_CODE, GRANT_TYPE)])
def test_a_second_grant_type_is_refused_whatever_it_is(world: World, order: tuple[str, str]) -> None:
    answer = assert_refused(world.post(grant_type=list(order)), "invalid_request")

    assert "grant_type" in answer["error_description"]


def test_other_grants_are_left_to_dot(world: World, heard: list[dict[str, Any]]) -> None:
    assert_granted(world.post(grant_type="client_credentials", assertion=DROP))

    [sent] = heard
    assert type(sent["sender"]) is JWTBearerTokenView
    assert sent["token"] == get_access_token_model().objects.get()


# Statements


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("atomic", [False, True], ids=["plain", "atomic"])
@pytest.mark.parametrize("anonymous", [True, False], ids=["no client", "identified client"])
def test_statements_of_a_token(atomic: bool, anonymous: bool) -> None:
    """Five, and the client's: the trust, BEGIN, the token, the decision, COMMIT. No more in a transaction."""
    world = build_world()
    if anonymous:
        world.change(world.rule, client_policy="anonymous", default_application=world.application)
    request = world.post_anonymously if anonymous else world.post
    with atomic_requests(atomic):
        request()
        with CaptureQueriesContext(connection) as captured:
            assert_granted(request())

    kinds = [query["sql"].split()[0] for query in captured]
    assert kinds == ["SELECT"] * (1 if anonymous else 2) + ["BEGIN", "INSERT", "INSERT", "COMMIT"]


@pytest.mark.parametrize("policy", ["linked", "user_field", "service_user", "provision"])
def test_of_a_user_no_more_is_read_than_decides(world: World, policy: str) -> None:
    """A field that is compared is read, too: without it, comparing would be a statement of its own."""
    world.change(world.user, first_name=SUBJECT)
    world.change(world.rule, subject_policy=policy, user_field="first_name", user=world.user)
    world.post()
    with CaptureQueriesContext(connection) as captured:
        assert_granted(world.post())

    reads = [query["sql"] for query in captured if query["sql"].startswith("SELECT")]
    assert len(reads) == (3 if policy in ("user_field", "service_user") else 2)
    assert not [sql for sql in reads if "password" in sql or "last_login" in sql]


@pytest.mark.django_db(transaction=True)
def test_statements_of_a_refusal_under_atomic_requests() -> None:
    """The trust, the refusals of this minute, the refusal: no transaction, and no look at references."""
    world = build_world()
    world.change(world.rule, client_policy="anonymous")
    with atomic_requests():
        world.post_anonymously(scope="nonsense")
        with CaptureQueriesContext(connection) as captured:
            assert_refused(world.post_anonymously(scope="nonsense"), "invalid_scope")

    assert [query["sql"].split()[0] for query in captured] == ["SELECT", "SELECT", "INSERT"]


# Transactions of other grants


CREDENTIALS = [("grant_type", "client_credentials"), ("client_id", "client")]


@pytest.fixture
def two_databases(transactional_db: None, tmp_path: Path) -> Iterator[None]:
    """A second database, and ``ATOMIC_REQUESTS`` for both."""
    connections.settings["other"] = {
        **connections.settings["default"], "ENGINE": "django.db.backends.sqlite3",
        # A file: Django does not close what is in memory.
        "NAME": tmp_path / "other.sqlite3", "OPTIONS": {},
    }  # fmt: skip
    connections.settings["other"]["ATOMIC_REQUESTS"] = True
    # Not when it is needed: Django's tests let nobody connect then.
    connections["other"].connect()
    with atomic_requests():
        yield
    connections["other"].close()
    del connections["other"], connections.settings["other"]


class MixedIn(JWTBearerTokenViewMixin, TokenView):
    """A token view of a site's own."""


exempt = method_decorator(transaction.non_atomic_requests(using="other"), name="dispatch")


@exempt
class Exempt(MixedIn):
    """One for which the site has ruled out a transaction on one of two databases."""


@exempt
class PlainExempt(TokenView):
    """The same without this package."""


class ExemptOutside:
    """One for which the site has decorated the view function."""

    def __init__(self, view: Any) -> None:
        self.view = view

    def as_view(self) -> Any:
        return transaction.non_atomic_requests(using="other")(self.view.as_view())


def open_transactions(world: World, request: Any) -> tuple[list[str], list[str]]:
    """The databases with a transaction while ``request`` is answered, and the order of their COMMITs."""
    inside: list[str] = []
    ended: list[str] = []

    def look(sender: Any, **kwargs: Any) -> None:
        for alias in ("default", "other"):
            if connections[alias].in_atomic_block:
                inside.append(alias)
                transaction.on_commit(lambda alias=alias: ended.append(alias), using=alias)

    with calling(look):
        assert request().status_code == 200
    return inside, ended


@pytest.mark.usefixtures("two_databases")
@pytest.mark.parametrize(
    ("ours", "dots", "expected"),
    [
        (JWTBearerTokenView, TokenView, ["default", "other"]),
        (MixedIn, TokenView, ["default", "other"]),
        (Exempt, PlainExempt, ["default"]),
        (ExemptOutside(JWTBearerTokenView), ExemptOutside(TokenView), ["default"]),
    ],
)
def test_other_grants_have_the_transactions_that_django_opens(
    settings: Any, ours: Any, dots: Any, expected: list[str]
) -> None:
    """On the same databases, begun and ended in the same order."""
    world = build_world()
    found = []
    for view in (ours, dots):
        # Twice: what one view function leaves behind must not change the next.
        for _ in range(2):
            settings.ROOT_URLCONF = mounted(view.as_view())
            found.append(open_transactions(world, lambda: world.post(grant_type="client_credentials")))

    assert found == [(expected, expected)] * 4


@pytest.mark.usefixtures("two_databases")
@pytest.mark.parametrize("view", [JWTBearerTokenView, MixedIn, Exempt, ExemptOutside(JWTBearerTokenView)])
def test_this_grant_has_none(settings: Any, view: Any) -> None:
    world = build_world()
    settings.ROOT_URLCONF = mounted(view.as_view())

    assert open_transactions(world, world.post) == ([], [])


@pytest.mark.usefixtures("two_databases")
@pytest.mark.parametrize("method", ["get", "put", "head", "options"])
def test_what_is_no_post_is_answered_as_by_dots_view(client: Any, method: str) -> None:
    response = getattr(client, method)(TOKEN_URL)

    assert response.status_code == (200 if method == "options" else 405)
    assert response["Allow"] == "POST, OPTIONS"


class Fault(Exception):
    """One that nobody but the test knows."""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("atomic", [True, False])
def test_an_exception_rolls_another_grant_back_and_passes_unchanged(client: Any, atomic: bool) -> None:
    world = build_world()
    fault = Fault()

    def fail(sender: Any, **kwargs: Any) -> None:
        raise fault

    with calling(fail), atomic_requests(atomic), pytest.raises(Fault) as raised:
        client.post(TOKEN_URL, urlencode(world.pairs(grant_type="client_credentials", assertion=DROP)), FORM)

    assert raised.value is fault
    assert tokens() == (0 if atomic else 1)


# A view of the site's own


def test_a_token_view_of_the_sites_own(world: World, settings: Any) -> None:
    seen: list[str] = []

    class Own(JWTBearerTokenViewMixin, TokenView):
        def post(self, request: Any, *args: Any, **kwargs: Any) -> Any:
            seen.append(request.POST["grant_type"])
            return super().post(request, *args, **kwargs)

    settings.ROOT_URLCONF = mounted(Own.as_view())
    assert_granted(world.post())
    assert_granted(world.post(grant_type="client_credentials"))
    assert seen == [GRANT_TYPE, "client_credentials"]


def test_a_base_of_the_sites_own_is_not_passed_over(world: World, settings: Any) -> None:
    """One that counts requests goes on counting those of this grant."""
    seen: list[str] = []

    class Counting(TokenView):
        def post(self, request: Any, *args: Any, **kwargs: Any) -> Any:
            seen.append(request.POST["grant_type"])
            return super().post(request, *args, **kwargs)

    class Own(JWTBearerTokenViewMixin, Counting):
        pass

    settings.ROOT_URLCONF = mounted(Own.as_view())
    assert_granted(world.post())
    assert seen == [GRANT_TYPE]


def test_the_view_function_keeps_what_django_and_dot_have_written_on_it() -> None:
    ours, dots = JWTBearerTokenView.as_view(), TokenView.as_view()

    assert ours.view_class is JWTBearerTokenView
    assert ours.csrf_exempt is dots.csrf_exempt is True
    assert ours.login_required is dots.login_required is False
    assert all(alias in ours._non_atomic_requests for alias in (*connections, "added later"))
    assert JWTBearerTokenView.as_view()._non_atomic_requests is not ours._non_atomic_requests


def test_django_asks_for_no_csrf_token(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post(TOKEN_URL, urlencode(world.pairs()), FORM).status_code == 200


@pytest.mark.parametrize("grant_type", [GRANT_TYPE, "client_credentials"])
def test_error_reports_hide_what_the_site_has_marked_too(world: World, rf: Any, grant_type: str) -> None:
    """DOT's own mark takes the place of what was marked before it."""

    def marks(*marked: str) -> Any:
        request = rf.post(TOKEN_URL, urlencode(world.pairs(grant_type=grant_type)), FORM)
        view = sensitive_post_parameters(*marked)(JWTBearerTokenView.as_view())
        assert view(request).status_code == 200
        return request.sensitive_post_parameters

    assert set(marks("pin")) == {"pin", *SECRETS}
    assert marks() == "__ALL__"


def test_both_views_answer_another_grant_alike(world: World, settings: Any) -> None:
    """Status, headers and body, of what has no random part."""
    answers = []
    for urls in ("tests.urls", "tests.plain_urls"):
        settings.ROOT_URLCONF = urls
        response = post([*CREDENTIALS, ("client_secret", "wrong")])
        answers.append((response.status_code, dict(response.headers), response.content))
    assert answers[0] == answers[1]
