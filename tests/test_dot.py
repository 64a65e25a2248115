"""The door to django-oauth-toolkit (DOT), and what this package overrides of DOT and oauthlib, or relies on.

Private names can change with any release. Here each fails by its name when it is gone, when its parameters no
longer fit, or when nothing calls it any longer: an override that is not called checks nothing.
"""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from oauthlib.common import Request
from oauthlib.oauth2 import BearerToken, Server
from oauthlib.oauth2.rfc6749.errors import OAuth2Error
from oauthlib.oauth2.rfc6749.grant_types.base import GrantTypeBase
from oauthlib.oauth2.rfc6749.tokens import TokenBase
from oauthlib.openid import Server as OIDCServer

import oauth_jwt_grant
from oauth_jwt_grant import dot, views
from oauth_jwt_grant.dot import (
    AbstractApplication,
    IntrospectTokenView,
    OAuth2Validator,
    OAuthLibCore,
    OAuthServerMetadataView,
    TokenView,
    get_access_token_model,
    get_refresh_token_model,
    oauth2_settings,
)
from oauth_jwt_grant.grant import JWTBearerError, JWTBearerGrant
from oauth_jwt_grant.oauth2_backends import JWTBearerBackendMixin
from oauth_jwt_grant.oauth2_validators import JWTBearerValidatorMixin
from oauth_jwt_grant.servers import DPoPToken, JWTBearerServerMixin
from tests.support import cases

PACKAGE = Path(oauth_jwt_grant.__file__).parent

#: Each class of ours, what it extends, and the methods that it overrides there.
OVERRIDDEN: list[tuple[type, type, set[str]]] = [
    (
        JWTBearerValidatorMixin,
        OAuth2Validator,
        {
            "_authenticate_request_body",
            "_create_access_token",
            "_extract_basic_auth",
            "_get_token_from_authentication_server",
            "_load_access_token",
            "_load_application",
            "_save_bearer_token",
            "save_bearer_token",
            "validate_grant_type",
        },
    ),
    (
        JWTBearerBackendMixin,
        OAuthLibCore,
        {"_extract_params", "create_token_response", "extract_body", "extract_headers", "verify_request"},
    ),
    (JWTBearerServerMixin, Server, {"__init__"}),
    (JWTBearerServerMixin, OIDCServer, {"__init__"}),
    (JWTBearerGrant, GrantTypeBase, {"__init__", "create_token_response", "validate_grant_type"}),
    (JWTBearerError, OAuth2Error, {"__init__", "headers"}),
    (DPoPToken, TokenBase, {"__init__", "estimate_type", "validate_request"}),
    (views.AuthorizationServerMetadataView, OAuthServerMetadataView, {"get"}),
    (views.IntrospectTokenView, IntrospectTokenView, {"get_token_response"}),
    (
        views.JWTBearerTokenViewMixin,
        TokenView,
        {"as_view", "authorization_flow_token_response", "create_token_response"},
    ),
]
METHODS = [
    pytest.param(ours, theirs, name, id=f"{ours.__name__}-{theirs.__module__}.{theirs.__name__}.{name}")
    for ours, theirs, names in OVERRIDDEN
    for name in sorted(names - {"__init__", "headers"})
]
#: What this package calls without overriding it, with the arguments that it passes.
CALLED: list[tuple[Any, str, tuple[Any, ...], dict[str, Any]]] = [
    (OAuth2Validator, "authenticate_client", (None, "request"), {}),
    (OAuth2Validator, "authenticate_client_id", (None, "client_id", "request"), {}),
    (OAuth2Validator, "save_token", (None, "token", "request"), {}),
    (OAuth2Validator, "validate_bearer_token", (None, "token", "scopes", "request"), {}),
    (OAuthLibCore, "_get_escaped_full_path", (None, "request"), {}),
    (TokenView, "create_token_response", (None, "request"), {}),
    (AbstractApplication, "allows_grant_type", (None, "client-credentials"), {}),
    (AbstractApplication, "is_usable", (None, "request"), {}),
    (oauth2_settings, "oauth2_authorization_server_issuer", ("request",), {}),
    (GrantTypeBase, "_get_default_headers", (None,), {}),
    (BearerToken, "create_token", (None, "request"), {"refresh_token": False}),
    (OAuth2Error, "__init__", (None,), {"description": "text", "status_code": 400}),
    (Server, "__init__", (None, "validator"), dict.fromkeys(oauth2_settings.server_kwargs)),
    (OIDCServer, "__init__", (None, "validator"), dict.fromkeys(oauth2_settings.server_kwargs)),
]
#: What it reads of their objects.
READ: list[tuple[Any, str]] = [
    (GrantTypeBase(), "_token_modifiers"),
    (GrantTypeBase().custom_validators, "pre_token"),
    (GrantTypeBase().custom_validators, "post_token"),
    (BearerToken(), "expires_in"),
    (Server(None), "default_grant_type_handler"),
    (Server(None), "grant_types"),
    (Server(None), "tokens"),
    (Request(""), "decoded_body"),
    (OAuth2Error(), "json"),
    *((TokenView, name) for name in ("server_class", "validator_class", "oauthlib_backend_class")),
    *((get_access_token_model(), name) for name in ("token_checksum", "scope", "expires", "resource")),
    *((get_refresh_token_model(), name) for name in ("token_checksum", "access_token")),
    (oauth2_settings, "user_settings"),
    (oauth2_settings, "RESOURCE_SERVER_TOKEN_RESOURCE_VALIDATOR"),
    (AbstractApplication, "RegistrationSource"),
]


@cases(("ours", "theirs", "names"), OVERRIDDEN)
def test_every_override_is_listed(ours: type, theirs: type, names: set[str]) -> None:
    """And is there to be overridden; a method of ours with a name that DOT begins to use is seen here too."""
    kinds = property | staticmethod | classmethod
    own = {name for name, value in vars(ours).items() if callable(value) or isinstance(value, kinds)}
    assert {name for name in own if hasattr(theirs, name)} == names


def parameters(method: Any) -> tuple[list[str], bool]:
    """The names of those that can be passed by position, without ``self``, and whether it takes others."""
    found = inspect.signature(method).parameters.values()
    kinds = {each.kind for each in found}
    named = [each.name for each in found if each.kind is each.POSITIONAL_OR_KEYWORD and each.name != "self"]
    return named, kinds >= {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}


@cases(("ours", "theirs", "name"), METHODS)
def test_an_override_takes_what_it_hands_on(ours: type, theirs: type, name: str) -> None:
    (mine, any_others), (wanted, _) = parameters(getattr(ours, name)), parameters(getattr(theirs, name))
    assert wanted[: len(mine)] == mine
    assert any_others or len(wanted) == len(mine), f"{theirs.__name__}.{name} takes {wanted[len(mine) :]} too"


@cases(("theirs", "name"), [each.values[1:] for each in METHODS if each.values[2].startswith("_")])
def test_an_override_of_something_private_is_called(theirs: type, name: str) -> None:
    source = "".join(map(inspect.getsource, theirs.__mro__[:-1]))
    assert re.search(rf"\bself\.{name}\b", source), f"nothing in {theirs.__name__} calls {name}"


@cases(("theirs", "name", "arguments", "named"), CALLED)
def test_what_is_called_takes_our_arguments(theirs: Any, name: str, arguments: Any, named: Any) -> None:
    inspect.signature(getattr(theirs, name)).bind(*arguments, **named)


@cases(("theirs", "name"), READ)
def test_what_is_read_is_there(theirs: Any, name: str) -> None:
    assert hasattr(theirs, name)


def test_headers_that_the_validator_reads(rf: Any) -> None:
    request = rf.post("/o/token/", secure=True, headers={"Authorization": "Basic x"}, REMOTE_ADDR="192.0.2.1")
    headers = OAuthLibCore().extract_headers(request)
    assert headers["Authorization"] == headers["HTTP_AUTHORIZATION"] == "Basic x"
    assert headers["REMOTE_ADDR"] == "192.0.2.1"
    assert headers["X_DJANGO_OAUTH_TOOLKIT_SECURE"]


@cases("name", dot._HOMES)
def test_door_leads_somewhere(name: str) -> None:
    assert getattr(dot, name) is not None


def test_door_leads_nowhere_else() -> None:
    with pytest.raises(AttributeError, match="NoSuchView"):
        dot.NoSuchView  # noqa: B018


def run(script: str, *options: str) -> None:
    """Run ``script`` in a process of its own, with the settings of the test site and nothing loaded."""
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run(
        [sys.executable, *options, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_door_needs_no_models() -> None:
    """This package's models are loaded before or after DOT's, as the site orders its apps."""
    run("import sys, oauth_jwt_grant.dot; sys.exit('oauth2_provider.models' in sys.modules)")


def test_no_import_of_ours_makes_dot_warn() -> None:
    modules = [
        ".".join([PACKAGE.name, *path.relative_to(PACKAGE).with_suffix("").parts])
        for path in sorted(PACKAGE.rglob("*.py"))
    ]
    script = f"import django, importlib; django.setup(); [*map(importlib.import_module, {modules})]"
    run(script, "-W", "error:oauth2_provider:DeprecationWarning")
