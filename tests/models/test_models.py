"""The models: what they refuse to save, what they say of themselves, how the database compares."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from oauth_jwt_grant.fields import ExactCharField
from oauth_jwt_grant.models import (
    ClaimCondition,
    GrantRule,
    IssuerKeys,
    LinkedSubject,
    TrustedIssuer,
    flaws_of,
)
from tests.factories import ISSUER, SUBJECT
from tests.support import World, cases


def faults(row: Any) -> dict[str, list[str]]:
    try:
        row.full_clean()
    except ValidationError as error:
        return error.message_dict
    return {}


def test_what_is_in_use_is_valid(world: World) -> None:
    assert faults(world.issuer) == faults(world.rule) == faults(world.issuer.linked_subjects.get()) == {}


def test_names(world: World) -> None:
    condition = world.rule.conditions.create(claim="a", operator="in", values=["x", 1])
    keys = IssuerKeys(issuer=world.issuer)

    assert str(world.issuer) == str(keys) == "Issuer"
    assert str(TrustedIssuer(issuer=ISSUER)) == ISSUER
    assert str(world.rule) == world.rule.name
    assert str(condition) == "a is one of 'x', 1"
    assert str(LinkedSubject(subject=SUBJECT)) == SUBJECT


def test_natural_keys(world: World) -> None:
    condition = world.rule.conditions.create(claim="a", values=["x"])
    link = world.issuer.linked_subjects.get()

    for row in (world.issuer, world.rule, condition, link):
        assert type(row).objects.get_by_natural_key(*row.natural_key()) == row


@cases(
    ("field", "value"),
    [
        ("issuer", ""),
        ("issuer", " https://issuer.example"),
        ("issuer", "https://issuer.example\n"),
        ("issuer", "a\0b"),
        ("algorithms", ["none"]),
        ("algorithms", ["HS256"]),
        ("algorithms", ["rs256"]),
        ("algorithms", "RS256"),
        ("algorithms", [1]),
        ("audiences", "https://as.example.com"),
        ("audiences", [""]),
        ("audiences", [1]),
        ("jwks_url", "http://issuer.example/jwks"),
        ("discovery_url", "http://issuer.example/"),
        ("discovery_url", "https://user@issuer.example/"),
        ("discovery_url", "https://issuer.example:port/"),
        ("discovery_url", "https://[::1/"),
        ("issuer", "https://as.example.com"),
        ("trust_anchors", "nonsense"),
        ("ca_bundle", "nonsense"),
        ("ca_bundle", "-----BEGIN CERTIFICATE-----"),
        ("certificate_bindings", "x"),
        ("leeway", -1),
        ("max_lifetime", -1),
        ("leeway", 2**31),
        ("max_lifetime", 2**31),
        ("key_source", "x5u"),
        ("replay_policy", "never"),
        ("profile", "saml"),
    ],
)
def test_an_issuer_that_cannot_be_meant(world: World, field: str, value: Any) -> None:
    setattr(world.issuer, field, value)

    assert field in faults(world.issuer)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"key_source": "jwks_url"}, "jwks_url"),
        ({"key_source": "discovery", "issuer": "not a URL"}, "discovery_url"),
        ({"key_source": "certificates"}, "trust_anchors"),
        ({"key_source": "inline", "jwks": {}}, "jwks"),
        ({"profile": "id-jag", "replay_policy": "reusable"}, "replay_policy"),
    ],
)
def test_fields_of_an_issuer_that_contradict_each_other(
    world: World, change: dict[str, Any], field: str
) -> None:
    for name, value in change.items():
        setattr(world.issuer, name, value)

    assert field in faults(world.issuer)


@cases(
    ("change", "field"),
    [
        ({"subject_policy": "service_user"}, "user"),
        ({"subject_policy": "user_field"}, "user_field"),
        ({"subject_policy": "user_field", "user_field": "nonsense"}, "user_field"),
        ({"subject_policy": "user_field", "user_field": "email", "subject_claim": ""}, "subject_claim"),
        ({"scope_claim_name": "/a~2b"}, "scope_claim_name"),
        ({"scope_claim_name": "/act/act/sub"}, "scope_claim_name"),
        ({"scopes": ""}, "scopes"),
        ({"scopes": 'read"'}, "scopes"),
        ({"scopes": "read\twrite"}, "scopes"),
        ({"default_scopes": "admin"}, "default_scopes"),
        ({"access_token_lifetime": 2**31}, "access_token_lifetime"),
        ({"resources": ["relative"]}, "resources"),
        ({"resources": ["urn:x"]}, "resources"),
        ({"resources": ["https://[::1/"]}, "resources"),
        ({"resources": ["https://api.example:x/"]}, "resources"),
        ({"resources": ["https://user@api.example/"]}, "resources"),
        ({"resources": ["https://api.example/#x"]}, "resources"),
        ({"resources": "https://api.example/"}, "resources"),
        ({"recorded_claims": "repository"}, "recorded_claims"),
        ({"client_policy": "everybody"}, "client_policy"),
        ({"subject_policy": "anybody"}, "subject_policy"),
        ({"name": ""}, "name"),
    ],
)
def test_a_rule_that_cannot_be_meant(world: World, change: dict[str, Any], field: str) -> None:
    for name, value in change.items():
        setattr(world.rule, name, value)

    assert field in faults(world.rule)


def test_resources_are_absolute_uris(world: World) -> None:
    world.rule.resources = ["https://api.example/", "http://localhost:8000/x?y=z"]

    assert faults(world.rule) == {}


def test_a_field_of_the_user_model(world: World) -> None:
    world.rule.subject_policy = "user_field"
    world.rule.user_field = get_user_model().USERNAME_FIELD

    assert faults(world.rule) == {}


@cases(
    ("operator", "values"),
    [
        ("equals", []),
        ("equals", [""]),
        ("equals", ["a", "b"]),
        ("equals", "a"),
        ("equals", {"a": 1}),
        ("in", []),
        ("contains", [None]),
        ("glob", ["*"]),
        ("glob", [1]),
        ("exists", ["x"]),
        ("startswith", ["x"]),
    ],
)
def test_a_condition_that_cannot_be_meant(world: World, operator: str, values: Any) -> None:
    assert faults(ClaimCondition(rule=world.rule, claim="a", operator=operator, values=values))


def test_a_condition_whose_values_are_no_list_holds_for_nobody(world: World) -> None:
    # Past the validation of the model.
    for values in ("x", {"a": 1}, None, 1):
        condition = ClaimCondition(rule=world.rule, claim="a", operator="in", values=values).condition
        assert not condition.holds({"a": "x"})


def violates(act: Any) -> bool:
    try:
        with transaction.atomic():
            act()
    except IntegrityError:
        return True
    return False


def test_null_in_a_key_is_refused_wherever_it_is_saved(world: World) -> None:
    """A trust file could not write it."""
    issuer = world.issuer
    issuer.jwks = {"keys": [{**issuer.jwks["keys"][0], "x5t": None}]}
    assert "jwks" in flaws_of(issuer)
    with pytest.raises(ValueError, match="null"):
        issuer.save()


@pytest.mark.parametrize(
    ("after_the_end", "leeway", "fine"), [(29, None, True), (30, None, False), (4, 5, True), (5, 5, False)]
)
def test_a_limit_at_the_end_of_the_trust_is_refused(
    world: World, after_the_end: int, leeway: int | None, fine: bool
) -> None:
    issuer = world.issuer
    issuer.leeway, issuer.valid_until = leeway, datetime(2030, 1, 1, tzinfo=UTC)
    issuer.issued_after = issuer.valid_until + timedelta(seconds=after_the_end)
    assert ("issued_after" not in flaws_of(issuer)) == fine


def test_what_the_database_itself_refuses(world: World) -> None:
    issuers = TrustedIssuer.objects.filter(pk=world.issuer.pk)
    link = world.issuer.linked_subjects.get()

    assert violates(lambda: issuers.update(issuer=""))
    assert violates(lambda: issuers.update(key_source="jwks_url"))
    assert violates(lambda: issuers.update(key_source="certificates"))
    assert violates(lambda: issuers.update(valid_from="2026-01-02T00:00Z", valid_until="2026-01-01T00:00Z"))
    assert violates(lambda: TrustedIssuer.objects.bulk_create([TrustedIssuer(issuer=ISSUER)]))
    assert violates(lambda: GrantRule.objects.create(issuer=world.issuer, name=world.rule.name, scopes="x"))
    assert violates(
        lambda: LinkedSubject.objects.create(issuer=world.issuer, subject=SUBJECT, user=world.user)
    )
    assert violates(lambda: LinkedSubject.objects.filter(pk=link.pk).update(subject=""))


def test_issuers_and_subjects_differ_by_case_accent_and_blanks(world: World) -> None:
    for number, neighbour in enumerate((ISSUER.upper(), f"{ISSUER} ", ISSUER.replace("i", "í"))):
        TrustedIssuer.objects.bulk_create([TrustedIssuer(issuer=neighbour, name=str(number))])
        LinkedSubject.objects.create(issuer=world.issuer, subject=f"{SUBJECT}{neighbour}", user=world.user)

    assert TrustedIssuer.objects.count() == 4
    assert TrustedIssuer.objects.get(issuer=ISSUER) == world.issuer


@pytest.mark.parametrize(
    ("vendor", "mariadb", "collation"),
    [("mysql", True, "utf8mb4_nopad_bin"), ("mysql", False, "utf8mb4_0900_bin"), ("sqlite", False, None)],
)
def test_the_collation_of_exact_texts(vendor: str, mariadb: bool, collation: str | None) -> None:
    field = ExactCharField(max_length=10)
    field.set_attributes_from_name("subject")
    database = SimpleNamespace(
        vendor=vendor,
        mysql_is_mariadb=mariadb,
        data_types=connection.data_types,
        data_type_check_constraints={},
        ops=connection.ops,
    )

    assert field.db_parameters(database)["collation"] == collation  # type: ignore[arg-type]


def test_a_private_key_is_in_no_error(world: World) -> None:
    world.issuer.jwks = {"keys": [{"kty": "oct", "k": "c2VjcmV0LXNlY3JldA"}]}

    assert "c2VjcmV0LXNlY3JldA" not in str(faults(world.issuer))
