"""Whether DOT's own settings lead to this grant: app, server, validator and backend."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.apps import apps
from django.core.checks import CheckMessage, Error, Warning
from django.utils.module_loading import import_string
from oauthlib.openid import Server as OIDCServer

from ..dot import oauth2_settings
from ..grant import reordered, shadowed_methods
from .messages import CheckId
from .places import in_place_of


class Piece(NamedTuple):
    """A class that a setting of DOT names, or an attribute of a token view.

    Also the two classes that it must extend, and ours that does.
    """

    setting: str
    attribute: str
    mixin: str
    base: str
    ready: str
    id: CheckId
    lost: str


_PACKAGE = "oauth_jwt_grant"
_PIECES = (
    Piece(
        "OAUTH2_SERVER_CLASS",
        "server_class",
        f"{_PACKAGE}.servers.JWTBearerServerMixin",
        "oauthlib.oauth2.TokenEndpoint",
        f"{_PACKAGE}.servers.JWTBearerServer",
        CheckId.SERVER_CLASS,
        "The token endpoint does not know the grant and answers unsupported_grant_type.",
    ),
    Piece(
        "OAUTH2_VALIDATOR_CLASS",
        "validator_class",
        f"{_PACKAGE}.oauth2_validators.JWTBearerValidatorMixin",
        f"{_PACKAGE}.dot.OAuth2Validator",
        f"{_PACKAGE}.oauth2_validators.JWTBearerOAuth2Validator",
        CheckId.VALIDATOR_CLASS,
        "The grant has nobody to decide on an assertion.",
    ),
    Piece(
        "OAUTH2_BACKEND_CLASS",
        "oauthlib_backend_class",
        f"{_PACKAGE}.oauth2_backends.JWTBearerBackendMixin",
        f"{_PACKAGE}.dot.OAuthLibCore",
        f"{_PACKAGE}.oauth2_backends.JWTBearerOAuthLibCore",
        CheckId.BACKEND_CLASS,
        "Repeated parameters cannot be seen and refused (RFC 6749 section 3.2).",
    ),
)
# What DOT uses instead of OAUTH2_SERVER_CLASS where only OIDC_ENABLED is set.
_OIDC_PIECE = _PIECES[0]._replace(
    setting="OIDC_SERVER_CLASS", ready=f"{_PACKAGE}.servers.JWTBearerOIDCServer"
)


def check_installed_apps(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """``oauth2_provider`` is installed: our models refer to its own."""
    if apps.is_installed("oauth2_provider"):
        return []
    return [
        Error(
            "oauth_jwt_grant adds a grant to django-oauth-toolkit, which is not installed.",
            hint='INSTALLED_APPS = [..., "oauth2_provider", "oauth_jwt_grant"]',
            id=CheckId.NOT_INSTALLED,
        )
    ]


def check_classes(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Each class that DOT uses for this grant is there and extends our mixin."""
    if not apps.is_installed("oauth2_provider"):
        return []
    return [message for piece in _PIECES for message in _check_piece(piece)]


def check_classes_of_views(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """The same check for the classes that a token view sets instead of those of the settings."""
    callbacks = in_place_of(f"{_PACKAGE}.dot.TokenView").values()
    views = dict.fromkeys(callback.view_class for callback in callbacks if hasattr(callback, "view_class"))
    found = [(view, piece, getattr(view, piece.attribute, None)) for view in views for piece in _PIECES]
    return [
        message
        for view, piece, own in found
        if own is not None
        for message in _check_class(
            piece, f"{view.__qualname__}.{piece.attribute}", own, f"Remove {piece.attribute}"
        )
    ]


def check_oidc_server(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """OpenID Connect is not switched off by the way: DOT reads one of two settings.

    With ``OAUTH2_SERVER_CLASS`` written, DOT never looks at ``OIDC_SERVER_CLASS``.
    """
    if not (apps.is_installed("oauth2_provider") and oauth2_settings.OIDC_ENABLED and _server_is_written()):
        return []
    server = _configured("OAUTH2_SERVER_CLASS")
    if not isinstance(server, type) or issubclass(server, OIDCServer):
        return []
    return [
        Warning(
            "OIDC_ENABLED is on, but OAUTH2_SERVER_CLASS is no OpenID Connect server, and "
            "django-oauth-toolkit reads OIDC_SERVER_CLASS only where OAUTH2_SERVER_CLASS is not written: "
            "no ID token is ever issued.",
            hint="Remove OAUTH2_SERVER_CLASS, or write "
            f'OAUTH2_PROVIDER = {{..., "OAUTH2_SERVER_CLASS": "{_OIDC_PIECE.ready}"}}',
            id=CheckId.OIDC_SERVER_UNUSED,
        )
    ]


def _check_piece(piece: Piece) -> list[CheckMessage]:
    configured = _configured(piece.setting)
    if piece.setting == "OAUTH2_SERVER_CLASS" and oauth2_settings.OIDC_ENABLED and not _server_is_written():
        piece = _OIDC_PIECE
    if isinstance(configured, Exception):
        message = f"The setting {piece.setting} of OAUTH2_PROVIDER names no class: {configured}"
        return [Error(message, hint=_line(piece), id=CheckId.DOTTED_PATH)]
    return _check_class(piece, piece.setting, configured, _line(piece))


def _check_class(piece: Piece, place: str, configured: Any, line: str) -> list[CheckMessage]:
    """The class at ``place`` extends our mixin and what that is for, our mixin first."""
    lacking = [
        path
        for path in (piece.mixin, piece.base)
        if not (isinstance(configured, type) and issubclass(configured, import_string(path)))
    ]
    if not lacking:
        return _check_order(piece, place, configured, import_string(piece.mixin))
    name = getattr(configured, "__qualname__", repr(configured))
    bases = f"{piece.mixin.rpartition('.')[2]}, {piece.base.rpartition('.')[2]}"
    return [
        Error(
            f"{place} is {name}, which does not extend {' and '.join(lacking)}. {piece.lost}",
            hint=f"{line}, or let your own class extend {bases}, in this order.",
            id=piece.id,
        )
    ]


def _check_order(piece: Piece, place: str, configured: type, mixin: type) -> list[CheckMessage]:
    """Our methods come before those of the library that they override."""
    shadowed = shadowed_methods(configured, mixin)
    if not shadowed:
        return []
    methods = ", ".join(f"{name}() of {base.__qualname__}" for name, base in shadowed.items())
    return [
        Error(
            f"{place} is {configured.__qualname__}, in which methods of a library stand before those "
            f"of {piece.mixin}, which never run: {methods}. No token is issued. {piece.lost}",
            hint=f"Put our class first among the bases: {reordered(configured, mixin)}",
            id=piece.id,
        )
    ]


def _configured(setting: str) -> Any:
    """Return the class that DOT uses, or the error of its import."""
    try:
        return getattr(oauth2_settings, setting)
    except (ImportError, AttributeError) as error:
        return error


def _server_is_written() -> bool:
    return "OAUTH2_SERVER_CLASS" in oauth2_settings.user_settings


def _line(piece: Piece) -> str:
    return f'OAUTH2_PROVIDER = {{..., "{piece.setting}": "{piece.ready}"}}'
