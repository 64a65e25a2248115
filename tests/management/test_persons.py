"""``eraseperson``, the status of what could not run, and output for terminals of any encoding."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest
from django.core.management import call_command
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.models import Decision, LinkedSubject, TrustedIssuer
from oauth_jwt_grant.trust import health
from tests.factories import ec_key, mint
from tests.support import World, assert_granted, assert_refused, make_user

SAID = ("subject", "claims", "client_address", "detail", "user")


def said(decision: Decision) -> list[Any]:
    return [getattr(decision, name) for name in SAID]


@pytest.fixture
def spoken(world: World) -> World:
    """Two people with decisions, links and tokens."""
    world.change(world.rule, recorded_claims=["email"])
    LinkedSubject.objects.create(issuer=world.issuer, subject="bob", user=make_user("bob"))
    for subject in ("alice", "bob"):
        assertion = mint(ec_key(), sub=subject, email=f"{subject}@example.com", jti=subject)
        assert_granted(world.post(assertion=assertion))
        world.post(assertion=assertion)
    return world


@pytest.mark.parametrize("by", ["user", "subject"])
def test_a_person_is_erased_and_nobody_else_and_no_assertion_is_usable_again(
    spoken: World, run: Any, by: str
) -> None:
    others = list(Decision.objects.filter(subject="bob").order_by("pk").values())
    keys = set(Decision.objects.values_list("replay_key", flat=True))
    about = {
        "user": ["--user", spoken.user.get_username()],
        "subject": ["--issuer", spoken.issuer.issuer, "--subject", "alice"],
    }
    done = run("eraseperson", *about[by])

    assert (done.status, done.out) == (0, "Revoked 1 token, erased 2 decisions, deleted 1 link.\n")
    erased = Decision.objects.exclude(subject="bob")
    assert [said(decision) for decision in erased] == [["", {}, None, "", None]] * 2
    assert list(Decision.objects.filter(subject="bob").order_by("pk").values()) == others
    assert set(Decision.objects.values_list("replay_key", flat=True)) == keys
    assert [link.subject for link in LinkedSubject.objects.all()] == ["bob"]
    assert get_access_token_model().objects.get().user.get_username().startswith("bob")
    LinkedSubject.objects.create(issuer=spoken.issuer, subject="alice", user=spoken.user)
    again = mint(ec_key(), jti="alice")
    assert_refused(spoken.post(assertion=again), "invalid_grant", "The assertion has been used before.")


@pytest.mark.parametrize(
    "arguments",
    [(), ("--user", "a", "--subject", "b"), ("--subject", "b"), ("--issuer", "https://a.example")],
    ids=["nobody", "both", "no issuer", "no subject"],
)
def test_who_is_erased_has_to_be_clear(db: None, run: Any, arguments: tuple[str, ...]) -> None:
    done = run("eraseperson", *arguments)
    assert (done.status, "give --user, or --issuer together with --subject" in done.err) == (2, True)


def test_what_could_not_run_is_no_finding(world: World, run: Any, manage: Any) -> None:
    assert run("checkissuers", "--no-fetch").status == 0
    assert run("checkissuers", "--issuer", "https://unknown.example").status == 3
    done = manage("checkissuers", database="nowhere/database")
    assert (done.status, "could not finish: OperationalError: " in done.err) == (3, True)


def test_wrong_arguments_are_no_finding(manage: Any, transactional_db: None) -> None:
    assert manage("checkissuers", "--no-such-flag").status == 3
    assert manage("checkissuers", "--help").status == 0


def test_a_terminal_that_cannot_encode_the_output_gets_it_escaped(world: World, monkeypatch: Any) -> None:
    world.change(world.issuer, name="Jürgen \U0001f600")
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", terminal)
    call_command("checkissuers", "--no-fetch", "--issuer", world.issuer.issuer)
    terminal.flush()
    assert rb"J\xfcrgen \U0001f600" in terminal.buffer.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("ahead", "leeway", "text"),
    [
        (None, None, None),
        (31.0, None, None),
        (-31.0, None, None),
        (60.2, None, "the clock of its server is 60 seconds ahead of ours; the leeway is 30 seconds"),
        (-33.0, None, "the clock of its server is 33 seconds behind ours; the leeway is 30 seconds"),
        (60.0, 90, None),
        (5.0, 0, "the clock of its server is 5 seconds ahead of ours; the leeway is 0 seconds"),
    ],
)
def test_a_clock_that_is_further_off_than_is_forgiven(
    ahead: float | None, leeway: int | None, text: str | None
) -> None:
    issuer = TrustedIssuer(leeway=leeway)
    found = [finding.text for finding in health._clock(issuer, health.KeyStatus(clock_ahead=ahead))]
    assert found == ([] if text is None else [text])
