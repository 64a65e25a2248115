"""People with permissions, and an issuer that they look after."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from oauth2_provider.models import get_application_model

from oauth_jwt_grant.models import GrantRule, TrustedIssuer
from tests.factories import ISSUER, ec_key, jwks

_numbers = itertools.count(1)


def make_user(name: str, **extra: Any) -> Any:
    """A user of the site, whichever user model it has."""
    return get_user_model().objects.create_user(f"{name}@example.com", password="secret", **extra)


@pytest.fixture
def operator(db):
    return make_user("operator", is_staff=True, is_superuser=True)


@pytest.fixture
def page(operator):
    """A browser in which the operator is logged in."""
    client = Client()
    client.force_login(operator)
    return client


@pytest.fixture
def page_of(db) -> Callable[..., Client]:
    """Give a browser in which somebody is logged in who has just these permissions of our app.

    Permissions for the site's users and applications are listed by their names too.
    """
    apps = {
        "oauth_jwt_grant",
        *(model._meta.app_label for model in (get_user_model(), get_application_model())),
    }

    def log_in(*permissions: str) -> Client:
        user = make_user(f"staff{next(_numbers)}", is_staff=True)
        user.user_permissions.set(
            Permission.objects.filter(content_type__app_label__in=apps, codename__in=permissions)
        )
        client = Client()
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def issuer(db):
    return TrustedIssuer.objects.create(
        name="Example", issuer=ISSUER, key_source="inline", jwks=jwks(ec_key())
    )


@pytest.fixture
def rule(issuer):
    return GrantRule.objects.create(
        issuer=issuer, name="deploy", client_policy="anonymous", subject_policy="no_user", scopes="read write"
    )


@pytest.fixture
def alice(issuer):
    return make_user("alice")


@pytest.fixture
def bob(issuer):
    return make_user("bob")


@pytest.fixture
def application(db):
    return get_application_model().objects.create(
        name="Robot",
        client_type="confidential",
        authorization_grant_type="client-credentials",
        client_secret="secret",
        user=make_user(f"owner{next(_numbers)}"),
    )
