"""Users who are hidden, who are to be created, and whose tokens outlive what entitled them."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.checks import CheckMessage
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.test import RequestFactory
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant import subjects
from oauth_jwt_grant.admin.applications import JWTBearerApplicationAdmin
from oauth_jwt_grant.admin.users import AssertionTokensMixin
from oauth_jwt_grant.checks import users
from oauth_jwt_grant.decision import Question, explain
from oauth_jwt_grant.models import Decision, LinkedSubject, TrustedIssuer
from oauth_jwt_grant.trust import examine
from tests.factories import AUDIENCE, ec_key, jwks, mint
from tests.support import NOT_ENTITLED, World, assert_granted, assert_refused, make_application, make_user

LOGIN = get_user_model().USERNAME_FIELD


class Hiding(models.Manager):  # type: ignore[type-arg]
    """Hides users, as managers for soft deletion do."""

    use_in_migrations = False

    def __init__(self, model: Any, *hidden: Any) -> None:
        super().__init__()
        self.model, self.hidden = model, hidden

    def get_queryset(self) -> Any:
        return super().get_queryset().exclude(pk__in=self.hidden)


@pytest.fixture
def hide(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the default manager of the user model hide some."""
    model: Any = get_user_model()

    def _hide(*people: Any) -> None:
        manager = Hiding(model, *(user.pk for user in people))
        monkeypatch.setitem(vars(model._meta), "default_manager", manager)

    return _hide


@pytest.mark.parametrize("policy", ["linked", "user_field", "service_user", "provision"])
def test_a_hidden_user_gets_no_token_by_any_policy(
    world: World, hide: Callable[..., None], policy: str
) -> None:
    world.change(world.rule, subject_policy=policy, user_field=LOGIN, user=world.user)
    assertions = [mint(ec_key(), sub="alice") for _ in range(2)]
    hide()
    assert_granted(world.post(assertion=assertions[0]))
    hide(world.user)
    assert_refused(world.post(assertion=assertions[1]), "invalid_grant", NOT_ENTITLED)


def entitled(world: World) -> int:
    return get_access_token_model().objects.filter(user=world.user, expires__gt=timezone.now()).count()


def ended(**fields: Any) -> Callable[[World, Any], None]:
    return lambda world, hide: world.change(world.user, **fields)


ENDS: dict[str, Callable[[World, Any], None]] = {
    "inactive": ended(is_active=False),
    "staff": ended(is_staff=True),
    "superuser": ended(is_superuser=True),
    "hidden": lambda world, hide: hide(world.user),
}


@pytest.mark.parametrize("end", ENDS)
def test_tokens_that_outlive_what_entitled_their_user_are_found_and_revoked(
    world: World, hide: Callable[..., None], end: str
) -> None:
    other = make_user("bob")
    LinkedSubject.objects.create(issuer=world.issuer, subject="bob", user=other)
    for subject in ("alice", "alice", "bob"):
        assert_granted(world.post(assertion=mint(ec_key(), sub=subject)))
    assert revoke("--unentitled") == "Revoked 0 tokens.\n"
    ENDS[end](world, hide)

    issuer = TrustedIssuer.objects.get()
    texts = [finding.text for finding in examine(issuer, time.time(), warn_days=1, fetch=False).findings]
    assert texts == ["2 good tokens are of users who would get none now: see revoketokens --unentitled"]
    assert revoke("--unentitled") == "Revoked 2 tokens.\n"
    assert get_access_token_model().objects.get().user == other
    assert not examine(issuer, time.time(), warn_days=1, fetch=False).findings


def test_a_rule_may_allow_privileged_users(world: World) -> None:
    world.change(world.rule, allow_privileged_users=True)
    assert_granted(world.post())
    world.change(world.user, is_staff=True)
    assert revoke("--unentitled") == "Revoked 0 tokens.\n"


def revoke(*arguments: str) -> str:
    out = io.StringIO()
    call_command("revoketokens", *arguments, stdout=out)
    return out.getvalue()


def test_the_tokens_of_one_user_are_revoked_and_those_of_other_grants_are_not(
    world: World, hide: Callable[..., None]
) -> None:
    token: Any = get_access_token_model()
    token.objects.create(user=world.user, token="other", expires=timezone.now() + timedelta(days=1))
    assert_granted(world.post())
    hide(world.user)
    name = world.user.get_username()
    assert revoke("--user", name, "--issuer", world.issuer.issuer) == "Revoked 1 token.\n"
    assert token.objects.get().token == "other"
    with pytest.raises(CommandError, match="there is no user nobody"):
        revoke("--user", "nobody")
    with pytest.raises(CommandError, match="no trusted issuer"):
        revoke("--user", name, "--issuer", "https://unknown.example")


class People(AssertionTokensMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """A site's own admin of users."""


@pytest.mark.parametrize("page", ["users", "links"])
def test_the_action_revokes_and_is_for_those_with_the_permission(world: World, page: str) -> None:
    boss = make_user("boss", is_staff=True, is_superuser=True)
    assert_granted(world.post())
    request = RequestFactory().post("/")
    request.user = boss
    request._messages = Notes()  # type: ignore[attr-defined]
    site = admin.site
    model_admin: Any = People(get_user_model(), site) if page == "users" else site._registry[LinkedSubject]
    chosen = get_user_model().objects.filter(pk=world.user.pk)
    found = model_admin.get_actions(request)["revoke_tokens_from_assertions"]
    # A tuple before Django 6.1.
    action = found[0] if isinstance(found, tuple) else found.func
    action(model_admin, request, chosen if page == "users" else LinkedSubject.objects.all())

    assert entitled(world) == 0
    assert request._messages == ["Tokens revoked: 1."]  # type: ignore[attr-defined]
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.get_change_message()) == (
        str(world.user.pk),
        "Revoked tokens from assertions: 1.",
    )
    request.user = world.user
    assert "revoke_tokens_from_assertions" not in model_admin.get_actions(request)


@pytest.mark.parametrize("kind", ["user", "application"])
def test_the_page_that_asks_says_what_a_deletion_does(world: World, kind: str) -> None:
    rests: dict[str, Any] = {
        "user": {"subject_policy": "service_user", "user": world.user},
        "application": {"default_application": world.application, "client_policy": "anonymous"},
    }
    world.change(world.rule, **rests[kind])
    assert_granted(world.post())
    row: Any = getattr(world, kind)
    classes = {"user": People, "application": JWTBearerApplicationAdmin}
    model_admin: Any = classes[kind](type(row), admin.site)
    request = RequestFactory().post("/")
    request.user = make_user("boss", is_staff=True, is_superuser=True)
    request._messages = notes = Notes()  # type: ignore[attr-defined]
    model_admin.get_deleted_objects([row], request)
    assert notes == [
        "1 access token from assertions that has not expired is deleted as well.",
        f"The rule {world.rule} of {world.issuer} stays, and refuses what it matches from then on.",
    ]
    # Another row has nothing to do with it; the answer to the question says nothing again; and who may not
    # see rules is not told their names.
    del notes[:]
    other = make_user("other") if kind == "user" else make_application("other")
    model_admin.get_deleted_objects([other], request)
    answer = RequestFactory().post("/", {"post": "yes"})
    answer.user, answer._messages = request.user, notes  # type: ignore[attr-defined]
    model_admin.get_deleted_objects([row], answer)
    assert notes == []
    request.user = make_user("viewer", is_staff=True)
    model_admin.get_deleted_objects([row], request)
    assert len(notes) == 1


class Notes(list[str]):
    """Django's messages, as a list."""

    def add(self, level: int, message: Any, extra_tags: str) -> None:
        self.append(str(message))


class Short(AbstractBaseUser):
    """Users with a short name."""

    name = models.CharField(max_length=16, unique=True)
    USERNAME_FIELD = "name"

    class Meta:
        app_label = "tests"
        managed = False


class Demanding(AbstractBaseUser):
    """Users who need what nobody has said."""

    name = models.CharField(max_length=8, unique=True)
    email = models.EmailField()
    boss = models.ForeignKey("self", on_delete=models.CASCADE)
    USERNAME_FIELD = "name"

    class Meta:
        app_label = "tests"
        managed = False


class Numbered(AbstractBaseUser):
    """Users with a number that is unique, and the same for all who are created without one."""

    name = models.EmailField(unique=True)
    number = models.IntegerField(unique=True, default=0)
    maybe = models.IntegerField(unique=True, null=True, blank=True)
    USERNAME_FIELD = "name"

    class Meta:
        app_label = "tests"
        managed = False


@pytest.mark.parametrize(
    ("model", "faults"),
    [
        (Short, []),
        (
            Demanding,
            [
                "name: Ensure this value has at most 8",
                "email: This field cannot be blank",
                "boss: This field",
            ],
        ),
        (Numbered, ["number: it is unique, and each of them would have 0"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_user_model_with_demands_of_its_own_is_found_by_a_check(
    monkeypatch: pytest.MonkeyPatch, settings: Any, model: Any, faults: list[str]
) -> None:
    for module in (subjects, users):
        monkeypatch.setattr(module, "get_user_model", lambda: model)
    found: list[CheckMessage] = users.check_provisioner()
    assert len(found) == bool(faults)
    assert all(fault in found[0].msg for fault in faults)
    settings.OAUTH_JWT_GRANT = settings.OAUTH_JWT_GRANT | {"USER_PROVISIONER": "tests.other"}
    assert users.check_provisioner() == []


def test_names_are_random_and_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subjects, "get_user_model", lambda: Short)
    names = {subjects.new_user().name for _ in range(100)}
    assert len(names) == 100
    assert {len(name) for name in names} == {16}


def test_what_the_user_model_refuses_is_named_by_field_also_in_the_dry_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.change(world.rule, subject_policy="provision")
    field = get_user_model()._meta.get_field("last_name")
    monkeypatch.setattr(field, "blank", False)
    assertion = mint(ec_key(), sub="new")
    question = Question(
        assertion=assertion, application=world.application, audiences=[AUDIENCE], now=time.time()
    )
    people = get_user_model().objects.count()

    refused = explain(question).refused
    assert refused is not None
    assert "last_name: This field cannot be blank." in refused.detail
    assert_refused(world.post(assertion=assertion), "invalid_grant")
    decision = Decision.objects.get()
    assert (decision.reason, decision.detail) == ("not_stored", refused.detail)
    assert get_user_model().objects.count() == people
    monkeypatch.setattr(field, "blank", True)
    assert explain(question).accepted
    assert_granted(world.post(assertion=assertion))


def test_faults_of_no_field_are_named() -> None:
    assert subjects.faults_of(ValidationError("Not on Sundays.")) == "Not on Sundays."
    assert subjects.faults_of(ValidationError({"a": ["one", "two"]})) == "a: one two"


class Pipe(io.StringIO):
    """A pipe that notes in how many transactions it is read."""

    depth = -1

    def read(self, size: int | None = -1) -> str:
        self.depth = len(connection.savepoint_ids)
        return super().read(size)


def test_trustissuer_reads_its_input_before_it_locks_anything(db: None, monkeypatch: Any) -> None:
    pipe = Pipe(json.dumps(jwks(ec_key())))
    monkeypatch.setattr("sys.stdin", pipe)
    before = len(connection.savepoint_ids)
    call_command(
        "trustissuer",
        "--issuer=https://a.example",
        "--name=A",
        "--jwks=-",
        stdout=io.StringIO(),
        stderr=io.StringIO(),
    )
    assert pipe.depth == before
    assert TrustedIssuer.objects.get().jwks["keys"]
