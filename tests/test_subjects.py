"""Finding and making users, below the token endpoint (see ``e2e/test_subject.py`` for the policies)."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db.models.manager import BaseManager

from oauth_jwt_grant.assertion import AssertionRefused, Reason, VerifiedAssertion
from oauth_jwt_grant.models import LinkedSubject
from oauth_jwt_grant.subjects import Subject, find_subject, provision, provision_user
from oauth_jwt_grant.trust import Rule
from tests.factories import ISSUER, SUBJECT
from tests.support import World


def verified(subject: str = SUBJECT, issuer: str = ISSUER, **claims: Any) -> VerifiedAssertion:
    return VerifiedAssertion(
        issuer=issuer,
        subject=subject,
        expires_at=2e9,
        usable_until=2e9,
        jti=None,
        header={},
        claims={"iss": issuer, "sub": subject, **claims},
        key_id=None,
        thumbprint="",
        signing_input_digest="",
    )


def nobody(assertion: VerifiedAssertion, rule: Rule) -> Subject:
    """A site's own resolver."""
    return Subject()


def staff(assertion: VerifiedAssertion, rule: Rule) -> Subject:
    """A site's own resolver that forgets to look whom it names."""
    return Subject(get_user_model()(is_staff=True))


def use_resolver(settings: Any, name: str) -> None:
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "SUBJECT_RESOLVER": f"tests.test_subjects.{name}"}


def test_the_resolver_of_the_site_decides(world: World, settings: Any) -> None:
    assert find_subject(verified(), Rule.of(world.rule)).user == world.user

    use_resolver(settings, "nobody")
    assert find_subject(verified(), Rule.of(world.rule)) == Subject()


def test_whoever_the_resolver_names_is_checked(world: World, settings: Any) -> None:
    use_resolver(settings, "staff")

    with pytest.raises(AssertionRefused) as caught:
        find_subject(verified(), Rule.of(world.rule))
    assert caught.value.reason is Reason.PRIVILEGED_SUBJECT


def test_a_user_that_another_request_has_linked_meanwhile_is_taken(world: World) -> None:
    users = get_user_model().objects.count()

    assert provision(verified(), Rule.of(world.rule)) == world.user
    assert get_user_model().objects.count() == users


def test_no_subject_is_nobody(world: World) -> None:
    """A dry run goes on with none, to say what else is wrong."""
    world.rule.subject_policy, world.rule.user_field = "user_field", get_user_model().USERNAME_FIELD
    with pytest.raises(AssertionRefused, match="sub must be a string that is not empty"):
        find_subject(verified(subject=""), Rule.of(world.rule))


def test_a_made_user_has_a_name_of_its_own_for_each_issuer_and_subject(world: World) -> None:
    made = [
        provision_user(verified(subject, issuer), Rule.of(world.rule))
        for subject, issuer in (
            ("a", "https://b"),
            ("a", "https://bc"),
            ("ca", "https://b"),
            ("admin", ISSUER),
        )
    ]

    names = {user.get_username() for user in made}
    assert len(names) == 4
    assert all(name.startswith("jwt-") and "admin" not in name for name in names)
    assert not any(user.has_usable_password() or user.is_staff or user.is_superuser for user in made)


def test_a_user_model_without_privileges_has_none_to_refuse(world: World) -> None:
    class Plain:
        is_active = True

    from oauth_jwt_grant.subjects import check_user

    check_user(Plain(), Rule.of(world.rule))


def test_a_link_is_exact_whatever_the_database_compares_by(world: World) -> None:
    LinkedSubject.objects.create(issuer=world.issuer, subject="Alice", user=world.user)

    assert LinkedSubject.objects.filter(subject="alice").count() == 1
    assert LinkedSubject.objects.filter(subject="ALICE").count() == 0
    assert LinkedSubject.objects.filter(subject="alice ").count() == 0


def test_a_user_is_found_by_a_string_with_one_statement(world: World, django_assert_num_queries: Any) -> None:
    name = get_user_model().USERNAME_FIELD
    world.change(world.rule, subject_policy="user_field", subject_claim="name", user_field=name)
    assertion = verified(name=getattr(world.user, name))

    with django_assert_num_queries(1):
        found = find_subject(assertion, Rule.of(world.rule)).user
    assert {name, "is_active", "is_staff", "is_superuser"} <= vars(found).keys()
    assert "password" not in vars(found)
    assert found == world.user
    with pytest.raises(AssertionRefused):
        find_subject(verified(name="nobody"), Rule.of(world.rule))


def test_a_manager_of_the_sites_own_may_hide_users(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also from one request to the next."""
    user_model = get_user_model()
    world.change(
        world.rule, subject_policy="user_field", subject_claim="name", user_field=user_model.USERNAME_FIELD
    )
    assertion, rule = verified(name=world.user.get_username()), Rule.of(world.rule)
    hidden: list[Any] = []

    def get_queryset(self: Any) -> Any:
        return BaseManager.get_queryset(self).exclude(pk__in=hidden)

    monkeypatch.setattr(type(user_model._default_manager), "get_queryset", get_queryset)
    assert find_subject(assertion, rule).user == world.user
    hidden.append(world.user.pk)
    with pytest.raises(AssertionRefused) as caught:
        find_subject(assertion, rule)
    assert caught.value.reason is Reason.UNKNOWN_SUBJECT
