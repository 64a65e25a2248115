"""One log record per decision: its level and fields, none from an unverified JWT, and not too many."""

from __future__ import annotations

import json
import logging
import time
from typing import Any

import pytest

from oauth_jwt_grant.assertion import Door, TokenType
from oauth_jwt_grant.decision.log import Limiter
from oauth_jwt_grant.decision.unknown_issuers import LONGEST, MOST, unknown_issuers
from oauth_jwt_grant.models import Decision
from tests.factories import DROP, GRANT_TYPE, ISSUER, ec_key, mint
from tests.support import CLIENT_TYPE, SECRET, World, assert_granted, post

FIELDS = ("outcome", "reason", "about", "issuer", "rule", "application", "door", "decision_id", "held_back")
LOGGER = "oauth_jwt_grant.decisions"


Log = pytest.LogCaptureFixture


@pytest.fixture
def log(caplog: Log) -> Log:
    """The records of the logger, from INFO on."""
    caplog.set_level(logging.INFO, LOGGER)
    return caplog


def written(log: Log) -> list[tuple[str, dict[str, Any]]]:
    found = [record for record in log.records if record.name == LOGGER]
    return [(record.levelname, {name: getattr(record, name) for name in FIELDS}) for record in found]


def test_a_token(world: World, log: Log) -> None:
    assert_granted(world.post())
    fields = {
        "outcome": "accepted",
        "reason": "",
        "about": "",
        "issuer": ISSUER,
        "rule": "rule 0",
        "application": "client",
        "door": "authorization_grant",
        "decision_id": Decision.objects.get().pk,
        "held_back": 0,
    }
    assert log.messages[-1] == " ".join(f"{name}={value}" for name, value in fields.items())
    assert written(log) == [("INFO", fields)]


def test_a_refusal(world: World, log: Log) -> None:
    world.post(assertion=mint(ec_key(), aud=DROP))
    ((level, fields),) = written(log)
    assert (level, fields["outcome"], fields["rule"]) == ("WARNING", "refused", "")
    assert (fields["reason"], fields["about"]) == ("missing_claim", "aud")
    assert fields["decision_id"] == Decision.objects.get().pk


def test_what_could_not_be_decided(world: World, log: Log) -> None:
    world.change(world.issuer, key_source="jwks_url", jwks_url="https://127.0.0.1:1/keys")
    world.post()
    ((level, fields),) = written(log)
    assert (level, fields["outcome"], fields["reason"]) == ("ERROR", "undecided", "keys_unavailable")


CLIENTS_THAT_ARE_REFUSED = {
    "a wrong secret": ("client", lambda world: world.post(client_secret="marked")),
    "no secret": ("client", lambda world: world.post(client_secret=DROP)),
    "a wrong secret in the header": ("client", lambda world: world.post_basic("client", "marked")),
    "an unknown client": ("", lambda world: world.post(client_id="marked")),
    "a header that cannot be read": ("", lambda world: world.post(headers={"Authorization": "marked"})),
    "a secret in two places": ("", lambda world: world.post_basic("client", SECRET, client_secret="marked")),
    "a client assertion": (
        "",
        lambda world: world.post(
            client_id=DROP, client_secret=DROP, client_assertion="marked", client_assertion_type=CLIENT_TYPE
        ),
    ),
}


@pytest.mark.parametrize("kind", CLIENTS_THAT_ARE_REFUSED)
def test_a_client_that_is_refused(world: World, log: Log, kind: str) -> None:
    application, ask = CLIENTS_THAT_ARE_REFUSED[kind]
    answer = ask(world)
    ((level, fields),) = written(log)
    assert (level, fields["outcome"], fields["decision_id"]) == ("WARNING", "refused", None)
    assert fields["reason"] == (
        "several_credentials" if answer.status_code == 400 else "client_authentication"
    )
    assert (fields["application"], fields["door"]) == (application, "authorization_grant")
    assert not Decision.objects.exists()
    # Nothing of what was posted, but for the name of an application that is there.
    assert "marked" not in log.text
    assert SECRET not in log.text


def test_the_door_of_a_client_that_is_refused(world: World, log: Log, settings: Any) -> None:
    settings.OAUTH_JWT_GRANT = settings.OAUTH_JWT_GRANT | {"ACCEPTED_AS": list(Door)}
    exchange = {"grant_type": Door.SUBJECT_TOKEN.grant_type, "subject_token": mint(ec_key())}
    world.post(assertion=DROP, client_secret="wrong", subject_token_type=TokenType.JWT, **exchange)
    federated = {"grant_type": "client_credentials", "client_assertion": mint(ec_key())}
    world.post(assertion=DROP, client_secret=DROP, client_assertion_type="wrong", **federated)
    assert [(fields["door"], fields["application"]) for _, fields in written(log)] == [
        ("subject_token", "client"),
        ("client_assertion", ""),
    ]


def test_clients_that_are_refused_do_not_fill_the_log(world: World, log: Log) -> None:
    for _ in range(15):
        world.post(client_id="unknown")
    assert len(written(log)) == 10
    # Nor do they hide an issuer that nobody has added.
    world.post(assertion=mint(ec_key(), iss="https://new.example"))
    assert written(log)[-1][1]["reason"] == "unknown_issuer"
    assert [entry.iss for entry in unknown_issuers(time.time())] == ["https://new.example"]


def test_refusals_of_one_issuer_are_logged_as_often_as_they_are_stored(
    world: World, log: Log, settings: Any
) -> None:
    settings.OAUTH_JWT_GRANT = settings.OAUTH_JWT_GRANT | {"REFUSALS_PER_MINUTE": 3}
    for _ in range(20):
        world.post(assertion=mint(ec_key(), exp=1))
    logged = [fields["decision_id"] for _, fields in written(log)]
    assert len([pk for pk in logged if pk is not None]) == Decision.objects.count() == 3
    assert len(logged) <= 3 + 10


@pytest.mark.django_db
def test_nothing_of_an_unverified_jwt_is_logged(world: World, log: Log) -> None:
    marked = {name: f"marked-{name}" for name in ("sub", "jti", "aud", "azp", "scope")}
    thief = ec_key(name="thief")
    for iss in (ISSUER, "https://marked-stranger.example"):
        for header in ({}, {"kid": "marked-kid"}, {"alg": "marked-alg"}, {"typ": "marked-typ"}):
            world.post(assertion=mint(thief, header=header, iss=iss, **marked))
    post([("grant_type", GRANT_TYPE), ("assertion", "marked.marked.marked")])
    logged = json.dumps([vars(record) for record in log.records if record.name == LOGGER], default=str)
    assert logged.count('"levelname"') == 9
    assert "marked" not in logged


def test_strangers_fill_neither_the_log_nor_the_list(world: World, log: Log) -> None:
    for number in range(60):  # within the minute that has ten, on the slowest machine too
        world.post(assertion=mint(ec_key(), iss=f"https://{'x' * 600}.example/{number}"))
    assert len(written(log)) == 10
    unknown = unknown_issuers(time.time())
    assert 0 < len(unknown) <= MOST
    assert max(len(entry.iss) for entry in unknown) == LONGEST


def test_a_limiter_counts_what_it_holds_back() -> None:
    limiter = Limiter(2, 60)
    assert [limiter.admit(1000.0 + at) for at in (0, 1, 2, 59)] == [0, 0, None, None]
    assert [limiter.admit(1060.0 + at) for at in (0, 1, 2)] == [2, 0, None]
    # A clock that is set back does not silence the log.
    assert limiter.admit(500.0) == 1
