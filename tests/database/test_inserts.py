"""The prepared INSERT that stands for ``save()``: the same row, the same signals, or Django's own way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import models
from django.db.models.signals import post_save, pre_save
from django.test.utils import isolate_apps
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.database import inserts, prepare_save
from tests.support import SECRET, World, assert_granted, post

TOKEN: Any = get_access_token_model()


def _token(text: str) -> Any:
    token = TOKEN(
        user=get_user_model().objects.first(),
        scope="read",
        expires=timezone.now() + timedelta(hours=1),
        resource=["https://api.example.com"],
    )
    token.token = text
    return token


def _columns(token: Any) -> dict[str, Any]:
    saved = TOKEN.objects.filter(pk=token.pk).values().get()
    return {name: value for name, value in saved.items() if name not in ("id", "created", "updated")}


def test_the_row_is_the_one_that_save_writes(world: World) -> None:
    ours, own = _token("ours"), _token("own")
    ours.expires = own.expires
    prepare_save(ours)
    ours.save()
    own.save()

    row = _columns(ours)
    assert row == {
        **_columns(own), "token": "ours", "token_checksum": ours.token_checksum,
    }  # fmt: skip
    assert ours.token_checksum != own.token_checksum
    assert (ours._state.adding, ours._state.db) == (False, "default")
    fresh = TOKEN.objects.get(pk=ours.pk)
    assert abs(fresh.created - timezone.now()) < timedelta(minutes=1)
    assert (ours.created, ours.updated) == (fresh.created, fresh.updated)


def test_it_stands_for_one_save_only(world: World, django_assert_num_queries: Any) -> None:
    token = _token("once")
    prepare_save(token)
    with django_assert_num_queries(1):
        token.save()
    assert "save" not in vars(token)
    token.scope = "write"
    token.save()
    assert TOKEN.objects.get().scope == "write"


def test_a_save_with_arguments_is_djangos(world: World) -> None:
    token = _token("forced")
    prepare_save(token)
    token.save(force_insert=True)
    assert TOKEN.objects.get() == token


def test_the_signals_of_a_token_are_those_of_save(world: World) -> None:
    heard: list[tuple[str, Any, dict[str, Any]]] = []

    def before(sender: Any, **kwargs: Any) -> None:
        heard.append(("pre", sender, kwargs))
        assert kwargs["instance"].pk is None

    def after(sender: Any, **kwargs: Any) -> None:
        heard.append(("post", sender, kwargs))
        assert TOKEN.objects.filter(pk=kwargs["instance"].pk).exists()

    pre_save.connect(before, sender=TOKEN)
    post_save.connect(after, sender=TOKEN)
    try:
        assert_granted(world.post())
        ours, heard[:] = list(heard), []
        _token("own").save()
    finally:
        pre_save.disconnect(before, sender=TOKEN)
        post_save.disconnect(after, sender=TOKEN)

    def told(events: list[tuple[str, Any, dict[str, Any]]]) -> list[Any]:
        return [
            (name, sender, {key: value for key, value in kwargs.items() if key not in ("instance", "signal")})
            for name, sender, kwargs in events
        ]

    assert told(ours) == told(heard)
    assert [name for name, _, _ in ours] == ["pre", "post"]


def test_a_row_that_is_there_already_is_left_to_django(world: World) -> None:
    token = _token("there")
    token.save()
    prepare_save(token)
    assert "save" not in vars(token)


# In a registry of their own: no other test meets these models.
with isolate_apps("django.contrib.auth"):

    class Plain(models.Model):
        text = models.TextField()
        number = models.IntegerField()

        class Meta:
            app_label = "auth"

    class OwnKey(models.Model):
        key = models.UUIDField(primary_key=True)

        class Meta:
            app_label = "auth"

    class Child(Plain):
        more = models.TextField()

        class Meta:
            app_label = "auth"

    class Proxy(Plain):
        class Meta:
            app_label = "auth"
            proxy = True

    class Computed(models.Model):
        number = models.IntegerField()
        twice = models.GeneratedField(
            expression=models.F("number") * 2, output_field=models.IntegerField(), db_persist=True
        )

        class Meta:
            app_label = "auth"

    class ByDatabase(models.Model):
        number = models.IntegerField(db_default=1)

        class Meta:
            app_label = "auth"

    class OwnPlaceholder(models.Model):
        data = models.BinaryField()

        class Meta:
            app_label = "auth"

    class OwnManager(models.Model):
        number = models.IntegerField()
        mine = models.Manager()

        class Meta:
            app_label = "auth"
            base_manager_name = "mine"

    class OwnSave(models.Model):
        number = models.IntegerField()

        class Meta:
            app_label = "auth"

        def save_base(self, *args: Any, **kwargs: Any) -> None:
            raise AssertionError("not called here")


@pytest.mark.parametrize(
    ("model", "plain"),
    [
        (TOKEN, True),
        (Plain, True),
        (OwnKey, False),
        (Child, False),
        (Proxy, False),
        (Computed, False),
        (ByDatabase, False),
        (OwnPlaceholder, False),
        (OwnManager, False),
        (OwnSave, False),
    ],
)
def test_only_what_django_would_save_with_one_insert(model: Any, plain: bool) -> None:
    assert inserts._is_saved_plainly(model) is plain
    instance = model()
    instance.pk = None
    prepare_save(instance)
    assert ("save" in vars(instance)) is plain


def test_a_token_model_with_its_own_save_is_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[Any] = []

    def save(self: Any, *args: Any, **kwargs: Any) -> None:
        saved.append(self)
        models.Model.save(self, *args, **kwargs)

    monkeypatch.setattr(TOKEN, "save", save, raising=False)
    inserts._is_saved_plainly.cache_clear()
    try:
        assert_granted(world.post())
    finally:
        inserts._is_saved_plainly.cache_clear()
    assert saved == list(TOKEN.objects.all())


def test_tokens_of_other_grants_are_saved_by_django(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code of this grant is not in the way of another one."""
    prepared: list[Any] = []
    monkeypatch.setattr("oauth_jwt_grant.oauth2_validators.prepare_save", prepared.append)
    credentials = {"client_id": world.application.client_id, "client_secret": SECRET}

    assert post([("grant_type", "client_credentials"), *credentials.items()]).status_code == 200
    assert prepared == []
    assert_granted(world.post())
    assert prepared == list(TOKEN.objects.filter(user=world.user))
