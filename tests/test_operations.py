"""The runbook: its commands in the order of the page, and what it promises of them."""

from __future__ import annotations

import io
import json
import re
import shlex
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.serializers.base import DeserializationError
from django.db import IntegrityError
from django.utils import timezone

from oauth_jwt_grant.conf import conf as own_settings
from oauth_jwt_grant.dot import get_access_token_model
from oauth_jwt_grant.models import ClaimCondition, Decision, GrantRule, LinkedSubject, TrustedIssuer
from tests.factories import ISSUER, ec_key, jwk, jwks, mint, rsa_key
from tests.jwks_server import JwksServer
from tests.support import World, assert_granted, assert_refused, build_world, make_issuer, make_rule

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "operations.md").read_text()


def commands(heading: str) -> list[list[str]]:
    """The commands of one section, about the issuer of these tests."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0].replace("\\\n", " ")
    found = re.findall(r"^ {4,}python manage\.py (.*)$", section, re.M)
    assert found
    return [shlex.split(line.replace("https://ci.acme.example", ISSUER)) for line in found]


def run(arguments: list[str]) -> str:
    out = io.StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=out)
    finally:
        print(out.getvalue())
    return out.getvalue()


@pytest.fixture
def world(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.chdir(tmp_path)
    return build_world()


@pytest.fixture
def server(world: World) -> Any:
    """The issuer's keys are fetched from here."""
    with JwksServer() as running:
        running.publish(jwk(ec_key()))
        world.fetch_keys_from(running)
        yield running


def test_the_page_names_every_logger() -> None:
    sources = [path.read_text() for path in (ROOT / "oauth_jwt_grant").rglob("*.py")]
    names = {name for text in sources for name in re.findall(r'getLogger\("([\w.]+)"\)', text)}
    logs = PAGE.partition("* **Logs.**")[2].partition("\n* ")[0]
    assert set(re.findall(r"`(oauth_jwt_grant\.\w+)`", logs)) == names


def test_regular_work(world: World, server: JwksServer) -> None:
    """Twice: each may run again at any time."""
    assert_granted(world.post())
    past = timezone.now() - timedelta(days=200)
    Decision.objects.update(time=past, replay_until=past)
    get_access_token_model().objects.update(expires=past)
    for _ in range(2):
        printed = [run(command) for command in commands("Regular work")]
    assert "1 key" in printed[0]
    assert json.loads(printed[1])["issuers"][0]["level"] == "fine"
    assert not Decision.objects.exists()


def test_a_new_key_that_is_fetched(world: World, server: JwksServer) -> None:
    assert_granted(world.post())
    server.publish(jwk(rsa_key()))
    fetched, _ = commands("An issuer changes its key")
    run(fetched)
    assert_refused(world.post())
    assert_granted(world.post(assertion=mint(rsa_key())))


def test_a_new_key_that_is_entered(world: World) -> None:
    Path("both.json").write_text(json.dumps(jwks(ec_key(), rsa_key())))
    _, entered = commands("An issuer changes its key")
    run(entered)
    assert_granted(world.post())
    assert_granted(world.post(assertion=mint(rsa_key())))


def test_an_issuer_that_is_down(world: World, server: JwksServer) -> None:
    assert_granted(world.post())
    server.stop()
    Path("saved.json").write_text(json.dumps(jwks(ec_key())))
    look, enter, put_back = commands("An issuer is down")
    with pytest.raises(SystemExit) as status:
        run(look)
    assert status.value.code == 1
    run(enter)
    assert_granted(world.post())
    run(put_back)
    world.issuer.refresh_from_db()
    assert world.issuer.key_source == "discovery"


def test_a_signing_key_that_leaked(world: World, server: JwksServer) -> None:
    assert_granted(world.post())
    disable, refresh, enable = commands("A signing key leaked")
    run(disable)
    assert_refused(world.post())
    server.publish(jwk(rsa_key()))
    run(refresh)
    run(enable)
    assert_refused(world.post())
    assert_granted(world.post(assertion=mint(rsa_key())))


def test_a_clock_that_is_wrong(world: World) -> None:
    late = mint(ec_key(), exp=int(timezone.now().timestamp()) - 60)
    assert_refused(world.post(assertion=late))
    _, forgive = commands("Clocks differ")
    run(forgive)
    assert_granted(world.post(assertion=late))


def test_no_assertion_is_good_for_longer_than_the_page_says(world: World) -> None:
    """After a restored backup: ``MAX_LIFETIME`` and twice the leeway from the last request on."""
    assert "`MAX_LIFETIME` and twice the leeway, an hour and a minute" in " ".join(PAGE.split())
    longest = own_settings.MAX_LIFETIME + 2 * own_settings.LEEWAY
    assert longest == 3660
    now = int(timezone.now().timestamp())
    assert_refused(world.post(assertion=mint(ec_key(), exp=now + 3640)))
    assert_granted(world.post(assertion=mint(ec_key(), exp=now + 3625)))
    decision = Decision.objects.get(outcome="accepted")
    assert decision.replay_until is not None
    assert timedelta(seconds=3640) < decision.replay_until - decision.time <= timedelta(seconds=longest)


class TestMovingTrust:
    """By natural keys, into a site whose rows have other primary keys."""

    @pytest.fixture
    def dump(self, world: World) -> World:
        world.rule.conditions.create(claim="ref", operator="glob", values=["refs/?ain"])
        world.rule.conditions.create(claim="ref", operator="glob", values=["ref?/main"])
        world.rule.conditions.create(claim="run", values=[1])
        world.rule.conditions.create(claim="run", operator="in", values=[True, 1])
        run(commands("Move trust to another site")[0])
        return world

    def load(self) -> None:
        for command in commands("Move trust to another site")[1:]:
            run(command)

    def other_site(self) -> None:
        TrustedIssuer.objects.all().delete()
        other = make_issuer(issuer="https://first.example")
        make_rule(other, client_policy="anonymous", subject_policy="no_user").conditions.create(
            claim="other", values=["kept"]
        )

    def said(self) -> list[tuple[Any, ...]]:
        return [
            (*condition.rule.natural_key(), condition.claim, condition.operator, json.dumps(condition.values))
            for condition in ClaimCondition.objects.order_by("claim", "operator", "pk")
        ]

    def test_all_of_it_arrives(self, dump: World) -> None:
        before = self.said()
        self.other_site()
        kept = self.said()
        self.load()

        assert sorted(self.said()) == sorted(before + kept)
        good = {"ref": "refs/main", "run": 1}
        assert_granted(dump.post(assertion=mint(ec_key(), **good)))
        for claims in ({"ref": "refs/x"}, {"ref": "x/main"}, {"run": True}):
            assert_refused(dump.post(assertion=mint(ec_key(), **{**good, **claims})))
        rule = GrantRule.objects.get(issuer__issuer=ISSUER)
        assert [application.client_id for application in rule.applications.all()] == ["client"]
        assert LinkedSubject.objects.get().user == dump.user

    def test_twice_is_once(self, dump: World) -> None:
        before = self.said()
        self.load()
        self.load()
        assert self.said() == before
        assert GrantRule.objects.count() == 1

    @pytest.mark.parametrize("missing", ["application", "user"])
    def test_nothing_is_loaded_where_somebody_is_missing(self, dump: World, missing: str) -> None:
        row = getattr(dump, missing)
        if not hasattr(row, "natural_key"):
            pytest.skip("not on a site whose applications have no natural key")
        self.other_site()
        row.delete()
        with pytest.raises((DeserializationError, IntegrityError)):
            self.load()
        assert list(TrustedIssuer.objects.values_list("issuer", flat=True)) == ["https://first.example"]

    def test_a_condition_that_was_loosened_is_added_to_the_old_one(self, dump: World) -> None:
        """So a rule never gets wider than its site had it."""
        ClaimCondition.objects.filter(claim="run", operator="equals").update(values=[2])
        # The last command, checkissuers, says that no JWT can meet both.
        with pytest.raises(SystemExit):
            self.load()
        assert_refused(dump.post(assertion=mint(ec_key(), ref="refs/main", run=1)))
