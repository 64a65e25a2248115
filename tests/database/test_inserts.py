"""The token is saved by DOT's and Django's own code; only the decision has a prepared INSERT."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import models
from django.db.models.signals import post_save, pre_save
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.models import Decision
from tests.support import World, assert_granted

TOKEN: Any = get_access_token_model()


def test_the_token_sends_the_signals_of_save(world: World) -> None:
    sent: list[str] = []

    def before(sender: Any, instance: Any, **kwargs: Any) -> None:
        assert instance.pk is None
        sent.append("before")

    def after(sender: Any, instance: Any, created: bool, **kwargs: Any) -> None:
        assert created
        assert TOKEN.objects.filter(pk=instance.pk).exists()
        sent.append("after")

    pre_save.connect(before, sender=TOKEN)
    post_save.connect(after, sender=TOKEN)
    try:
        assert_granted(world.post())
    finally:
        pre_save.disconnect(before, sender=TOKEN)
        post_save.disconnect(after, sender=TOKEN)

    assert sent == ["before", "after"]


def test_a_token_model_with_its_own_save_is_called(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[Any] = []

    def save(self: Any, *args: Any, **kwargs: Any) -> None:
        saved.append(self)
        models.Model.save(self, *args, **kwargs)

    monkeypatch.setattr(TOKEN, "save", save, raising=False)
    assert_granted(world.post())
    assert saved == list(TOKEN.objects.all())


def test_the_decision_sends_no_signals_of_save(world: World) -> None:
    """Documented: receivers listen to ``assertion_accepted`` and ``assertion_refused``."""
    sent: list[Any] = []
    post_save.connect(sent.append, sender=Decision)
    try:
        assert_granted(world.post())
    finally:
        post_save.disconnect(sent.append, sender=Decision)

    assert sent == []
    assert Decision.objects.count() == 1
