"""Statements that are compiled once: what they read is fresh, and what they keep does no harm."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, connections, models
from django.test.utils import isolate_apps

from oauth_jwt_grant.database import Columns, Parameter, PreparedQuery, RememberedColumns, may_defer
from oauth_jwt_grant.database.prepared import plan_for
from oauth_jwt_grant.models import GrantRule, TrustedIssuer
from oauth_jwt_grant.trust import lookup
from tests.factories import ISSUER, SUBJECT, ec_key, jwks
from tests.support import World, make_application

USER = get_user_model()


def _issuers() -> Any:
    columns = RememberedColumns(TrustedIssuer)
    wanted = Parameter("iss", TrustedIssuer._meta.get_field("issuer"))
    query = PreparedQuery(
        lambda: TrustedIssuer.objects.filter(issuer=wanted).order_by().values_list(*columns.names)
    )
    return lambda: [columns.instance(row) for row in query.rows(TrustedIssuer, iss=ISSUER)]


def test_a_remembered_row_that_changes_is_read_anew(world: World) -> None:
    read = _issuers()
    assert [issuer.enabled for issuer in read()] == [True]

    TrustedIssuer.objects.update(enabled=False)
    assert [issuer.enabled for issuer in read()] == [False]
    TrustedIssuer.objects.update(enabled=True, algorithms=["ES256"])
    assert [(issuer.enabled, issuer.algorithms) for issuer in read()] == [(True, ["ES256"])]
    TrustedIssuer.objects.all().delete()
    assert read() == []


def test_what_is_done_to_one_instance_shows_in_no_other(world: World) -> None:
    TrustedIssuer.objects.update(algorithms=["ES256"], jwks={"keys": []})
    read = _issuers()
    (first,) = read()
    first.algorithms.append("none")
    first.jwks["keys"] = "mine"
    first.enabled = False
    first.issuer = "https://other.example"

    (second,) = read()
    assert (second.algorithms, second.jwks) == (["ES256"], {"keys": []})
    assert (second.enabled, second.issuer) == (True, ISSUER)
    assert (second._state.db, second._state.adding) == ("default", False)
    second.jwks = jwks(ec_key())
    second.name = "saved"
    second.save()
    assert TrustedIssuer.objects.get().name == "saved"


def test_no_more_than_a_limited_number_of_rows_is_remembered(world: World) -> None:
    read = _issuers()
    for number in range(300):
        TrustedIssuer.objects.update(name=f"name {number}")
        assert [issuer.name for issuer in read()] == [f"name {number}"]

    plans = vars(connection._connections[connection._alias])["_oauth_jwt_grant_plans"].values()
    remembered = [len(plan.remembered) for plan in plans if hasattr(plan, "remembered")]
    assert 0 < max(remembered) <= 256


def test_what_is_compiled_goes_with_its_connection(world: World) -> None:
    """A server that handles each request in a new thread must not gather old connections."""
    left: list[weakref.ref[Any]] = []

    def request() -> None:
        mine = connections["default"]
        plan_for(mine, lookup._for_nobody, lookup._for_nobody._plan)
        left.append(weakref.ref(mine))
        mine.close()

    thread = threading.Thread(target=request)
    thread.start()
    thread.join()
    del thread
    gc.collect()

    assert left[0]() is None


def test_rules_come_in_their_order_and_with_their_own_conditions(world: World) -> None:
    issuer = world.issuer
    GrantRule.objects.filter(issuer=issuer).delete()
    for position, name in ((3, "last"), (1, "first"), (2, "second"), (2, "third")):
        rule = GrantRule.objects.create(issuer=issuer, name=name, position=position, scopes="read")
        for claim in ("b", "a"):
            rule.conditions.create(claim=f"{name}-{claim}", values=["x"])

    rules = lookup.find_trust(ISSUER, None, SUBJECT).rules

    assert [str(rule) for rule in rules] == ["first", "second", "third", "last"]
    for rule in rules:
        assert [condition.claim for condition in rule.conditions] == [f"{rule}-b", f"{rule}-a"]


@pytest.mark.parametrize("field", ["name", "created", "updated"])
def test_what_was_not_read_is_there_for_whoever_asks(world: World, field: str) -> None:
    issuer = lookup.find_trust(ISSUER, None, SUBJECT).issuer
    assert field not in vars(issuer)
    assert getattr(issuer, field) == getattr(TrustedIssuer.objects.get(), field)


def test_of_user_and_application_only_what_is_needed_is_read(world: World) -> None:
    """Their password and secret least of all."""
    application = make_application("stand-in")
    GrantRule.objects.update(default_application=application, client_policy="anonymous")

    rule = lookup.find_trust(ISSUER, None, SUBJECT).rules[0].row

    assert rule.linked is not None
    assert "password" not in vars(rule.linked.user)
    assert rule.linked.user == USER.objects.get(pk=rule.linked.user.pk)
    assert "client_secret" not in vars(rule.default_application)
    assert rule.default_application.client_id == "stand-in"


def test_a_model_that_looks_at_its_fields_when_it_is_made_is_read_whole() -> None:
    with isolate_apps("django.contrib.auth"):

        class Curious(models.Model):
            name = models.TextField()

            class Meta:
                app_label = "auth"

            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                self.before = self.name

        class Loaded(models.Model):
            class Meta:
                app_label = "auth"

            @classmethod
            def from_db(cls, *args: Any) -> Any:
                return super().from_db(*args)

    assert may_defer(USER)
    assert not may_defer(Curious)
    assert not may_defer(Loaded)


def test_columns_without_the_primary_key_have_it_all_the_same() -> None:
    columns = Columns(USER, only=["is_active"])
    assert columns.names == ["id", "is_active"]


def test_a_user_whose_state_is_computed_is_read_whole_and_not_remembered() -> None:
    """What a property rests on nobody knows, and it must not come from a replica."""
    with isolate_apps("django.contrib.auth"):

        class Leaver(models.Model):
            left = models.DateField(null=True)
            is_staff = False

            class Meta:
                app_label = "auth"

            @property
            def is_active(self) -> bool:
                return self.left is None

    columns = lookup._user_columns(Leaver)
    assert type(columns) is Columns
    assert columns.names == ["link__user__id", "link__user__left"]


def test_an_application_that_says_itself_whether_it_is_usable_is_read_whole() -> None:
    with isolate_apps("oauth2_provider"):

        class Closed(models.Model):
            open = models.BooleanField()

            class Meta:
                app_label = "oauth2_provider"

            def is_usable(self, request: Any) -> bool:
                return self.open

    columns = lookup._application_columns(Closed)
    assert type(columns) is Columns
    assert columns.names == ["default_application__id", "default_application__open"]
