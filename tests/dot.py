"""What only tests use of django-oauth-toolkit (DOT), wherever the installed release keeps it.

Names that the package uses too come from :mod:`oauth_jwt_grant.dot`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from oauth_jwt_grant.dot import HAS_ROLES, OAuthLibCore

if HAS_ROLES:
    from oauth2_provider.core.backends_oauthlib import get_oauthlib_core
    from oauth2_provider.core.views import OAuthLibCoreMixin
    from oauth2_provider.resource_server.backends import OAuth2Backend
    from oauth2_provider.resource_server.decorators import protected_resource, rw_protected_resource

    MIDDLEWARE = "oauth2_provider.resource_server.middleware"
else:
    from oauth2_provider.backends import OAuth2Backend
    from oauth2_provider.decorators import protected_resource, rw_protected_resource
    from oauth2_provider.oauth2_backends import get_oauthlib_core
    from oauth2_provider.views.mixins import OAuthLibMixin as OAuthLibCoreMixin

    MIDDLEWARE = "oauth2_provider.middleware"

__all__ = [
    "BACKEND",
    "MIDDLEWARE",
    "OAUTHLIB_CORE",
    "OAuth2Backend",
    "any_body",
    "forget_backends",
    "get_oauthlib_core",
    "protected_resource",
    "rw_protected_resource",
]

#: For ``OAUTH2_BACKEND_CLASS``, and for ``AUTHENTICATION_BACKENDS``.
OAUTHLIB_CORE = f"{OAuthLibCore.__module__}.{OAuthLibCore.__name__}"
BACKEND = f"{OAuth2Backend.__module__}.{OAuth2Backend.__name__}"

#: For tests that post another body than a form: DOT's next release warns of it, and its 4.0 is to refuse it.
any_body = pytest.mark.filterwarnings("ignore:The OAuth 2.0 .* takes its parameters:DeprecationWarning")


def forget_backends() -> None:
    """Drop the backends that DOT's views keep for good: the settings may have changed."""
    for view in (OAuthLibCoreMixin, *_descendants(OAuthLibCoreMixin)):
        if "_oauthlib_core" in vars(view):
            del view._oauthlib_core


def _descendants(parent: type) -> Iterator[type]:
    for child in parent.__subclasses__():
        yield child
        yield from _descendants(child)
