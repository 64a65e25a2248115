"""What services for error reports see: by the recipe of docs/security.md, nothing that opens a door."""

from __future__ import annotations

import ast
import json
import re
import sys
from importlib import import_module
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import pytest
import sentry_sdk
from django.core.signals import got_request_exception
from sentry_sdk.integrations.django import DjangoRequestExtractor
from sentry_sdk.scrubber import DEFAULT_DENYLIST
from sentry_sdk.serializer import serialize
from sentry_sdk.transport import Transport
from sentry_sdk.utils import event_from_exception

from tests.factories import ec_key, mint
from tests.support import SECRET, World, post

MANUAL = (Path(__file__).parents[2] / "docs" / "security.md").read_text()

#: Where our code, or what it calls, breaks.
BREAKS = [
    "oauth_jwt_grant.grant.read_credentials",
    "oauth_jwt_grant.oauth2_validators.find_application",
    "oauth_jwt_grant.decision.record.check_one_database",
    "oauth_jwt_grant.assertion.tokens.read_object",
    "oauth_jwt_grant.assertion.tokens._check_header_types",
    "oauth_jwt_grant.decision.decide.find_trust",
    "oauth_jwt_grant.assertion.validator.verify",
    "oauth_jwt_grant.decision.decide.find_subject",
    "oauth_jwt_grant.decision.record._decision",
]


class Kept(Transport):
    """Keeps what would be sent."""

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.sent: list[str] = []

    def capture_envelope(self, envelope: Any) -> None:
        self.sent.append(envelope.serialize().decode())


def recipe() -> dict[str, Any]:
    """The options of the recipe, as the manual has them."""
    block = re.search(r"sentry_sdk\.init\((.*?)\n\)", MANUAL, re.DOTALL)
    assert block is not None
    call: Any = ast.parse(f"init({block[1]})", mode="eval").body
    return {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}


def crash(world: World, monkeypatch: pytest.MonkeyPatch, place: str, report: Any) -> str:
    """Post a good request that crashes at ``place``, call ``report`` as Sentry's integration is called."""

    def fail(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("unforeseen")

    module, _, name = place.rpartition(".")
    monkeypatch.setattr(import_module(module), name, fail)
    assertion = mint(ec_key())
    got_request_exception.connect(report)
    try:
        post(world.pairs(assertion=assertion))
    finally:
        got_request_exception.disconnect(report)
    return assertion


def sent_by_sentry(
    world: World, monkeypatch: pytest.MonkeyPatch, place: str, **options: Any
) -> tuple[str, str]:
    client = sentry_sdk.Client(
        transport=Kept, default_integrations=False, **{"dsn": "https://key@sentry.example/1", **options}
    )

    def report(request: Any, **kwargs: Any) -> None:
        event, hint = event_from_exception(sys.exc_info(), client_options=client.options)
        with sentry_sdk.new_scope() as scope:
            scope.set_client(client)
            DjangoRequestExtractor(request).extract_into_event(event)
        client.capture_event(event, hint)

    assertion = crash(world, monkeypatch, place, report)
    transport: Any = client.transport
    assert "RuntimeError" in transport.sent[0]
    return assertion, transport.sent[0]


@pytest.mark.parametrize("place", BREAKS)
def test_sentry_gets_neither_assertion_nor_secret_by_the_recipe(
    world: World, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    assertion, sent = sent_by_sentry(world, monkeypatch, place, **recipe())
    assert not any(part in sent for part in (*assertion.split("."), SECRET))


def test_without_the_recipe_it_gets_them(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assertion, sent = sent_by_sentry(world, monkeypatch, BREAKS[0])
    assert assertion.split(".")[2] in sent


def frames(traceback: TracebackType | None) -> list[FrameType]:
    found = []
    while traceback is not None:
        if "/oauth_jwt_grant/" in traceback.tb_frame.f_code.co_filename:
            found.append(traceback.tb_frame)
        traceback = traceback.tb_next
    return found


@pytest.mark.parametrize("place", BREAKS)
def test_our_own_frames_hold_them_under_no_name_that_a_scrubber_misses(
    world: World, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    shown: dict[str, str] = {}

    def report(**kwargs: Any) -> None:
        for frame in frames(sys.exc_info()[2]):
            for name, value in frame.f_locals.items():
                if name not in DEFAULT_DENYLIST:
                    key = f"{frame.f_code.co_qualname} {name}"
                    shown[key] = json.dumps(serialize({"value": value}), default=repr)

    assertion = crash(world, monkeypatch, place, report)
    assert len(shown) > 3
    secrets = (assertion[:60], assertion.split(".")[2][:40], SECRET)
    assert [name for name, text in shown.items() if any(secret in text for secret in secrets)] == []
