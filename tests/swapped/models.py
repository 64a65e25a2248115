"""A user that logs in by e-mail address, and a model of the site's own for each one that can be swapped."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.db import models
from oauth2_provider.models import (
    AbstractAccessToken,
    AbstractApplication,
    AbstractGrant,
    AbstractIDToken,
    AbstractRefreshToken,
)


class UserManager(BaseUserManager["User"]):
    """Makes users by e-mail address; ``username`` is taken for it, as tests of both kinds of site pass it."""

    def create_user(self, username: str, email: str = "", password: str | None = None, **extra: Any) -> User:
        """Save and return a user who logs in as ``username`` (``email`` is the same field here)."""
        user = self.model(email=username, **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, username: str, email: str = "", password: str | None = None, **extra: Any
    ) -> User:
        """As ``create_user``, with every permission."""
        return self.create_user(username, email, password, **{"is_staff": True, "is_superuser": True} | extra)


class User(AbstractUser):
    """No ``username`` column at all: the login is the e-mail address."""

    username = None  # type: ignore[assignment]
    email = models.EmailField(unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]


class Application(AbstractApplication):
    """An application with a column of the site's own."""

    cost_centre = models.CharField(max_length=20, blank=True)


class AccessToken(AbstractAccessToken):
    """The site's own access token."""


class RefreshToken(AbstractRefreshToken):
    """The site's own refresh token."""


class IDToken(AbstractIDToken):
    """The site's own id token."""


class Grant(AbstractGrant):
    """The site's own authorization code."""
