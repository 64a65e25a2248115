"""The system checks of DPoP: the ways around a proof, and what would make every proof bad."""

from __future__ import annotations

import pytest
from django.urls import include, path
from django.utils.module_loading import import_string
from oauth2_provider.views import IntrospectTokenView as PlainView

from oauth_jwt_grant.checks import CheckId
from oauth_jwt_grant.views import IntrospectTokenView, JWTBearerTokenView
from tests import dot
from tests.checks.test_checks import (
    DOT,
    ENDPOINTS,
    NEITHER,
    OURS,
    _good_site,
    findings,
    grant,
    ids,
    provider,
    urlconf,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures(_good_site.__name__)]

METADATA = path("", include("oauth_jwt_grant.urls"))
TOKEN = path("o/token/", JWTBearerTokenView.as_view())
EXTRA = f"{dot.MIDDLEWARE}.OAuth2ExtraTokenMiddleware"


class Own(IntrospectTokenView):
    pass


@pytest.fixture(autouse=True)
def _on(_good_site, settings):
    """DPoP is on, and nothing speaks against it."""
    settings.ROOT_URLCONF = OURS
    with grant(DPOP=True):
        yield


def test_good_site_has_no_findings():
    assert ids(deploy=True) == []


@pytest.mark.parametrize("value", [1, "yes", None])
def test_the_setting_is_a_switch(value):
    with grant(DPOP=value):
        assert CheckId.INVALID_SETTING in ids()


@pytest.mark.parametrize(
    ("backend", "options", "words"),
    [
        ("dummy.DummyCache", {}, "keeps nothing"),
        ("locmem.LocMemCache", {}, "no two processes share"),
        ("filebased.FileBasedCache", {}, "both add an entry"),
        ("db.DatabaseCache", {}, "MAX_ENTRIES, which is 300"),
        ("db.DatabaseCache", {"MAX_ENTRIES": 9_999}, "MAX_ENTRIES, which is 9999"),
        ("db.DatabaseCache", {"MAX_ENTRIES": 10_000}, ""),
        ("redis.RedisCache", {}, ""),
        ("memcached.PyMemcacheCache", {}, ""),
    ],
)
def test_cache_for_proofs(settings, tmp_path, backend, options, words):
    settings.CACHES = settings.CACHES | {
        "proofs": {
            "BACKEND": f"django.core.cache.backends.{backend}",
            "LOCATION": str(tmp_path),
            "OPTIONS": options,
        }
    }
    with grant(DPOP_CACHE="proofs"):
        assert ids() == []
        messages = findings(deploy=True)
    assert [message.id for message in messages] == ([CheckId.PROOF_CACHE] if words else [])
    assert all(words in message.msg and "DPOP_CACHE" in message.hint for message in messages)
    with grant(DPOP_CACHE="proofs", DPOP=False):
        assert ids(deploy=True) == []


class OwnMiddleware(import_string(EXTRA)):
    pass


@pytest.mark.parametrize("written", [EXTRA, f"{__name__}.{OwnMiddleware.__name__}"])
def test_extra_token_middleware(settings, written):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, written, "no.such.Middleware"]
    (message,) = findings()
    assert message.id == CheckId.EXTRA_TOKEN
    assert written in message.msg
    with grant(DPOP=False):
        assert ids() == []


def test_plain_introspection(settings):
    settings.ROOT_URLCONF = urlconf(METADATA, DOT, endpoints=[TOKEN])
    (message,) = findings()
    assert message.id == CheckId.PLAIN_INTROSPECTION
    assert 'include("oauth_jwt_grant.endpoints")' in message.hint
    with grant(DPOP=False):
        assert ids() == []


def test_our_introspection_comes_too_late(settings):
    settings.ROOT_URLCONF = urlconf(METADATA, DOT, *ENDPOINTS, endpoints=[TOKEN])
    assert ids() == [CheckId.PLAIN_INTROSPECTION]


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (Own.as_view(), []),
        (PlainView.as_view(), [CheckId.PLAIN_INTROSPECTION]),
        (lambda request: None, []),
    ],
)
def test_other_introspection(settings, view, expected):
    settings.ROOT_URLCONF = urlconf(METADATA, path("o/introspect/", view), DOT, endpoints=[TOKEN])
    assert ids() == expected


def test_no_introspection(settings):
    settings.ROOT_URLCONF = NEITHER
    assert ids() == []
    del settings.ROOT_URLCONF
    assert ids() == []


def anything_goes(url, audiences):
    """A resource validator that does not look."""
    return True


@pytest.mark.parametrize("name", ["tests.checks.test_dpop.anything_goes", ""])
def test_resource_validator_that_lets_keys_pass(name):
    with provider(RESOURCE_SERVER_TOKEN_RESOURCE_VALIDATOR=name):
        assert ids() == [CheckId.RESOURCE_VALIDATOR]
        with grant(DPOP=False):
            assert ids() == []


@pytest.mark.parametrize("hosts", [["*"], [".example.com"], []])
def test_nothing_names_the_origin(settings, hosts):
    settings.ALLOWED_HOSTS = hosts
    assert ids() == []
    with grant(DPOP=True, AUDIENCES=["urn:as"]):
        assert ids() == [CheckId.UNKNOWN_ORIGINS]
    with grant(DPOP=False, AUDIENCES=["urn:as"]):
        assert ids() == []
