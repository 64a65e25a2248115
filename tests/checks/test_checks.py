"""The system checks: each id for its fault alone, and a hint that fixes it."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from copy import deepcopy
from functools import wraps
from pathlib import Path
from types import ModuleType

import pytest
from django.apps import apps
from django.conf import settings as site
from django.core.cache import caches
from django.core.checks import ERROR, registry, run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connections
from django.test import override_settings
from django.urls import clear_script_prefix, include, path, re_path, set_script_prefix
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.urls import metadata_urlpatterns
from oauth2_provider.views import OAuthServerMetadataView, TokenView
from oauthlib.oauth2 import Server

from oauth_jwt_grant.checks import CHECKS, CheckId
from oauth_jwt_grant.checks.site import check_vendor
from oauth_jwt_grant.checks.trust import check_trust
from oauth_jwt_grant.conf import DEFAULTS, SETTINGS
from oauth_jwt_grant.dot import OAuthLibCore
from oauth_jwt_grant.grant import GRANT_TYPE, reordered, shadowed_methods
from oauth_jwt_grant.oauth2_backends import JWTBearerBackendMixin
from oauth_jwt_grant.oauth2_validators import JWTBearerOAuth2Validator, JWTBearerValidatorMixin
from oauth_jwt_grant.servers import JWTBearerServerMixin
from oauth_jwt_grant.views import AuthorizationServerMetadataView, JWTBearerTokenView, JWTBearerTokenViewMixin
from tests.dot import OAUTHLIB_CORE

# Django's own checks of JSON columns ask SQLite whether it knows JSON.
pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parent.parent.parent
SHARED_CACHE = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://unused"}


DOT_URLS = include("oauth2_provider.urls", namespace="oauth2_provider")
DOT = path("o/", DOT_URLS)


ENDPOINTS = [path(prefix, include("oauth_jwt_grant.endpoints")) for prefix in ("o/", "auth/", "")]


def urlconf(*patterns, endpoints=ENDPOINTS) -> ModuleType:
    """Return a URL configuration, with our token view wherever DOT's may be."""
    module = ModuleType("urlconf")
    module.urlpatterns = [*endpoints, *patterns]
    return module


OURS = urlconf(path("", include("oauth_jwt_grant.urls")), DOT)
PLAIN = urlconf(DOT)
#: Without metadata: another view where clients look for it.
NEITHER = urlconf(path(".well-known/oauth-authorization-server", lambda request: None))


class OwnServer(JWTBearerServerMixin, Server):
    pass


class OwnValidator(JWTBearerValidatorMixin, OAuth2Validator):
    pass


class OwnBackend(JWTBearerBackendMixin, OAuthLibCore):
    pass


class LateServer(Server, JWTBearerServerMixin):
    pass


class LateValidator(OAuth2Validator, JWTBearerValidatorMixin):
    pass


class LateValidatorInherited(LateValidator):
    pass


class HouseValidator(OAuth2Validator):
    """A class that the site had before, with an override that calls super()."""

    def save_bearer_token(self, *args, **kwargs):
        return super().save_bearer_token(*args, **kwargs)


class LateHouseValidator(HouseValidator, JWTBearerValidatorMixin):
    pass


class LateBackend(OAuthLibCore, JWTBearerBackendMixin):
    pass


class HouseMixin:
    """Overrides one of our methods in front of it."""

    def save_bearer_token(self, *args, **kwargs):
        return super().save_bearer_token(*args, **kwargs)


class Overriding(HouseMixin, JWTBearerValidatorMixin, OAuth2Validator):
    def _create_access_token(self, *args, **kwargs):
        return super()._create_access_token(*args, **kwargs)


class HouseFirst(HouseValidator, JWTBearerOAuth2Validator):
    pass


@pytest.fixture(autouse=True)
def _good_site(settings):
    """A site that no check has anything to say about; each test spoils one thing."""
    settings.ROOT_URLCONF = OURS
    settings.CACHES = {"default": SHARED_CACHE}
    database = deepcopy(connections["default"].settings_dict)
    connections["default"].settings_dict["ATOMIC_REQUESTS"] = False
    yield
    connections["default"].settings_dict.update(database)


def findings(*, deploy: bool = False) -> list:
    messages = run_checks(include_deployment_checks=deploy)
    return [message for message in messages if str(message.id).startswith("oauth_jwt_grant.")]


def ids(*, deploy: bool = False) -> list[str]:
    return [message.id for message in findings(deploy=deploy)]


def provider(**changes):
    """DOT's settings with ``changes``; a value of ``None`` is left out."""
    server = "oauth_jwt_grant.servers.JWTBearerServer"
    merged = {**site.OAUTH2_PROVIDER, "OAUTH2_SERVER_CLASS": server, "OIDC_ENABLED": False, **changes}
    return override_settings(OAUTH2_PROVIDER={k: v for k, v in merged.items() if v is not None})


def grant(**changes):
    return override_settings(OAUTH_JWT_GRANT={**site.OAUTH_JWT_GRANT, **changes})


def test_good_site_has_no_findings():
    assert ids(deploy=True) == []


def test_every_check_is_registered():
    for check, tag, deploy in CHECKS:
        registered = registry.registry.deployment_checks if deploy else registry.registry.registered_checks
        assert check in registered
        assert tag in check.tags


def test_checks_that_read_the_database_are_left_out_of_a_plain_run():
    assert [check.__name__ for check, tag, _ in CHECKS if tag == "database"] == [
        "check_trust",
        "check_own_assertions",
        "check_former_migrations",
    ]


def test_trust_is_not_read_for_another_database():
    assert check_trust(databases=["other"]) == []


def test_ids_are_unique():
    assert len({check_id.value for check_id in CheckId}) == len(CheckId.__members__)


def test_errors_stop_manage_py():
    with grant(LEEWAY=-1), pytest.raises(SystemCheckError, match=r"oauth_jwt_grant\.E007"):
        call_command("check")


# Wiring


@pytest.mark.parametrize(
    ("setting", "base", "check_id"),
    [
        ("OAUTH2_SERVER_CLASS", "oauthlib.oauth2.Server", CheckId.SERVER_CLASS),
        (
            "OAUTH2_VALIDATOR_CLASS",
            "oauth2_provider.oauth2_validators.OAuth2Validator",
            CheckId.VALIDATOR_CLASS,
        ),
        ("OAUTH2_BACKEND_CLASS", OAUTHLIB_CORE, CheckId.BACKEND_CLASS),
    ],
)
def test_class_without_our_mixin(setting, base, check_id):
    for written in (base, None):
        with provider(**{setting: written}):
            (message,) = findings()
            assert message.id == check_id
            assert f'"{setting}": "oauth_jwt_grant.' in message.hint


@pytest.mark.parametrize(
    ("setting", "mixin", "base"),
    [
        ("OAUTH2_SERVER_CLASS", JWTBearerServerMixin, "TokenEndpoint"),
        ("OAUTH2_VALIDATOR_CLASS", JWTBearerValidatorMixin, "OAuth2Validator"),
        ("OAUTH2_BACKEND_CLASS", JWTBearerBackendMixin, "OAuthLibCore"),
    ],
)
def test_our_mixin_alone(setting, mixin, base):
    with provider(**{setting: f"{mixin.__module__}.{mixin.__name__}"}):
        (message,) = findings()
    assert base in message.msg
    assert f"{mixin.__name__}, {base}" in message.hint


@pytest.mark.parametrize(
    ("attribute", "wrong", "right", "check_id"),
    [
        ("server_class", LateServer, OwnServer, CheckId.SERVER_CLASS),
        ("validator_class", OAuth2Validator, OwnValidator, CheckId.VALIDATOR_CLASS),
        ("oauthlib_backend_class", LateBackend, OwnBackend, CheckId.BACKEND_CLASS),
    ],
)
def test_classes_of_a_token_view(settings, attribute, wrong, right, check_id):
    for own, expected in ((wrong, [check_id]), (right, [])):
        view = type("Own", (JWTBearerTokenView,), {attribute: own})
        settings.ROOT_URLCONF = urlconf(ours_metadata(), path("o/token/", view.as_view()), DOT, endpoints=[])
        messages = findings()
        assert [message.id for message in messages] == expected
        assert all(f"Own.{attribute} is {own.__qualname__}" in message.msg for message in messages)


def test_own_classes_with_our_mixins_are_fine():
    with provider(
        OAUTH2_SERVER_CLASS="tests.checks.test_checks.OwnServer",
        OAUTH2_VALIDATOR_CLASS="tests.checks.test_checks.OwnValidator",
        OAUTH2_BACKEND_CLASS="tests.checks.test_checks.OwnBackend",
    ):
        assert ids() == []


@pytest.mark.parametrize(
    ("setting", "name", "check_id", "method", "supplier", "line"),
    [
        (
            "OAUTH2_SERVER_CLASS",
            "LateServer",
            CheckId.SERVER_CLASS,
            "__init__()",
            "Server",
            "class LateServer(JWTBearerServerMixin, Server): ...",
        ),
        (
            "OAUTH2_VALIDATOR_CLASS",
            "LateValidator",
            CheckId.VALIDATOR_CLASS,
            "_save_bearer_token()",
            "OAuth2Validator",
            "class LateValidator(JWTBearerValidatorMixin, OAuth2Validator): ...",
        ),
        (
            "OAUTH2_VALIDATOR_CLASS",
            "LateValidatorInherited",
            CheckId.VALIDATOR_CLASS,
            "save_bearer_token()",
            "OAuth2Validator",
            "class LateValidator(JWTBearerValidatorMixin, OAuth2Validator): ...",
        ),
        (
            "OAUTH2_VALIDATOR_CLASS",
            "LateHouseValidator",
            CheckId.VALIDATOR_CLASS,
            "save_bearer_token()",
            "OAuth2Validator",
            "class LateHouseValidator(JWTBearerValidatorMixin, HouseValidator): ...",
        ),
        (
            "OAUTH2_BACKEND_CLASS",
            "LateBackend",
            CheckId.BACKEND_CLASS,
            "extract_body()",
            "OAuthLibCore",
            "class LateBackend(JWTBearerBackendMixin, OAuthLibCore): ...",
        ),
    ],
)
def test_our_mixin_after_the_class_that_it_extends(setting, name, check_id, method, supplier, line):
    with provider(**{setting: f"tests.checks.test_checks.{name}"}):
        (message,) = findings()
    assert (message.id, message.level) == (check_id, ERROR)
    assert f"{method} of {supplier}" in message.msg
    assert line in message.hint


@pytest.mark.parametrize("name", ["Overriding", "HouseFirst"])
def test_an_override_in_front_of_ours_is_legal(name):
    with provider(OAUTH2_VALIDATOR_CLASS=f"tests.checks.test_checks.{name}"):
        assert ids() == []


def test_the_line_that_a_check_prints_is_the_cure():
    for wrong, mixin in ((LateServer, JWTBearerServerMixin), (LateHouseValidator, JWTBearerValidatorMixin)):
        line = reordered(wrong, mixin)
        made: dict[str, type] = {}
        exec(line, globals(), made)  # noqa: S102 - our own text
        assert shadowed_methods(made[wrong.__name__], mixin) == {}


def test_server_of_openid_connect_lacks_the_grant():
    with provider(OIDC_ENABLED=True, OAUTH2_SERVER_CLASS=None, OIDC_SERVER_CLASS=None):
        (message,) = findings()
    assert message.id == CheckId.SERVER_CLASS
    assert '"OIDC_SERVER_CLASS": "oauth_jwt_grant.servers.JWTBearerOIDCServer"' in message.hint


def test_server_of_openid_connect_has_the_grant():
    with provider(
        OIDC_ENABLED=True,
        OAUTH2_SERVER_CLASS=None,
        OIDC_SERVER_CLASS="oauth_jwt_grant.servers.JWTBearerOIDCServer",
    ):
        assert ids() == []


def test_openid_connect_is_lost_by_a_written_server_class():
    with provider(OIDC_ENABLED=True, OAUTH2_SERVER_CLASS="oauth_jwt_grant.servers.JWTBearerServer"):
        assert ids() == [CheckId.OIDC_SERVER_UNUSED]
    with provider(OIDC_ENABLED=True, OAUTH2_SERVER_CLASS="oauth_jwt_grant.servers.JWTBearerOIDCServer"):
        assert ids() == []


@pytest.mark.parametrize("value", ["oauth_jwt_grant.servers.JWTBearerSerever", "nowhere.Server", ""])
def test_server_class_that_cannot_be_imported(value):
    with provider(OAUTH2_SERVER_CLASS=value):
        assert ids() == [CheckId.DOTTED_PATH]
    with provider(OAUTH2_SERVER_CLASS=value, OIDC_ENABLED=True):
        assert ids() == [CheckId.DOTTED_PATH]


def test_dotted_path_to_something_that_is_no_class():
    with provider(OAUTH2_VALIDATOR_CLASS="oauth_jwt_grant.grant.GRANT_TYPE"):
        (message,) = findings()
    assert message.id == CheckId.VALIDATOR_CLASS
    assert repr(GRANT_TYPE) in message.msg


def test_oauth2_provider_is_not_installed(monkeypatch):
    script = """
import django
from django.conf import settings
settings.configure(
    INSTALLED_APPS=[
        "django.contrib.contenttypes", "django.contrib.auth", "django.contrib.admin", "oauth_jwt_grant"
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "ATOMIC_REQUESTS": True}},
    OAUTH2_PROVIDER={"OIDC_ENABLED": True, "OAUTH2_SERVER_CLASS": "oauthlib.oauth2.Server"},
    ROOT_URLCONF="nowhere", ALLOWED_HOSTS=["as.example.com"],
)
django.setup()
from oauth_jwt_grant.checks import CHECKS
print(" ".join(message.id for check in CHECKS for message in check.check()))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [CheckId.NOT_INSTALLED, CheckId.DERIVED_AUDIENCES, CheckId.LOCAL_CACHE]

    # The same in this process: the pages that need it are not asked for.
    monkeypatch.setattr(apps, "is_installed", lambda name: False)
    assert "__all__" not in runpy.run_path(str(ROOT / "oauth_jwt_grant/admin/__init__.py"))


# Our own settings


def test_unknown_setting_has_a_near_match():
    with grant(LEAWAY=30):
        (message,) = findings()
    assert message.id == CheckId.UNKNOWN_SETTING
    assert '"LEEWAY"' in message.hint


def test_unknown_setting_without_a_near_match():
    with grant(**{"xyz": 1}):
        (message,) = findings()
    assert message.id == CheckId.UNKNOWN_SETTING
    assert all(name in message.hint for name in DEFAULTS)


def test_every_setting_has_a_kind_that_its_default_is_of():
    assert all(setting.kind.accepts(setting.default) for setting in SETTINGS.values())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, None) for name in DEFAULTS),
        *((name, True) for name in DEFAULTS if name != "DPOP"),
        *((name, -1) for name in DEFAULTS),
        ("AUDIENCES", "https://as.example.com"),
        ("AUDIENCES", [""]),
        ("CACHE", []),
        ("DPOP_CACHE", {}),
        ("ALGORITHMS", "RS256"),
        ("LEEWAY", 1.5),
        ("LEEWAY", 2**31),
        ("DECISION_RETENTION_DAYS", 36_501),
        ("LEEWAY", "30"),
        ("MAX_LIFETIME", 0),
        ("KEYS_REFETCH_COOLDOWN", 0),
        ("FETCH_TIMEOUT", 0),
        ("FETCH_TIMEOUT", float("inf")),
        ("FETCH_TIMEOUT", float("nan")),
        ("FETCH_TOKEN_FILES", {"https://keys.example": ""}),
        ("FETCH_TOKEN_FILES", {"https://keys.example": None}),
        ("FETCH_TOKEN_FILES", {1: "token"}),
        ("SHARED_ISSUERS", ["https://issuer.example"]),
        ("SHARED_ISSUERS", {"": ["tenant"]}),
        ("SHARED_ISSUERS", {"https://issuer.example": "tenant"}),
        ("SHARED_ISSUERS", {"https://issuer.example": {"tenant": "acme"}}),
        ("SHARED_ISSUERS", {"https://issuer.example": [" tenant"]}),
        ("SUBJECT_RESOLVER", ""),
        ("KEYS_MIN_AGE", 7200),
    ],
)
def test_setting_of_the_wrong_type_or_out_of_range(name, value):
    with grant(**{name: value}):
        found = [message for message in findings() if message.id == CheckId.INVALID_SETTING]
    (message,) = found
    assert name in message.msg
    assert f'"{name}": ' in message.hint


@pytest.mark.parametrize(
    ("name", "value"),
    [("LEEWAY", 0), ("FETCH_TIMEOUT", 0.5), ("AUDIENCES", ("https://as.example.com",)), ("KEYS_MIN_AGE", 0)],
)
def test_setting_in_its_range(name, value):
    with grant(**{name: value}):
        assert ids() == []


@pytest.mark.parametrize("value", [None, [], "AUDIENCES"])
def test_settings_that_are_no_dict(value):
    with override_settings(OAUTH_JWT_GRANT=value):
        assert [check.check() for check in CHECKS if check.check.__name__ == "check_names"] == [[]]
        (values,) = (check.check() for check in CHECKS if check.check.__name__ == "check_values")
        assert [message.id for message in findings() if message.level >= ERROR] == [CheckId.INVALID_SETTING]
    assert [message.id for message in values] == [CheckId.INVALID_SETTING]


@pytest.mark.parametrize("names", [["RS256", "HS256"], ["none"], ["RS257"], []])
def test_algorithms_that_nobody_may_sign_with(names):
    with grant(ALGORITHMS=names):
        (message,) = findings()
    assert message.id == CheckId.ALGORITHMS
    assert "\"ALGORITHMS\": ['RS256']" in message.hint


def test_fewer_algorithms_are_fine():
    with grant(ALGORITHMS=["ES256"]):
        assert ids() == []


@pytest.mark.parametrize("name", ["SUBJECT_RESOLVER", "USER_PROVISIONER"])
@pytest.mark.parametrize("value", ["nowhere.resolve", "resolve", "oauth_jwt_grant.grant.GRANT_TYPE"])
def test_dotted_path_that_leads_nowhere(name, value):
    with grant(**{name: value}):
        (message,) = findings()
    assert message.id == CheckId.DOTTED_PATH
    assert DEFAULTS[name] in message.hint


def test_dotted_path_that_leads_to_a_function():
    with grant(SUBJECT_RESOLVER="oauth_jwt_grant.subjects.resolve_subject"):
        assert ids() == []


# The rest of the site


@pytest.mark.parametrize("hosts", [["*"], [".example.com"], [], ["as.example.com", "*.example.com"]])
def test_no_audience_can_be_derived(hosts):
    with grant(AUDIENCES=[]), override_settings(ALLOWED_HOSTS=hosts):
        assert ids(deploy=True) == [CheckId.NO_AUDIENCE]
        with provider(OIDC_ISS_ENDPOINT="https://as.example.com/o"):
            assert ids() == []
            assert ids(deploy=True) == [CheckId.DERIVED_AUDIENCES]


def test_audiences_are_derived_from_exact_hosts():
    with grant(AUDIENCES=[]), override_settings(ALLOWED_HOSTS=["as.example.com"]):
        assert ids() == []
        (message,) = findings(deploy=True)
    assert message.id == CheckId.DERIVED_AUDIENCES
    assert '"AUDIENCES": [' in message.hint


@pytest.mark.parametrize("name", ["CACHE", "DPOP_CACHE"])
def test_cache_alias_is_missing(name):
    with grant(**{name: "keys", "DPOP": True}):
        (message,) = (found for found in findings(deploy=True) if found.id != CheckId.UNKNOWN_ORIGINS)
    assert message.id == CheckId.CACHE_ALIAS
    assert name in message.msg
    assert "'keys'" in message.msg


def test_cache_for_proofs_is_not_asked_for_while_dpop_is_off():
    with grant(DPOP_CACHE="keys"):
        assert ids(deploy=True) == []


@pytest.mark.parametrize("backend", ["locmem.LocMemCache", "dummy.DummyCache"])
def test_cache_of_one_process(backend, settings):
    settings.CACHES = {"default": {"BACKEND": f"django.core.cache.backends.{backend}"}}
    assert ids() == []
    (message,) = findings(deploy=True)
    assert message.id == CheckId.LOCAL_CACHE
    assert type(caches["default"]).__name__ in message.msg
    with grant(CACHE="other"):
        settings.CACHES = settings.CACHES | {"other": SHARED_CACHE}
        assert ids(deploy=True) == []


class TokensApart:
    """Routes the tokens to one database and the rest to another."""

    def db_for_write(self, model, **hints):
        return "default" if model._meta.model_name == "accesstoken" else "other"


class ReadsReplica:
    """Reads from a replica what it writes to the primary."""

    def db_for_read(self, model, **hints):
        return "replica"


def test_routers_part_tokens_from_decisions(settings):
    settings.DATABASE_ROUTERS = ["tests.checks.test_checks.TokensApart"]
    (message,) = findings()
    assert message.id == CheckId.DATABASES
    assert "other: " in message.msg
    assert "oauth_jwt_grant.Decision" in message.msg


class ReadsReplicaButTokens(ReadsReplica):
    """Reads tokens where they are written."""

    def db_for_read(self, model, **hints):
        return None if model._meta.model_name == "accesstoken" else "replica"


def test_replicas_are_fine_but_for_tokens(settings):
    settings.DATABASE_ROUTERS = ["tests.checks.test_checks.ReadsReplicaButTokens"]
    assert ids(deploy=True) == []
    settings.DATABASE_ROUTERS = ["tests.checks.test_checks.ReadsReplica"]
    (message,) = findings()
    assert message.id == CheckId.TOKENS_FROM_REPLICA
    assert "'default'" in message.msg
    assert "'replica'" in message.msg


@pytest.mark.parametrize(
    ("atomic", "mode", "expected"),
    [
        (True, None, [CheckId.SQLITE_TRANSACTIONS]),
        (True, "deferred", [CheckId.SQLITE_TRANSACTIONS]),
        (True, "IMMEDIATE", []),
        (True, "exclusive", []),
        (False, None, []),
    ],
)
def test_sqlite_transactions(atomic, mode, expected):
    database = connections["default"].settings_dict
    database["ATOMIC_REQUESTS"] = atomic
    database["OPTIONS"] = {} if mode is None else {"transaction_mode": mode}
    assert ids() == (expected if connections["default"].vendor == "sqlite" else [])


@pytest.mark.parametrize(
    ("vendor", "expected"),
    [("oracle", [CheckId.DATABASE_VENDOR]), *((vendor, []) for vendor in ("sqlite", "postgresql", "mysql"))],
)
def test_a_database_that_nobody_has_tried(monkeypatch, vendor, expected):
    monkeypatch.setattr(type(connections["default"]), "vendor", vendor)
    assert [finding.id for finding in check_vendor()] == expected


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (None, []),
        ("20000", []),
        (16_385, []),
        (16_384, [CheckId.UPLOAD_LIMIT]),
        (100, [CheckId.UPLOAD_LIMIT]),
    ],
)
def test_body_of_the_longest_assertion_is_read(settings, limit, expected):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = limit
    assert ids() == expected


@pytest.mark.parametrize(
    ("urls", "grants", "expected"),
    [
        (OURS, [], []),
        (OURS, [GRANT_TYPE], []),
        (NEITHER, [], []),
        (PLAIN, [], [CheckId.GRANT_NOT_PUBLISHED, CheckId.PLAIN_METADATA]),
        (PLAIN, [GRANT_TYPE], [CheckId.PLAIN_METADATA]),
    ],
)
def test_metadata_view(settings, urls, grants, expected):
    settings.ROOT_URLCONF = urls
    with provider(OAUTH2_GRANT_TYPES_SUPPORTED=["authorization_code", *grants]):
        assert ids() == [check_id for check_id in expected if check_id != CheckId.PLAIN_METADATA]
        assert ids(deploy=True) == expected


def dots_metadata():
    return path("", include((metadata_urlpatterns, "dots_metadata")))


def ours_metadata(prefix: str = ""):
    return path(prefix, include("oauth_jwt_grant.urls"))


PLAIN_IDS = [CheckId.GRANT_NOT_PUBLISHED, CheckId.PLAIN_METADATA]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        pytest.param([ours_metadata(), dots_metadata(), DOT], [], id="ours before DOT's"),
        pytest.param([DOT, ours_metadata()], [], id="ours after DOT's, which have a prefix"),
        pytest.param([dots_metadata(), ours_metadata(), DOT], PLAIN_IDS, id="ours after DOT's"),
        pytest.param(
            [path("", DOT_URLS), ours_metadata()], PLAIN_IDS, id="all of DOT's at the root, and before"
        ),
        pytest.param([ours_metadata(), path("", DOT_URLS)], [], id="all of DOT's at the root, and after"),
        pytest.param(
            [dots_metadata(), ours_metadata("o/"), DOT], PLAIN_IDS, id="ours under a prefix, DOT's not"
        ),
        pytest.param([dots_metadata(), DOT], PLAIN_IDS, id="DOT's alone"),
        pytest.param(
            [ours_metadata("auth/"), path("auth/", DOT_URLS)],
            [CheckId.METADATA_NOT_FOUND],
            id="both under a prefix",
        ),
        pytest.param(
            [path("auth/", DOT_URLS), ours_metadata("auth/")],
            [*PLAIN_IDS, CheckId.METADATA_NOT_FOUND],
            id="both under a prefix, ours after DOT's",
        ),
        pytest.param([ours_metadata("auth/")], [CheckId.METADATA_NOT_FOUND], id="ours under a prefix, alone"),
        pytest.param([], [], id="nothing at all"),
    ],
)
def test_how_the_metadata_is_mounted(settings, patterns, expected):
    settings.ROOT_URLCONF = urlconf(*patterns)
    with provider(OAUTH2_GRANT_TYPES_SUPPORTED=["authorization_code"]):
        assert sorted(ids(deploy=True)) == expected


def test_the_place_of_an_issuer_with_a_path(settings):
    inserted = ".well-known/oauth-authorization-server/tenant"
    settings.ROOT_URLCONF = urlconf(path(inserted, OAuthServerMetadataView.as_view()), ours_metadata(), DOT)
    assert ids(deploy=True) == []
    with provider(OIDC_ISS_ENDPOINT="https://as.example.com/tenant"):
        assert ids(deploy=True) == PLAIN_IDS
    settings.ROOT_URLCONF = urlconf(
        path(inserted, AuthorizationServerMetadataView.as_view()), ours_metadata("tenant/"), DOT
    )
    assert sorted(ids(deploy=True)) == [*PLAIN_IDS, CheckId.METADATA_NOT_FOUND]
    with provider(OIDC_ISS_ENDPOINT="https://as.example.com/tenant/"):
        assert ids(deploy=True) == []


def test_behind_a_script_prefix(settings):
    settings.ROOT_URLCONF = PLAIN
    set_script_prefix("/app/")
    try:
        assert ids(deploy=True) == PLAIN_IDS
        settings.ROOT_URLCONF = OURS
        assert ids(deploy=True) == []
    finally:
        clear_script_prefix()


def test_own_metadata_view_that_extends_ours(settings):
    class Own(AuthorizationServerMetadataView):
        pass

    settings.ROOT_URLCONF = urlconf(path(".well-known/oauth-authorization-server", Own.as_view()), DOT)
    assert ids(deploy=True) == []


# The endpoints


class OwnTokenView(JWTBearerTokenView):
    pass


class MixedIn(JWTBearerTokenViewMixin, TokenView):
    pass


class MixedInLast(TokenView, JWTBearerTokenViewMixin):
    pass


class Unlike(JWTBearerTokenViewMixin, TokenView):
    """Does not ask the mixin for its view function."""

    @classmethod
    def as_view(cls, **initkwargs):
        return TokenView.as_view.__func__(cls, **initkwargs)


def decorated(view, *, keeping: bool = True):
    """A view around ``view``, as a site may write one to count requests."""

    def counted(request):
        return view(request)

    return wraps(view)(counted) if keeping else counted


def endpoints(prefix: str):
    return path(prefix, include("oauth_jwt_grant.endpoints"))


TOKEN_VIEWS = {
    "ours": ([endpoints("o/"), DOT], []),
    "ours, and none of DOT's": ([endpoints("o/")], []),
    "an extension of ours": ([path("o/token/", OwnTokenView.as_view()), DOT], []),
    "a view with the mixin": ([path("o/token/", MixedIn.as_view()), DOT], []),
    "ours, decorated": ([path("o/token/", decorated(JWTBearerTokenView.as_view())), DOT], []),
    "ours by a regular expression": ([re_path(r"^o/token/$", JWTBearerTokenView.as_view()), DOT], []),
    "both twice": ([endpoints("o/"), DOT, endpoints("auth/"), path("auth/", DOT_URLS)], []),
    "both below a tenant": ([endpoints("<slug:t>/"), path("<slug:t>/", DOT_URLS)], []),
    "both below a number": ([endpoints("<int:t>/"), path("<int:t>/", DOT_URLS)], []),
    "no token view": ([path("o/", include("oauth_jwt_grant.urls"))], []),
    "DOT's alone": ([DOT], ["/o/token/"]),
    "ours after DOT's": ([DOT, endpoints("o/")], ["/o/token/"]),
    "ours elsewhere": ([endpoints(""), DOT], ["/o/token/"]),
    "ours at one of two places": ([endpoints("o/"), DOT, path("auth/", DOT_URLS)], ["/auth/token/"]),
    "DOT's below a tenant": ([endpoints("o/"), path("<slug:t>/", DOT_URLS)], ["/<slug:t>/token/"]),
    "ours after DOT's, below a tenant": (
        [path("<str:t>/", DOT_URLS), endpoints("<str:t>/")],
        ["/<str:t>/token/"],
    ),
    "ours after DOT's, below a number": (
        [path("<int:t>/", DOT_URLS), endpoints("<int:t>/")],
        ["/<int:t>/token/"],
    ),
    "DOT's by a regular expression": ([re_path(r"^token$", TokenView.as_view())], ["/^token$"]),
    "DOT's view before ours": ([path("o/token/", TokenView.as_view()), *ENDPOINTS, DOT], ["/o/token/"]),
    "the mixin last": ([path("o/token/", MixedInLast.as_view()), DOT], ["/o/token/"]),
    "the mixin passed over": ([path("o/token/", Unlike.as_view()), DOT], ["/o/token/"]),
    "a function": ([path("o/token/", lambda request: None), DOT], ["/o/token/"]),
    "ours inside a function that hides it": (
        [path("o/token/", decorated(JWTBearerTokenView.as_view(), keeping=False)), DOT],
        ["/o/token/"],
    ),
}


@pytest.mark.parametrize("name", TOKEN_VIEWS)
def test_token_view(settings, name):
    mounted, expected = TOKEN_VIEWS[name]
    settings.ROOT_URLCONF = urlconf(ours_metadata(), endpoints=mounted)
    found = [message for message in findings() if message.id == CheckId.TOKEN_VIEW]

    assert [re.search(r"token view at (\S+) is", message.msg)[1] for message in found] == expected
    assert all('include("oauth_jwt_grant.endpoints")' in message.hint for message in found)
    assert all("JWTBearerTokenViewMixin" in message.hint for message in found)


def test_what_answers_in_the_place_of_ours_is_named(settings):
    settings.ROOT_URLCONF = urlconf(path("o/token/", MixedInLast.as_view()), DOT, endpoints=[])
    (message,) = [message for message in findings() if message.id == CheckId.TOKEN_VIEW]

    assert "tests.checks.test_checks.MixedInLast" in message.msg
    assert message.level == ERROR


def test_site_without_urls(settings):
    del settings.ROOT_URLCONF
    assert ids(deploy=True) == []


# The manual


@pytest.fixture(scope="module")
def manual() -> str:
    return (ROOT / "docs" / "checks.md").read_text()


@pytest.mark.parametrize("check_id", [check_id.value for check_id in CheckId])
def test_manual_explains_each_id(manual, check_id):
    assert len(re.findall(rf"^\| `{re.escape(check_id)}` \|", manual, re.MULTILINE)) == 1


def test_manual_explains_no_other_id(manual):
    assert set(re.findall(r"oauth_jwt_grant\.[EWI]\d{3}", manual)) == {check_id.value for check_id in CheckId}


@pytest.mark.parametrize("name", DEFAULTS)
def test_manual_explains_each_setting(manual, name):
    assert f"| `{name}` | {SETTINGS[name].kind.words}" in manual
