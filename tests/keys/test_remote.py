"""Published keys through their life: fresh, stale, rotated, asked for by unknown key IDs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from oauth_jwt_grant.assertion import KeysUnavailable
from oauth_jwt_grant.keys import DiscoveredKeys, KeyLimits, RemoteKeys
from tests.jwks_server import Answer, JwksServer, json_answer

from .material import (
    START,
    BrokenCache,
    Clock,
    MemoryCache,
    MemoryStore,
    ec_jwk,
    ed_jwk,
    header,
    hold,
    rsa_jwk,
)

Make = Callable[..., RemoteKeys]


def kids(source: RemoteKeys, kid: str | None = None, alg: str = "ES256") -> list[str | None]:
    return [key.kid for key in source.candidates(header(kid, alg))]


@pytest.fixture(autouse=True)
def _published(server: JwksServer) -> None:
    server.publish(ec_jwk("a"), ec_jwk("b"), rsa_jwk("r"))


class TestWarm:
    def test_fifty_assertions_cost_one_fetch(self, server: JwksServer, remote: Make) -> None:
        assert [kids(remote(), "a") for _ in range(50)] == [["a"]] * 50
        assert server.count() == 1

    def test_warm_cache_costs_one_look(self, remote: Make, cache: MemoryCache, store: MemoryStore) -> None:
        kids(remote(), "a")
        cache.calls.clear()
        loads = store.loads
        assert kids(remote(), "a") == ["a"]
        assert cache.calls == ["get"]
        assert store.loads == loads

    def test_unchanged_document_is_parsed_once(self, remote: Make) -> None:
        first = remote().candidates(header("a"))
        again = remote().candidates(header("a"))
        assert first[0] is again[0]

    def test_without_kid_all_that_fit_the_algorithm(self, remote: Make) -> None:
        assert kids(remote()) == ["a", "b"]
        assert kids(remote(), alg="RS256") == ["r"]

    def test_known_kid_of_another_algorithm_is_no_reason_to_fetch(
        self, server: JwksServer, remote: Make
    ) -> None:
        assert kids(remote(), "r", "ES256") == []
        assert kids(remote(), "a", "RS256") == []
        assert server.count() == 1

    def test_left_out_kid_is_no_reason_to_fetch(self, server: JwksServer, remote: Make) -> None:
        server.publish(ec_jwk("a"), ec_jwk("enc", use="enc"))
        assert kids(remote(), "enc") == []
        assert server.count() == 1


class TestAge:
    @pytest.mark.parametrize(
        ("control", "seconds"),
        [
            ("max-age=1000", 1000),
            ("max-age=1", 300),
            ("no-store", 300),
            ("max-age=99999", 3600),
            (None, 3600),
        ],
    )
    def test_max_age_within_bounds(
        self, server: JwksServer, remote: Make, clock: Clock, control: str | None, seconds: int
    ) -> None:
        server.publish(ec_jwk("a"), **({} if control is None else {"Cache_Control": control}))
        kids(remote(), "a")
        assert remote().status().next_fetch == START + seconds
        clock.now += seconds - 1
        kids(remote(), "a")
        assert server.count() == 1
        clock.now += 1
        kids(remote(), "a")
        assert server.count() == 2

    def test_withdrawn_key_ends_with_the_set(self, server: JwksServer, remote: Make, clock: Clock) -> None:
        kids(remote(), "a")
        server.publish(ec_jwk("b"))
        assert kids(remote(), "a") == ["a"]
        clock.now += 3600
        assert kids(remote(), "a") == []
        assert kids(remote()) == ["b"]

    def test_lower_limit_acts_at_once(self, server: JwksServer, remote: Make, clock: Clock) -> None:
        kids(remote(), "a")
        clock.now += 10
        kids(remote(limits=KeyLimits(min_age=60, max_age=600)), "a")
        assert server.count() == 2

    def test_clock_that_was_set_back(self, server: JwksServer, remote: Make, clock: Clock) -> None:
        clock.now += 86400
        kids(remote(), "a")
        clock.now -= 86400
        assert kids(remote(), "a") == ["a"]
        assert server.count() == 2

    def test_conditional_request(
        self, server: JwksServer, remote: Make, clock: Clock, store: MemoryStore
    ) -> None:
        good = json_answer({"keys": [ec_jwk("a")]}, ETag='"1"')
        server.answers["/jwks"] = lambda sent: (
            Answer(status=304, headers={"Cache-Control": "max-age=400"})
            if sent.get("If-None-Match") == '"1"'
            else good
        )
        kids(remote(), "a")
        clock.now += 3600
        assert kids(remote(), "a") == ["a"]
        assert [sent.get("If-None-Match") for _, sent in server.requests] == [None, '"1"']
        status = remote().status()
        assert (status.fetched_at, status.next_fetch) == (START + 3600, START + 4000)
        assert store.saved is not None
        assert (store.saved.etag, store.saved.fetched_at) == ('"1"', START + 3600)

    def test_conditional_request_after_a_cache_flush(
        self, server: JwksServer, remote: Make, clock: Clock, cache: MemoryCache
    ) -> None:
        server.publish(ec_jwk("a"), ETag='"1"')
        kids(remote(), "a")
        cache.flush()
        clock.now += 3600
        kids(remote(), "a")
        assert server.requests[-1][1]["If-None-Match"] == '"1"'


class TestRotation:
    def test_new_kid_costs_one_refetch(self, server: JwksServer, remote: Make) -> None:
        kids(remote(), "a")
        server.publish(ec_jwk("b"), ec_jwk("c"))
        assert [kids(remote(), "c") for _ in range(20)] == [["c"]] * 20
        assert server.count() == 2
        # The set was replaced whole.
        assert kids(remote(), "a") == []

    def test_new_algorithm_without_kid(self, server: JwksServer, remote: Make) -> None:
        kids(remote())
        server.publish(ed_jwk())
        assert kids(remote(), alg="EdDSA") == ["ed"]
        assert server.count() == 2

    def test_unknown_kids_cost_one_fetch_per_cool_down(
        self, server: JwksServer, remote: Make, clock: Clock
    ) -> None:
        kids(remote(), "a")
        for number in range(10_000):
            assert kids(remote(), f"unknown-{number}") == []
        assert server.count() == 2
        assert kids(remote(), "a") == ["a"]
        clock.now += 29
        kids(remote(), "unknown")
        assert server.count() == 2
        clock.now += 1
        kids(remote(), "unknown")
        assert server.count() == 3
        assert clock.slept == 0

    def test_budget_is_the_issuers_own(self, server: JwksServer, remote: Make) -> None:
        server.publish(ec_jwk("x"), path="/other")
        other = {"issuer": "https://other.example", "url": server.url("/other")}
        kids(remote(), "a")
        kids(remote(**other), "x")
        kids(remote(), "unknown")
        server.publish(ec_jwk("y"), path="/other")
        assert kids(remote(**other), "y") == ["y"]

    def test_no_refetch_while_the_issuer_is_failing(
        self, server: JwksServer, remote: Make, clock: Clock
    ) -> None:
        kids(remote(), "a")
        server.answers["/jwks"] = Answer(status=500)
        assert kids(remote(), "unknown") == []
        clock.now += 30
        kids(remote(), "unknown")
        assert server.count() == 3
        clock.now += 30  # the cool-down has ended, the pause after two failures has not
        assert kids(remote(), "unknown") == []
        assert kids(remote(), "a") == ["a"]
        assert server.count() == 3

    def test_keys_without_kid_serve_any_kid(self, server: JwksServer, remote: Make) -> None:
        server.publish(ec_jwk(None))
        assert kids(remote(), "whatever") == [None]
        assert server.count() == 1

    def test_key_without_kid_beside_others(self, server: JwksServer, remote: Make) -> None:
        server.publish(ec_jwk("a"), ec_jwk(None))
        assert kids(remote(), "a") == ["a"]
        assert server.count() == 1
        assert kids(remote(), "unknown") == [None]
        assert server.count() == 2

    def test_waits_for_the_refetch_of_another(
        self, server: JwksServer, remote: Make, clock: Clock, cache: MemoryCache
    ) -> None:
        """Somebody has taken the cool-down's refetch and is still busy: its keys arrive in time."""
        kids(remote(), "a")
        hold(remote, cache, "refetched")
        hold(remote, cache, "fetching")
        server.publish(ec_jwk("c"))

        def sleep(seconds: float) -> None:
            clock.sleep(seconds)
            remote().refresh()

        assert kids(remote(sleep=sleep), "c") == ["c"]

    def test_waits_no_longer_than_a_second(self, remote: Make, clock: Clock, cache: MemoryCache) -> None:
        kids(remote(), "a")
        hold(remote, cache, "refetched")
        hold(remote, cache, "fetching")
        assert kids(remote(limits=KeyLimits()), "c") == []
        assert 0.9 < clock.slept < 1.2

    def test_fetch_of_another_while_the_refetch_is_free(
        self, server: JwksServer, remote: Make, clock: Clock, cache: MemoryCache
    ) -> None:
        kids(remote(), "a")
        hold(remote, cache, "fetching")
        assert kids(remote(), "c") == []
        assert server.count() == 1


class TestSources:
    def test_another_url_never_serves_the_old_keys(self, server: JwksServer, remote: Make) -> None:
        kids(remote(), "a")
        server.publish(ec_jwk("z"), path="/new")
        assert kids(remote(url=server.url("/new"))) == ["z"]
        server.answers["/newer"] = Answer(status=500)
        with pytest.raises(KeysUnavailable):
            kids(remote(url=server.url("/newer")), "a")

    def test_two_issuers_with_one_url_are_apart(
        self, server: JwksServer, remote: Make, store: MemoryStore
    ) -> None:
        kids(remote(), "a")
        kids(remote(issuer="https://other.example", store=MemoryStore()), "a")
        assert server.count() == 2

    def test_key_that_names_another_issuer(self, server: JwksServer, remote: Make) -> None:
        server.publish(
            ec_jwk("a", issuer="https://login.example/tenant-2/v2.0"),
            ec_jwk("b", issuer="https://login.example/{tenantid}/v2.0"),
            ec_jwk("c", issuer="https://issuer.example"),
        )
        assert kids(remote()) == ["b", "c"]
        assert [entry.why for entry in remote().status().left_out] == ["belongs to another issuer (issuer)"]


class TestStore:
    def test_flush_of_the_cache_costs_no_fetch(
        self, server: JwksServer, remote: Make, cache: MemoryCache, store: MemoryStore
    ) -> None:
        kids(remote(), "a")
        cache.flush()
        loads = store.loads
        assert [kids(remote(), "a") for _ in range(3)] == [["a"]] * 3
        assert server.count() == 1
        assert store.loads == loads + 1

    def test_private_material_is_never_kept(
        self, server: JwksServer, remote: Make, cache: MemoryCache, store: MemoryStore
    ) -> None:
        secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQ"
        server.publish(
            ec_jwk("a"),
            ec_jwk("private", d=secret),
            {"kty": "oct", "k": secret, "kid": "shared"},
            "none",  # type: ignore[arg-type]
        )
        kids(remote(), "a")
        assert store.saved is not None
        assert secret not in store.saved.text
        assert secret not in repr(cache._values)
        cache.flush()
        assert [(entry.position, entry.kid, entry.why) for entry in remote().status().left_out] == [
            (1, "private", "holds private or symmetric key material"),
            (2, "shared", "holds private or symmetric key material"),
            (3, None, "not a JSON object"),
        ]

    def test_no_store(self, remote: Make, cache: MemoryCache) -> None:
        assert kids(remote(store=None), "a") == ["a"]

    def test_cache_that_is_down(
        self, server: JwksServer, remote: Make, caplog: pytest.LogCaptureFixture
    ) -> None:
        down: Any = BrokenCache()
        assert kids(remote(cache=down), "a") == ["a"]
        assert kids(remote(cache=down), "a") == ["a"]
        for number in range(3):
            assert kids(remote(cache=down), f"unknown-{number}") == []
        assert server.count() == 2
        assert "The cache for key sets cannot be read" in caplog.text
        server.stop()
        with pytest.raises(KeysUnavailable):
            kids(remote(cache=down, store=MemoryStore()), "a")


class TestLog:
    def test_each_fetch_has_a_record_with_what_has_changed(
        self, server: JwksServer, remote: Make, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO", "oauth_jwt_grant.keys")
        remote().refresh()
        remote().refresh()
        server.publish(ec_jwk("b"), ec_jwk("c"))
        remote().refresh()
        server.stop()
        with pytest.raises(KeysUnavailable):
            remote().refresh()
        records = [record for record in caplog.records if record.name == "oauth_jwt_grant.keys"]
        assert [(record.levelname, record.outcome) for record in records] == [  # type: ignore[attr-defined]
            ("INFO", "fetched"),
            ("INFO", "fetched"),
            ("INFO", "rotated"),
            ("WARNING", "failed"),
        ]
        rotated: Any = records[2]
        assert (rotated.keys, rotated.new, rotated.gone) == (2, 1, 2)
        assert len({record.issuer for record in records}) == 1  # type: ignore[attr-defined]


class TestStatus:
    def test_before_the_first_fetch(self, server: JwksServer, remote: Make) -> None:
        status = remote().status()
        assert (status.keys, status.fetched_at, status.next_fetch, status.last_error) == ((), None, None, "")
        assert server.count() == 0

    def test_names_what_is_used_and_what_is_not(self, server: JwksServer, remote: Make) -> None:
        server.publish(
            ec_jwk("a", use="sig", alg="ES256"), rsa_jwk("e", use="enc"), {"kty": "XYZ", "kid": "k" * 500}
        )
        remote().refresh()
        status = remote().status()
        [key] = status.keys
        assert (key.kid, key.kty, key.bits, key.alg, key.use) == ("a", "EC", 256, "ES256", "sig")
        assert len(key.thumbprint) == 43
        assert [(entry.position, entry.kid, entry.why) for entry in status.left_out] == [
            (1, "e", "key is not for signatures (use)"),
            (2, "k" * 100, "key type (kty) is unknown"),
        ]
        assert (status.fetched_at, status.next_fetch) == (START, START + 3600)
        assert (status.last_error, status.failing_since) == ("", None)

    def test_of_what_is_in_the_store(self, remote: Make, cache: MemoryCache) -> None:
        remote().refresh()
        cache.flush()
        assert [key.kid for key in remote().status().keys] == ["a", "b", "r"]


class TestRefresh:
    def test_fetches_whatever_the_age(self, server: JwksServer, remote: Make) -> None:
        kids(remote(), "a")
        server.publish(ec_jwk("c"))
        remote().refresh()
        assert server.count() == 2
        assert kids(remote()) == ["c"]

    def test_fetches_while_failing(self, server: JwksServer, remote: Make) -> None:
        good = server.answers["/jwks"]
        server.answers["/jwks"] = Answer(status=500)
        with pytest.raises(KeysUnavailable) as caught:
            remote().refresh()
        assert caught.value.detail == "the keys cannot be fetched: the answer has the HTTP status 500"
        server.answers["/jwks"] = good
        remote().refresh()
        assert remote().status().last_error == ""

    def test_leaves_the_turn_of_another_to_it(
        self, server: JwksServer, remote: Make, cache: MemoryCache
    ) -> None:
        kids(remote(), "a")
        hold(remote, cache, "fetching")
        remote().refresh()
        assert server.count() == 2
        assert any(key.endswith(":fetching") for key in cache._values)


class TestDiscovered:
    def test_restored_set_is_asked_for_without_condition(
        self, server: JwksServer, remote: Make, clock: Clock, cache: MemoryCache
    ) -> None:
        """The store does not know under which URL the entity tag is valid."""
        issuer = server.url("")
        server.publish(ec_jwk("a"), ETag='"1"')
        server.answers["/.well-known/openid-configuration"] = json_answer(
            {"issuer": issuer, "jwks_uri": server.url()}
        )
        assert kids(remote(DiscoveredKeys, issuer=issuer), "a") == ["a"]
        clock.now += 3600
        kids(remote(DiscoveredKeys, issuer=issuer), "a")
        cache.flush()
        clock.now += 3600
        kids(remote(DiscoveredKeys, issuer=issuer), "a")
        conditions = [sent.get("If-None-Match") for path, sent in server.requests if path == "/jwks"]
        assert conditions == [None, '"1"', None]


class TestFirstSeen:
    def test_each_key_since_it_came(
        self, server: JwksServer, remote: Make, clock: Clock, store: MemoryStore
    ) -> None:
        server.publish(ec_jwk("a"))
        source = remote()
        began = clock()
        source.refresh()
        clock.sleep(1000)
        server.publish(ec_jwk("a"), ec_jwk("b"))
        source.refresh()
        assert [source.status().first_seen[key.thumbprint] for key in source.status().keys] == [
            began,
            began + 1000,
        ]

    def test_key_that_comes_back_has_come_anew(self, server: JwksServer, remote: Make, clock: Clock) -> None:
        source = remote()
        for published in (["a", "b"], ["b"], ["a", "b"]):
            server.publish(*map(ec_jwk, published))
            source.refresh()
            clock.sleep(100)
        times = {key.kid: source.status().first_seen[key.thumbprint] for key in source.status().keys}
        assert times == {"a": clock() - 100, "b": clock() - 300}

    def test_same_key_under_another_name_is_the_same_key(
        self, server: JwksServer, remote: Make, clock: Clock
    ) -> None:
        source = remote()
        server.publish(ec_jwk("a"))
        source.refresh()
        began = clock()
        clock.sleep(100)
        server.publish({**ec_jwk("a"), "kid": "renamed"})
        source.refresh()
        assert list(source.status().first_seen.values()) == [began]

    def test_flush_of_the_cache_forgets_nothing(
        self, server: JwksServer, remote: Make, clock: Clock, cache: MemoryCache, store: MemoryStore
    ) -> None:
        began = clock()
        server.publish(ec_jwk("a"))
        remote().refresh()
        clock.sleep(100)
        cache.flush()
        remote().refresh()
        assert list(remote().status().first_seen.values()) == [began]
        assert store.saved is not None
        assert list(store.saved.first_seen.values()) == [began]

    def test_answer_that_nothing_has_changed_changes_nothing(
        self, server: JwksServer, remote: Make, clock: Clock
    ) -> None:
        answer = json_answer({"keys": [ec_jwk("a")]}, ETag='"1"')
        server.answers["/jwks"] = lambda headers: Answer(status=304) if "If-None-Match" in headers else answer
        began = clock()
        remote().refresh()
        clock.sleep(100)
        remote().refresh()
        assert list(remote().status().first_seen.values()) == [began]

    def test_other_source_begins_anew(self, server: JwksServer, remote: Make, clock: Clock) -> None:
        server.publish(ec_jwk("a"))
        server.answers["/other"] = server.answers["/jwks"]
        remote().refresh()
        clock.sleep(100)
        other = remote(url=server.url("/other"))
        other.refresh()
        assert list(other.status().first_seen.values()) == [clock()]
