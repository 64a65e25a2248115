"""Whose token it becomes: the subject policies (RFC 7523 section 3, item 2)."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from oauth_jwt_grant.models import Decision, LinkedSubject
from tests.factories import SUBJECT, ec_key, mint
from tests.support import (
    NOT_ENTITLED,
    World,
    assert_granted,
    assert_refused,
    cases,
    make_issuer,
    make_rule,
    make_user,
    tokens,
)

LOGIN = get_user_model().USERNAME_FIELD


def user_of_last_token() -> Any:
    decision = Decision.objects.filter(outcome="accepted").latest("pk")
    assert decision.access_token is not None
    assert decision.access_token.user == decision.user
    return decision.user


@pytest.mark.standard("SUB-05", "RSP-09")
def test_a_linked_subject_is_its_user(world: World) -> None:
    answer = assert_granted(world.post())

    assert user_of_last_token() == world.user
    shown = Client().get("/api/", headers={"Authorization": f"Bearer {answer['access_token']}"}).json()
    assert shown["user"] == world.user.get_username()
    assert shown["client_id"] == "client"


@pytest.mark.standard("SUB-01")
def test_a_link_is_of_one_issuer(world: World) -> None:
    other = make_issuer(ec_key(name="second"), issuer="https://second.example")
    make_rule(other, world.application)
    theirs = {"iss": "https://second.example"}
    assert_refused(world.post(assertion=mint(ec_key(name="second"), **theirs)), "invalid_grant", NOT_ENTITLED)

    bob = make_user("bob")
    LinkedSubject.objects.create(issuer=other, subject=SUBJECT, user=bob)
    assert_granted(world.post(assertion=mint(ec_key(name="second"), **theirs)))
    assert user_of_last_token() == bob
    assert_granted(world.post())
    assert user_of_last_token() == world.user


@pytest.mark.standard("SUB-02", "SUB-03")
def test_a_foreign_subject_is_never_held_against_local_names(world: World) -> None:
    make_user("bob", **({} if LOGIN == "email" else {"email": "bob@example.com"}))

    for claims in ({"sub": "bob"}, {"sub": "bob@example.com"}, {"sub": "x", "email": "bob@example.com"}):
        assert_refused(world.post(assertion=mint(ec_key(), **claims)), "invalid_grant", NOT_ENTITLED)


@pytest.mark.standard("SUB-03", "ERR-08")
@pytest.mark.parametrize("policy", ["linked", "user_field", "service_user", "provision"])
def test_unknown_inactive_and_privileged_users_look_alike(world: World, policy: str) -> None:
    fields = {"subject_policy": policy, "user_field": LOGIN, "user": world.user}
    world.change(world.rule, **fields)
    unknown = world.post(assertion=mint(ec_key(), sub="x")) if policy in ("linked", "user_field") else None
    answers = [unknown.content] if unknown else []
    for name, value in (("is_active", False), ("is_staff", True), ("is_superuser", True)):
        world.change(world.user, **{name: value})
        answers.append(world.post().content)
        world.change(world.user, **{name: not value})

    assert len(set(answers)) == 1
    assert NOT_ENTITLED.encode() in answers[0]
    assert tokens() == 0
    assert_granted(world.post())


@pytest.mark.parametrize("field", ["is_staff", "is_superuser"])
def test_privileged_users_where_a_rule_allows_them(world: World, field: str) -> None:
    world.change(world.user, **{field: True})
    world.change(world.rule, allow_privileged_users=True)

    assert_granted(world.post())
    world.change(world.user, is_active=False)
    assert_refused(world.post(), "invalid_grant", NOT_ENTITLED)


def test_a_user_that_a_claim_names(world: World) -> None:
    world.change(world.rule, subject_policy="user_field", user_field=LOGIN, subject_claim="/ext/login")
    bob = make_user("bob")

    assert_granted(world.post(assertion=mint(ec_key(), ext={"login": "bob"})))
    assert user_of_last_token() == bob
    for value in ("Bob", "bob ", "", None, 1, ["bob"], {"bob": 1}, "carol", "b%", "bob\x00"):
        assertion = mint(ec_key(), ext={"login": value})
        assert world.post(assertion=assertion).status_code == 400, value
    assert_refused(world.post(), "invalid_grant", NOT_ENTITLED)


def test_the_subject_itself_may_be_the_claim(world: World) -> None:
    world.change(world.rule, subject_policy="user_field", user_field=LOGIN)
    world.issuer.linked_subjects.all().delete()

    assert_granted(world.post())
    assert user_of_last_token() == world.user


def test_the_stand_in_subject_may_be_the_claim(world: World) -> None:
    world.change(world.issuer, subject_fallback=True)
    world.change(world.rule, subject_policy="user_field", user_field=LOGIN)
    service = make_user(world.issuer.issuer)

    from tests.factories import DROP

    assert_granted(world.post(assertion=mint(ec_key(), sub=DROP)))
    assert user_of_last_token() == service


@pytest.mark.standard("SUB-02")
@pytest.mark.parametrize("claim", ["email", "/email"])
def test_an_email_address_counts_only_if_it_is_verified(world: World, claim: str) -> None:
    world.change(world.rule, subject_policy="user_field", user_field="email", subject_claim=claim)
    world.change(world.user, email="alice@example.com")
    address = {"email": "alice@example.com"}

    assert_granted(world.post(assertion=mint(ec_key(), email_verified=True, **address)))
    for verified in (False, None, "true", 1, []):
        refused = world.post(assertion=mint(ec_key(), email_verified=verified, **address))
        assert_refused(refused, "invalid_grant", NOT_ENTITLED)
    assert_refused(world.post(assertion=mint(ec_key(), **address)), "invalid_grant", NOT_ENTITLED)


def test_a_claim_that_fits_two_users_names_nobody(world: World) -> None:
    world.change(world.rule, subject_policy="user_field", user_field="first_name", subject_claim="name")
    for name in ("bob", "carol"):
        make_user(name, first_name="Same")
    make_user("dave", first_name="Dave")

    assert_refused(world.post(assertion=mint(ec_key(), name="Same")), "invalid_grant", NOT_ENTITLED)
    assert_granted(world.post(assertion=mint(ec_key(), name="Dave")))


@cases("field", ["id", "is_active", "last_login", "date_joined", "groups", "nonsense", "", "pk"])
def test_a_field_that_holds_no_text_finds_nobody(world: World, field: str) -> None:
    world.change(world.rule, subject_policy="user_field", user_field=field)

    for sub in ("alice", "0", "-1", "9" * 30, "True", "2026-01-01", "None"):
        assert_refused(world.post(assertion=mint(ec_key(), sub=sub)), "invalid_grant", NOT_ENTITLED)


def test_a_number_may_be_compared_as_text(world: World) -> None:
    world.change(world.rule, subject_policy="user_field", user_field="id")

    assert_granted(world.post(assertion=mint(ec_key(), sub=str(world.user.pk))))
    for spelling in (f"0{world.user.pk}", f"{world.user.pk} ", f"+{world.user.pk}", f"{world.user.pk}.0"):
        assert_refused(world.post(assertion=mint(ec_key(), sub=spelling)), "invalid_grant", NOT_ENTITLED)


def test_the_fixed_user_of_a_rule(world: World) -> None:
    service = make_user("service")
    world.change(world.rule, subject_policy="service_user", user=service)

    for sub in ("alice", "anybody"):
        assert_granted(world.post(assertion=mint(ec_key(), sub=sub)))
        assert user_of_last_token() == service
    world.change(world.rule, user=None)
    assert_refused(world.post(), "invalid_grant", NOT_ENTITLED)


def test_a_token_without_a_user(world: World) -> None:
    world.change(world.rule, subject_policy="no_user")

    answer = assert_granted(world.post(assertion=mint(ec_key(), sub="alice")))
    assert user_of_last_token() is None
    shown = Client().get("/api/", headers={"Authorization": f"Bearer {answer['access_token']}"}).json()
    assert shown["user"] is None


@pytest.mark.standard("SUB-07")
def test_a_user_is_made_only_where_a_rule_says_so(world: World) -> None:
    world.change(world.rule, subject_policy="provision")
    users = get_user_model().objects.count()

    assert_granted(world.post(assertion=mint(ec_key(), sub="new")))
    made = user_of_last_token()
    assert get_user_model().objects.count() == users + 1
    assert made.get_username().startswith("jwt-")
    assert not made.has_usable_password()
    assert "new" not in made.get_username()
    assert_granted(world.post(assertion=mint(ec_key(), sub="new")))
    assert user_of_last_token() == made
    assert_granted(world.post())
    assert user_of_last_token() == world.user
    assert get_user_model().objects.count() == users + 1


def test_no_user_is_left_where_no_token_is_issued(world: World) -> None:
    world.change(world.rule, subject_policy="provision")
    users = get_user_model().objects.count()
    assertion = mint(ec_key(), sub="new", jti="spent")

    assert_refused(world.post(assertion=assertion, scope="nonsense"), "invalid_scope")
    assert get_user_model().objects.count() == users
    assert_granted(world.post(assertion=assertion))
    refused = world.post(assertion=mint(ec_key(), sub="newer", jti="spent"))
    assert_refused(refused, "invalid_grant", "The assertion has been used before.")
    assert get_user_model().objects.count() == users + 1
    assert LinkedSubject.objects.count() == 2


def test_a_disabled_user_is_not_made_anew(world: World) -> None:
    world.change(world.rule, subject_policy="provision")
    assert_granted(world.post(assertion=mint(ec_key(), sub="new")))
    get_user_model().objects.update(is_active=False)

    assert_refused(world.post(assertion=mint(ec_key(), sub="new")), "invalid_grant", NOT_ENTITLED)


@pytest.mark.standard("SUB-08")
def test_an_actor_grants_nothing(world: World) -> None:
    make_user("bob")
    act = {"sub": "alice", "client_id": "client", "act": {"sub": "alice"}}

    assert_refused(world.post(assertion=mint(ec_key(), sub="bob", act=act)), "invalid_grant", NOT_ENTITLED)
    assert_refused(world.post_anonymously(assertion=mint(ec_key(), act=act)), "invalid_client")
