"""The user or application of a rule is deleted: the rule stays, and no looser rule decides in its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from oauth2_provider.models import get_application_model

from oauth_jwt_grant.assertion import Door, Reason
from oauth_jwt_grant.models import Decision, GrantRule
from oauth_jwt_grant.trust import obstacles_of
from tests.support import (
    NOT_ENTITLED,
    World,
    assert_granted,
    assert_refused,
    make_application,
    make_rule,
    make_user,
    pairs_of,
    post,
    tokens,
)

Delete = Callable[[Any], object]
BY_ROW: Delete = lambda row: row.delete()  # noqa: E731
TOGETHER: Delete = lambda row: type(row)._base_manager.filter(pk=row.pk).delete()  # noqa: E731
either_way = pytest.mark.parametrize("delete", [BY_ROW, TOGETHER], ids=["row", "together"])


@pytest.fixture
def loose(world: World) -> GrantRule:
    """A rule after all others that gives everybody a token."""
    return make_rule(world.issuer, client_policy="anonymous", subject_policy="no_user", position=9)


def findings(world: World) -> list[str]:
    """What the operator is told of the rule, where it grants nothing."""
    return [one.text for one in obstacles_of(world.issuer) if one.rule == world.rule and one.blocks]


@either_way
def test_the_rule_of_a_deleted_user_refuses(world: World, loose: GrantRule, delete: Delete) -> None:
    robot = make_user("robot")
    world.change(world.rule, subject_policy="service_user", user=robot)
    assert_granted(world.post())
    delete(robot)

    rule = GrantRule.objects.get(pk=world.rule.pk)
    assert (rule.user, rule.subject_policy, rule.refuses) == (None, "service_user", False)
    assert_refused(world.post(), "invalid_grant", NOT_ENTITLED)
    assert (Decision.objects.latest("pk").reason, tokens()) == (Reason.UNKNOWN_SUBJECT, 0)
    assert findings(world) == [
        f"The rule {rule} is for one fixed user, who was deleted: it refuses what it matches."
    ]


@either_way
@pytest.mark.parametrize("door", [Door.AUTHORIZATION_GRANT, Door.CLIENT_ASSERTION])
def test_the_rule_of_a_deleted_application_refuses(
    world: World, loose: GrantRule, settings: Any, door: Door, delete: Delete
) -> None:
    """At each door where tokens were those of its application; what it does not match is not its business."""
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "ACCEPTED_AS": [*Door]}
    by_client = door is Door.CLIENT_ASSERTION
    application = make_application("pipeline")
    world.change(
        world.rule,
        client_policy="listed" if by_client else "anonymous",
        accepted_as=[door],
        subject_policy="no_user",
        default_application=application,
    )
    world.change(loose, accepted_as=[door], default_application=world.application if by_client else None)

    def ask() -> Any:
        return post(pairs_of(door)) if by_client else world.post_anonymously()

    assert_granted(ask())
    delete(application)

    world.rule.refresh_from_db()
    loose.refresh_from_db()
    assert (world.rule.default_application, world.rule.refuses, loose.refuses) == (None, True, False)
    assert_refused(ask(), "invalid_client" if by_client else "invalid_grant")
    assert (Decision.objects.latest("pk").reason, tokens()) == (Reason.RULE_REFUSES, 0)
    (finding,) = findings(world)
    assert "refuses what it matches" in finding
    # The operator has another one, or does without, and says so.
    world.change(world.rule, refuses=False, default_application=make_application("other"))
    assert_granted(ask())


def test_a_rule_that_does_not_rest_on_what_is_deleted_is_as_before(world: World) -> None:
    user, application = make_user("unused"), make_application("unused")
    world.change(world.rule, user=user, default_application=application)
    get_user_model()._base_manager.filter(pk=user.pk).delete()
    get_application_model()._base_manager.filter(pk=application.pk).delete()

    world.rule.refresh_from_db()
    assert (world.rule.user, world.rule.default_application, world.rule.refuses) == (None, None, False)
    assert_granted(world.post())
    assert findings(world) == []


def test_a_rule_that_lists_no_application_any_more_matches_nobody(world: World) -> None:
    other = make_application("other")
    world.application.delete()

    assert GrantRule.objects.filter(pk=world.rule.pk, refuses=False).exists()
    assert_refused(world.post(client_id=other.client_id), "unauthorized_client")
    assert Decision.objects.get().reason == Reason.CLIENT_NOT_ADMITTED
    assert findings(world) == [f"The rule {world.rule} lists no application, so it admits nobody."]
