"""The bridge to django-oauth-toolkit where no request through the token endpoint leads."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection
from oauth2_provider.models import get_access_token_model
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.common import Request

from oauth_jwt_grant.database import PreparedInsert
from oauth_jwt_grant.grant import GRANT_TYPE
from oauth_jwt_grant.models import Decision, LinkedSubject
from oauth_jwt_grant.oauth2_validators import JWTBearerOAuth2Validator
from tests.dot import forget_backends
from tests.factories import SUBJECT, ec_key, mint
from tests.support import (
    NOT_ENTITLED,
    World,
    assert_granted,
    assert_refused,
    basic,
    make_user,
    post,
)


def use_provisioner(world: World, settings: Any, name: str) -> None:
    path = f"tests.test_oauth2_validators.{name}"
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "USER_PROVISIONER": path}
    world.change(world.rule, subject_policy="provision")


def inactive(assertion: Any, rule: Any) -> Any:
    """A provisioner whose users wait for somebody to let them in."""
    return make_user("waiting", is_active=False)


def overtaken(assertion: Any, rule: Any) -> Any:
    """A provisioner during which another request has linked the subject."""
    other = get_user_model().objects.get(**{get_user_model().USERNAME_FIELD: "alice"})
    LinkedSubject.objects.create(issuer_id=rule.issuer.pk, subject=assertion.subject, user=other)
    return make_user("late")


def broken(assertion: Any, rule: Any) -> Any:
    """A provisioner that makes a user who is there already."""
    return make_user("alice")


def test_this_grant_is_not_asked_of_applications(world: World) -> None:
    assert JWTBearerOAuth2Validator().validate_grant_type(
        "client", GRANT_TYPE, world.application, Request("/")
    )


def test_other_grants_are(world: World) -> None:
    request = Request("/")
    request.client = world.application
    for validator in (JWTBearerOAuth2Validator(), OAuth2Validator()):
        for grant_type, allowed in (("client_credentials", True), ("authorization_code", False)):
            assert validator.validate_grant_type("client", grant_type, world.application, request) is allowed


def test_a_wrong_secret_is_hashed_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    check = OAuth2Validator._check_secret

    def counted(self: Any, provided: str, stored: str) -> bool:
        asked.append(provided)
        return bool(check(self, provided, stored))

    monkeypatch.setattr(OAuth2Validator, "_check_secret", counted)
    assert_refused(
        world.post_basic("client", "wrong", assertion=mint(ec_key())), "invalid_client", status=401
    )
    assert asked == ["wrong"]
    assert_refused(world.post(client_secret="bad", assertion=mint(ec_key())), "invalid_client")
    assert asked == ["wrong", "bad"]
    # Another grant goes DOT's way.
    response = post([("grant_type", "client_credentials")], headers={"Authorization": basic("client", "no")})
    assert response.status_code == 401


def test_a_user_who_is_made_inactive_gets_no_token_and_is_not_left_behind(
    world: World, settings: Any
) -> None:
    use_provisioner(world, settings, "inactive")
    users = get_user_model().objects.count()

    assert_refused(world.post(assertion=mint(ec_key(), sub="new")), "invalid_grant", NOT_ENTITLED)
    assert get_user_model().objects.count() == users
    assert LinkedSubject.objects.count() == 1
    assert get_access_token_model().objects.count() == 0
    assert Decision.objects.get().reason == "inactive_subject"


def test_of_two_first_requests_the_second_takes_the_user_of_the_first(world: World, settings: Any) -> None:
    """The link that stood in the way is undone here with the transaction, so nobody is found: refused."""
    use_provisioner(world, settings, "overtaken")

    assert_refused(world.post(assertion=mint(ec_key(), sub="new")), "invalid_grant", NOT_ENTITLED)
    assert [link.subject for link in LinkedSubject.objects.all()] == [SUBJECT]


def test_a_user_who_is_there_already_is_not_taken_over(world: World, settings: Any) -> None:
    use_provisioner(world, settings, "broken")

    assert_refused(world.post(assertion=mint(ec_key(), sub="new")), "invalid_grant", NOT_ENTITLED)
    assert get_access_token_model().objects.count() == 0


def test_no_decision_without_its_token(world: World, settings: Any) -> None:
    """Whatever the token's insert raises, the decision is not there either."""
    assert_granted(world.post())
    token = get_access_token_model().objects.get()
    settings.OAUTH2_PROVIDER = {
        **settings.OAUTH2_PROVIDER, "ACCESS_TOKEN_GENERATOR": "tests.test_oauth2_validators.same_token"
    }  # fmt: skip
    token.delete()
    # The view keeps the server, with the generator that it was made with.
    forget_backends()
    assert assert_granted(world.post())["access_token"] == "same"
    response = world.post()

    assert_refused(response, "invalid_grant")
    assert Decision.objects.filter(outcome="accepted").count() == 2
    assert get_access_token_model().objects.count() == 1


def same_token(request: Any) -> str:
    """A token generator that knows one token."""
    return "same"


def test_an_insert_on_a_database_that_returns_no_columns(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.vendor == "postgresql":
        pytest.skip("not on postgres: it always returns columns")
    monkeypatch.setattr(connection.features, "can_return_columns_from_insert", False)
    decision = Decision(outcome="refused", iss="x", replay_key="k")

    PreparedInsert(Decision).insert(decision)

    assert Decision.objects.get() == decision
    assert (decision._state.adding, decision._state.db) == (False, "default")
    monkeypatch.undo()
    with pytest.raises(IntegrityError):
        PreparedInsert(Decision).insert(Decision(outcome="refused", iss="x", replay_key="k"))
