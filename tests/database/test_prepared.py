"""Statements that are compiled once: what they read is fresh, and what they keep does no harm."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, connections, models
from django.test.utils import isolate_apps

from oauth_jwt_grant.database import Columns, Parameter, PreparedQuery, may_defer
from oauth_jwt_grant.database.prepared import plan_for
from oauth_jwt_grant.models import GrantRule, TrustedIssuer
from oauth_jwt_grant.trust import lookup
from tests.factories import ISSUER, SUBJECT, ec_key, jwks
from tests.support import World, elsewhere, make_application

USER = get_user_model()


def _value(*values: Any) -> tuple[Any, ...]:
    return values


def _issuers() -> Any:
    """Reads ``enabled``, ``algorithms`` and ``name`` of the issuer, as frozen values."""
    wanted = Parameter("iss", TrustedIssuer._meta.get_field("issuer"))
    query = PreparedQuery(
        lambda: (
            TrustedIssuer.objects.filter(issuer=wanted)
            .order_by()
            .values_list("enabled", "algorithms", "name")
        )
    )
    return lambda: [row.frozen(0, 3, _value) for row in query.rows(TrustedIssuer, iss=ISSUER)]


def test_a_frozen_value_whose_row_changes_is_made_again(world: World) -> None:
    read = _issuers()
    name = world.issuer.name
    first = read()
    assert first == [(True, [], name)]
    assert read()[0] is first[0]

    TrustedIssuer.objects.update(enabled=False)
    assert read() == [(False, [], name)]
    TrustedIssuer.objects.update(enabled=True, algorithms=["ES256"])
    assert read() == [(True, ["ES256"], name)]
    TrustedIssuer.objects.all().delete()
    assert read() == []


def test_a_percent_sign_in_a_statement_stays_one(world: World) -> None:
    """Django writes the modulo operator as a percent sign, and the places of parameters, too."""
    wanted = Parameter("iss", TrustedIssuer._meta.get_field("issuer"))
    rest = models.ExpressionWrapper(models.F("pk") % 1000, output_field=models.IntegerField())
    query = PreparedQuery(
        lambda: TrustedIssuer.objects.filter(issuer=wanted).annotate(rest=rest).values_list("rest", "name")
    )

    (row,) = query.rows(TrustedIssuer, iss=ISSUER)

    assert tuple(row.values) == (world.issuer.pk % 1000, world.issuer.name)


def test_what_a_receiver_does_to_the_rows_shows_in_no_other_request(world: World) -> None:
    TrustedIssuer.objects.update(algorithms=["ES256"])
    trust = lookup.find_trust(ISSUER, None, SUBJECT)
    row = trust.rows.issuer()
    row.algorithms.append("none")
    row.jwks["keys"] = "mine"
    row.enabled = False
    changed = trust.rows.rule(trust.rules[0].rule)
    changed.scopes = "everything"

    again = lookup.find_trust(ISSUER, None, SUBJECT)
    for issuer in (trust.issuer, again.issuer):
        assert (list(issuer.algorithms), issuer.jwks, issuer.enabled) == (["ES256"], jwks(ec_key()), True)
    row = again.rows.issuer()
    assert (row.algorithms, row.jwks, row.enabled) == (["ES256"], jwks(ec_key()), True)
    assert (row._state.db, row._state.adding) == ("default", False)
    assert again.rows.rule(again.rules[0].rule) == world.rule
    assert again.rules[0].rule.scopes == world.rule.scopes
    row.name = "saved"
    row.save()
    assert TrustedIssuer.objects.get().name == "saved"


def test_the_number_of_frozen_values_is_limited(world: World) -> None:
    read = _issuers()
    for number in range(300):
        TrustedIssuer.objects.update(name=f"name {number}")
        assert [name for _, _, name in read()] == [f"name {number}"]

    plans = vars(connection._connections[connection._alias])["_oauth_jwt_grant_plans"].values()
    kept = [len(plan.frozen) for plan in plans if hasattr(plan, "frozen")]
    assert 0 < max(kept) <= 256


def test_what_is_compiled_goes_with_its_connection(world: World) -> None:
    """A server that handles each request in a new thread must not gather old connections."""
    left: list[weakref.ref[Any]] = []

    def request() -> None:
        mine = connections["default"]
        plan_for(mine, lookup._for_nobody, lookup._for_nobody._plan)
        left.append(weakref.ref(mine))

    elsewhere(request)
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


@pytest.mark.parametrize("field", ["created", "updated"])
def test_a_field_that_was_not_read_is_read_on_demand(world: World, field: str) -> None:
    issuer = lookup.find_trust(ISSUER, None, SUBJECT).rows.issuer()
    assert field not in vars(issuer)
    assert getattr(issuer, field) == getattr(TrustedIssuer.objects.get(), field)


def test_of_user_and_application_only_what_is_needed_is_read(world: World) -> None:
    """Their password and secret least of all."""
    application = make_application("stand-in")
    GrantRule.objects.update(default_application=application, client_policy="anonymous")

    trust = lookup.find_trust(ISSUER, None, SUBJECT)
    (rule,), user = trust.rules, trust.link.user

    assert "password" not in vars(user)
    assert user == USER.objects.get(pk=user.pk)
    assert "client_secret" not in vars(rule.application)
    assert rule.application is not None
    assert rule.application.client_id == "stand-in"


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


def test_a_user_whose_state_is_computed_is_read_whole() -> None:
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

    columns = lookup.user_columns(Leaver, "link__user__")
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
    assert columns.names == ["default_application__id", "default_application__open"]
