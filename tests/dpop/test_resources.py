"""Protected resources: a bound token opens them with its proof alone (RFC 9449 sections 7 and 11.1)."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import caches
from django.http import HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.dpop import Proof, ProofUndecided, bound_resource, is_first_use
from oauth_jwt_grant.dpop import undecided as undecided_flag
from oauth_jwt_grant.middleware import ProofMiddleware
from tests import dot
from tests.caches import CULLING, DEAD, UNOPENED, WORKING, cache_of
from tests.dpop.urls import CLOSED, OPENED, WAYS, RestView, slug
from tests.factories import Key, ec_key, proof, rsa_key, thumbprint, unb64
from tests.proofs import WRONG_FOR_A_TOKEN
from tests.site import oidc_private_key
from tests.support import FORM, SECRET, World, assert_granted, basic, make_application

KEY = ec_key(name="client")
HOST = "https://as.example.com"
VIEW = "/ScopedProtectedResourceView/"
METADATA = "/ProtectedResourceMetadataView/"
MIDDLEWARE = "oauth_jwt_grant.middleware.ProofMiddleware"

# django-oauth-toolkit warns of it.
in_the_query = pytest.mark.filterwarnings("ignore:Presenting an OAuth 2.0 access token")


@pytest.fixture(autouse=True)
def dpop(settings: Any) -> Any:
    """DPoP is on, and every way in is there."""
    settings.OAUTH_JWT_GRANT = settings.OAUTH_JWT_GRANT | {"DPOP": True}
    settings.ROOT_URLCONF = "tests.dpop.urls"
    return settings


@pytest.fixture
def bound(world: World) -> str:
    """A token that is bound to the key."""
    return str(assert_granted(world.post(headers={"DPoP": proof(KEY)}), kind="DPoP")["access_token"])


@pytest.fixture
def bearer(world: World) -> str:
    """A token that is bound to nothing."""
    return str(assert_granted(world.post())["access_token"])


def ask(path: str, *, method: str = "GET", **headers: str) -> Any:
    """A request over TLS; an error of the server comes back as an answer."""
    client = Client(raise_request_exception=False)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.generic(method, path, secure=True, headers={"Host": "as.example.com", **names})


def prove(token: str, path: str, key: Key = KEY, **changes: Any) -> str:
    """A proof for a request to ``path`` with ``token``."""
    return proof(key, **{"method": "GET", "url": f"{HOST}{path}", "token": token, **changes})


def with_proof(token: str, path: str = VIEW, text: str | None = None, *, method: str = "GET") -> Any:
    """A request with ``token`` under the scheme ``DPoP``, and a good proof unless another is given."""
    text = prove(token, path, method=method) if text is None else text
    return ask(path, method=method, Authorization=f"DPoP {token}", DPoP=text)


def is_in(response: Any) -> bool:
    """Whether the view has answered; if not, it has refused properly."""
    if response.status_code == 200:
        return True
    assert response.status_code in (401, 403), response.content
    return False


def error_of(token: str, text: str) -> str:
    """What a view that tells says of a request with this proof (RFC 6750 section 3)."""
    response = with_proof(token, METADATA, text)
    assert response.status_code == 401
    return str(response["WWW-Authenticate"])


@pytest.mark.standard("POP-06", "POP-18")
@pytest.mark.standard("POP-20")
@in_the_query
@pytest.mark.parametrize("switched_on", [True, False])
@pytest.mark.parametrize("name", WAYS)
def test_a_bound_token_is_no_bearers(dpop: Any, bound: str, name: str, switched_on: bool) -> None:
    dpop.OAUTH_JWT_GRANT = dpop.OAUTH_JWT_GRANT | {"DPOP": switched_on}
    path = f"/{slug(name)}/"

    assert not is_in(ask(path, Authorization=f"Bearer {bound}"))
    assert not is_in(ask(path, Authorization=f"Bearer {bound}", DPoP=prove(bound, path)))
    assert not is_in(ask(f"{path}?access_token={bound}"))
    posted = Client().post(path, {"access_token": bound}, secure=True, headers={"Host": "as.example.com"})
    assert not is_in(posted)


def audiences_are_not_compared(site: Any) -> None:
    """What a check warns of: django-oauth-toolkit's own validator takes every token everywhere."""
    site.OAUTH2_PROVIDER = site.OAUTH2_PROVIDER | {"RESOURCE_SERVER_TOKEN_RESOURCE_VALIDATOR": ""}


@pytest.mark.parametrize("name", WAYS)
def test_a_bound_token_is_no_bearers_of_our_validator_whatever_dot_does(
    dpop: Any, bound: str, name: str
) -> None:
    audiences_are_not_compared(dpop)
    lost = {"protected_resource", "protected_resource with our server", "rw_protected_resource"}

    assert is_in(ask(f"/{slug(name)}/", Authorization=f"Bearer {bound}")) is (name in lost)


@pytest.mark.standard("POP-19")
@pytest.mark.parametrize("name", OPENED)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_bound_token_opens_with_its_proof(bound: str, name: str, method: str) -> None:
    assert is_in(with_proof(bound, f"/{slug(name)}/", method=method))


@pytest.mark.parametrize("name", CLOSED)
def test_what_knows_no_proofs_stays_closed(bound: str, name: str) -> None:
    assert not is_in(with_proof(bound, f"/{slug(name)}/"))


@pytest.mark.standard("POP-19")
@pytest.mark.parametrize("name", WAYS)
def test_a_bearer_token_is_no_bound_one(bearer: str, name: str) -> None:
    path = f"/{slug(name)}/"

    assert is_in(ask(path, Authorization=f"Bearer {bearer}"))
    assert not is_in(with_proof(bearer, path))
    assert not is_in(ask(path, Authorization=f"DPoP {bearer}"))


@pytest.mark.parametrize("name", WAYS)
def test_nothing_opens_by_the_scheme_while_dpop_is_off(dpop: Any, bound: str, bearer: str, name: str) -> None:
    dpop.OAUTH_JWT_GRANT = dpop.OAUTH_JWT_GRANT | {"DPOP": False}
    path = f"/{slug(name)}/"

    assert not is_in(with_proof(bound, path))
    assert not is_in(with_proof(bearer, path))


@pytest.mark.standard("POP-03")
@pytest.mark.parametrize("name", WRONG_FOR_A_TOKEN)
def test_a_bad_proof(bound: str, name: str) -> None:
    make, wrong = WRONG_FOR_A_TOKEN[name]
    text = make(partial(prove, path=METADATA, **{"token": bound}))

    said = error_of(bound, text)

    assert 'error="invalid_dpop_proof"' in said
    assert f'error_description="The DPoP proof is not accepted: {wrong}."' in said
    assert is_in(with_proof(bound, METADATA))


@pytest.mark.standard("POP-03")
def test_a_stolen_proof(world: World, bound: str) -> None:
    other = assert_granted(world.post(headers={"DPoP": proof(KEY)}), kind="DPoP")["access_token"]
    for stolen in (
        prove(bound, "/REST-framework/"),
        prove(bound, METADATA, method="POST"),
        prove(other, METADATA),
        proof(KEY),
    ):
        assert 'error="invalid_dpop_proof"' in error_of(bound, stolen)


@pytest.mark.standard("POP-03")
@pytest.mark.parametrize("key", [ec_key(name="thief"), rsa_key()], ids=["ec", "rsa"])
def test_a_stolen_token(bound: str, key: Key) -> None:
    assert 'error="invalid_token"' in error_of(bound, prove(bound, METADATA, key))


@pytest.mark.standard("POP-19")
def test_no_proof(bound: str) -> None:
    response = ask(METADATA, Authorization=f"DPoP {bound}")

    assert response.status_code == 401
    assert "not accepted: form" in response["WWW-Authenticate"]


@pytest.mark.standard("POP-21")
def test_a_proof_is_good_once(bound: str) -> None:
    text = prove(bound, METADATA)

    assert is_in(with_proof(bound, METADATA, text))
    assert "not accepted: jti" in error_of(bound, text)
    again = prove(bound, METADATA, jti=json.loads(unb64(text.split(".")[1]))["jti"])
    assert "not accepted: jti" in error_of(bound, again)


def test_a_client_cannot_use_up_the_proofs_of_another(world: World, bound: str) -> None:
    other = ec_key(name="other")
    theirs = assert_granted(world.post(headers={"DPoP": proof(other)}), kind="DPoP")["access_token"]

    assert is_in(with_proof(theirs, VIEW, prove(theirs, VIEW, other, jti="same")))
    assert is_in(with_proof(bound, VIEW, prove(bound, VIEW, jti="same")))


def test_a_refused_request_uses_up_no_proof(bound: str) -> None:
    text = prove(bound, VIEW)
    get_access_token_model().objects.update(scope="write")
    assert not is_in(with_proof(bound, VIEW, text))
    get_access_token_model().objects.update(scope="read")
    assert is_in(with_proof(bound, VIEW, text))


def undecided(response: Any) -> bool:
    """Whether the request was refused as one that may be sent again, and properly."""
    assert response.status_code == 503
    assert response.json() == ProofUndecided.ANSWER
    assert (response["Retry-After"], response["Cache-Control"]) == ("1", "no-store")
    return True


@pytest.mark.standard("POP-21")
@pytest.mark.parametrize("kind", DEAD | UNOPENED)
def test_a_cache_that_keeps_nothing_lets_nothing_pass(
    dpop: Any, bound: str, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    dpop.CACHES = dpop.CACHES | {"proofs": (DEAD | UNOPENED)[kind]}
    dpop.OAUTH_JWT_GRANT = dpop.OAUTH_JWT_GRANT | {"DPOP_CACHE": "proofs"}

    with caplog.at_level(logging.WARNING, "oauth_jwt_grant"):
        assert "temporarily_unavailable" in error_of(bound, prove(bound, METADATA))
    assert [name for name, _, _ in caplog.record_tuples].count("oauth_jwt_grant.dpop") == 1
    dpop.MIDDLEWARE = [*dpop.MIDDLEWARE, MIDDLEWARE]
    assert undecided(with_proof(bound, METADATA))


@pytest.mark.parametrize("name", OPENED)
def test_every_view_says_that_the_proof_may_be_sent_again(dpop: Any, bound: str, name: str) -> None:
    dpop.MIDDLEWARE = [MIDDLEWARE, *dpop.MIDDLEWARE]
    path = f"/{slug(name)}/"
    assert is_in(with_proof(bound, path))
    dpop.CACHES = dpop.CACHES | {"proofs": DEAD["mute"]}
    dpop.OAUTH_JWT_GRANT = dpop.OAUTH_JWT_GRANT | {"DPOP_CACHE": "proofs"}
    assert undecided(with_proof(bound, path))
    # Nothing of it stays behind.
    assert ask(path, Authorization=f"Bearer {bound}").status_code in (401, 403)


def test_a_view_that_answers_all_the_same_keeps_its_answer() -> None:
    def optional(request: Any) -> HttpResponse:
        undecided_flag.set(True)
        return HttpResponse("for anybody")

    assert ProofMiddleware(optional)(RequestFactory().get("/")).status_code == 200


def test_under_asgi(dpop: Any, bound: str) -> None:
    dpop.MIDDLEWARE = [MIDDLEWARE, *dpop.MIDDLEWARE]
    dpop.CACHES = dpop.CACHES | {"proofs": DEAD["mute"]}
    dpop.OAUTH_JWT_GRANT = dpop.OAUTH_JWT_GRANT | {"DPOP_CACHE": "proofs"}
    text = prove(bound, VIEW, url=f"https://testserver{VIEW}")
    headers = {"Authorization": f"DPoP {bound}", "DPoP": text}

    assert undecided(async_to_sync(AsyncClient().get)(VIEW, secure=True, headers=headers))


@pytest.mark.parametrize("kind", [*CULLING, *WORKING])
def test_a_proof_is_good_once_with_each_cache_that_keeps_it(dpop: Any, bound: str, kind: str) -> None:
    entry = (CULLING | WORKING)[kind]
    cache_of(entry)
    dpop.CACHES = dpop.CACHES | {"proofs": entry}
    dpop.OAUTH_JWT_GRANT = dpop.OAUTH_JWT_GRANT | {"DPOP_CACHE": "proofs"}
    text = prove(bound, METADATA)

    assert is_in(with_proof(bound, METADATA, text))
    assert "not accepted: jti" in error_of(bound, text)


def test_proofs_are_not_in_the_cache_for_keys(dpop: Any, bound: str) -> None:
    dpop.CACHES = dpop.CACHES | {"keys": DEAD["mute"]}
    dpop.OAUTH_JWT_GRANT = dpop.OAUTH_JWT_GRANT | {"CACHE": "keys"}

    assert is_in(with_proof(bound, METADATA))


@pytest.mark.parametrize(
    ("added", "found", "first"), [(True, None, None), (True, "other", False), (False, "other", False)]
)
def test_a_proof_is_new_only_if_the_cache_shows_it(
    dpop: Any, monkeypatch: pytest.MonkeyPatch, added: bool, found: str | None, first: bool | None
) -> None:
    cache = caches["default"]
    monkeypatch.setattr(cache, "add", lambda *arguments: added)
    monkeypatch.setattr(cache, "get", lambda key: found)
    if first is None:
        with pytest.raises(ProofUndecided):
            is_first_use(Proof("thumbprint", "jti"))
    else:
        assert is_first_use(Proof("thumbprint", "jti")) is first


@pytest.mark.standard("POP-19")
@pytest.mark.parametrize("authorization", ["dpop {}", "DPOP {}", "DPoP  {}", "DPoP\t{}"])
def test_the_scheme_however_it_is_written(bound: str, authorization: str) -> None:
    assert is_in(ask(VIEW, Authorization=authorization.format(bound), DPoP=prove(bound, VIEW)))


@pytest.mark.parametrize(
    "authorization",
    [
        "DPoP", "DPoP ", "DPoP {0} {0}", "DPoP {0}, Bearer {0}", "DPoP {0}, DPoP {0}", "DPoP {0},",
        "DPoP {0}=", "DPoPx {0}", "{0}", "", "Basic {0}", "DPoP \xff", "DPoP \ud800", 'DPoP "{0}"',
    ],
)  # fmt: skip
def test_a_malformed_authorization(bound: str, authorization: str) -> None:
    response = Client().get(
        VIEW,
        secure=True,
        HTTP_HOST="as.example.com",
        HTTP_AUTHORIZATION=authorization.format(bound),
        HTTP_DPOP=prove(bound, VIEW),
    )
    assert not is_in(response)


@in_the_query
def test_a_proof_without_any_token(bound: str) -> None:
    assert not is_in(ask(VIEW, DPoP=prove(bound, VIEW)))
    assert not is_in(ask(f"{VIEW}?access_token={bound}", DPoP=prove(bound, VIEW)))


@in_the_query
def test_a_token_in_the_query_does_not_take_the_place_of_the_header(world: World, bound: str) -> None:
    other = assert_granted(world.post())["access_token"]
    assert is_in(ask(f"{VIEW}?access_token={other}", Authorization=f"DPoP {bound}", DPoP=prove(bound, VIEW)))


def test_query_and_escapes_of_the_request_mean_nothing(bound: str) -> None:
    for path in (f"{VIEW}?a=b&c=%2F", "/%53copedProtectedResourceView/"):
        text = prove(bound, VIEW)
        assert is_in(ask(path, Authorization=f"DPoP {bound}", DPoP=text))


def test_an_expired_token(bound: str) -> None:
    get_access_token_model().objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert not is_in(with_proof(bound))


def test_a_scope_that_the_token_has_not(bound: str) -> None:
    get_access_token_model().objects.update(scope="write")
    assert not is_in(with_proof(bound))


def test_a_revoked_token(world: World, bound: str) -> None:
    response = ask_form("/o/revoke_token/", token=bound)

    assert response.status_code == 200
    assert not get_access_token_model().objects.exists()
    assert not is_in(with_proof(bound))


def ask_form(path: str, **parameters: str) -> Any:
    headers = {"Authorization": basic("client", SECRET)}
    return Client().post(path, urlencode(parameters), FORM, headers=headers)


class TestHost:
    """What a request is called must not be of its sender's making (RFC 9449 section 4.3, item 9)."""

    @pytest.mark.parametrize("hosts", [["*"], [".example"]])
    def test_a_proof_for_another_host(self, dpop: Any, bound: str, hosts: list[str]) -> None:
        dpop.ALLOWED_HOSTS = hosts
        stolen = prove(bound, VIEW, url=f"https://evil.example{VIEW}")

        assert not is_in(ask(VIEW, Host="evil.example", Authorization=f"DPoP {bound}", DPoP=stolen))

    def test_a_host_that_the_settings_name(self, dpop: Any, bound: str) -> None:
        dpop.ALLOWED_HOSTS = ["*"]
        assert is_in(with_proof(bound))

    def test_a_host_that_nothing_names(self, dpop: Any, bound: str) -> None:
        dpop.ALLOWED_HOSTS = ["*"]
        dpop.OAUTH_JWT_GRANT = {"DPOP": True, "AUDIENCES": ["urn:as", "as.example.com"]}
        assert not is_in(with_proof(bound))

    def test_one_of_several_exact_hosts(self, bound: str) -> None:
        text = prove(bound, VIEW, url=f"https://testserver{VIEW}")
        assert is_in(ask(VIEW, Host="testserver", Authorization=f"DPoP {bound}", DPoP=text))

    def test_without_tls_it_is_another_url(self, bound: str) -> None:
        def plain(url: str) -> Any:
            headers = {"Host": "as.example.com", "Authorization": f"DPoP {bound}"}
            return Client().get(VIEW, headers={**headers, "DPoP": prove(bound, VIEW, url=url)})

        assert not is_in(plain(f"{HOST}{VIEW}"))
        assert is_in(plain(f"http://as.example.com{VIEW}"))

    def test_behind_a_proxy_that_ends_tls(self, dpop: Any, bound: str) -> None:
        dpop.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        headers = {"Host": "as.example.com", "X-Forwarded-Proto": "https", "Authorization": f"DPoP {bound}"}

        assert is_in(Client().get(VIEW, headers={**headers, "DPoP": prove(bound, VIEW)}))


class TestResources:
    """RFC 8707: a bound token is for its resources and no others, as a bearer token is."""

    @pytest.fixture
    def token(self, world: World) -> str:
        world.change(world.rule, resources=[f"{HOST}{VIEW}"])
        answer = assert_granted(
            world.post(headers={"DPoP": proof(KEY)}, resource=f"{HOST}{VIEW}"), kind="DPoP"
        )
        return str(answer["access_token"])

    def test_its_own(self, token: str) -> None:
        assert is_in(with_proof(token))
        assert not is_in(ask(VIEW, Authorization=f"Bearer {token}"))

    def test_another(self, token: str) -> None:
        assert not is_in(with_proof(token, METADATA))

    @pytest.mark.parametrize("name", CLOSED)
    def test_it_is_no_bearers_of_views_that_know_no_proofs(self, world: World, name: str) -> None:
        world.change(world.rule, resources=[HOST])
        answer = assert_granted(world.post(headers={"DPoP": proof(KEY)}, resource=HOST), kind="DPoP")

        assert not is_in(ask(f"/{slug(name)}/", Authorization=f"Bearer {answer['access_token']}"))


def test_a_view_that_saves_the_token_does_not_unbind_it(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def get(view: Any, request: Any) -> Any:
        request.auth.save()
        return RestView.post(view, request)

    monkeypatch.setattr(RestView, "get", get)

    assert is_in(with_proof(bound, "/REST-framework/"))
    assert get_access_token_model().objects.get().resource == bound_resource(thumbprint(KEY), [])
    assert not is_in(ask("/REST-framework/", Authorization=f"Bearer {bound}"))


class TestMiddleware:
    """DOT's middleware look at bearer tokens alone."""

    def ask(self, dpop: Any, name: str, scheme: str, token: str) -> str:
        dpop.MIDDLEWARE = [*dpop.MIDDLEWARE, f"{dot.MIDDLEWARE}.{name}"]
        dpop.AUTHENTICATION_BACKENDS = [dot.BACKEND]
        response = ask("/whoami/", Authorization=f"{scheme} {token}", DPoP=prove(token, "/whoami/"))
        return str(response.content.decode())

    @pytest.mark.parametrize("scheme", ["Bearer", "DPoP"])
    def test_of_users(self, dpop: Any, bound: str, scheme: str) -> None:
        assert self.ask(dpop, "OAuth2TokenMiddleware", scheme, bound) == "AnonymousUser False"

    def test_of_users_with_a_bearer_token(self, dpop: Any, bearer: str) -> None:
        assert self.ask(dpop, "OAuth2TokenMiddleware", "Bearer", bearer) == "alice False"

    def test_of_tokens_asks_nobody(self, dpop: Any, bound: str) -> None:
        """Why a check does not let it stand beside DPoP."""
        assert self.ask(dpop, "OAuth2ExtraTokenMiddleware", "Bearer", bound) == "AnonymousUser True"

    def test_the_backend_by_itself(self, world: World, bound: str, bearer: str) -> None:
        def user(scheme: str, token: str) -> Any:
            headers = {
                "Authorization": f"{scheme} {token}",
                "DPoP": prove(token, VIEW),
                "Host": "as.example.com",
            }
            return dot.OAuth2Backend().authenticate(RequestFactory().get(VIEW, secure=True, headers=headers))

        assert user("DPoP", bound) == world.user
        assert user("Bearer", bearer) == world.user
        assert user("Bearer", bound) is None
        assert user("DPoP", bearer) is None


@pytest.mark.standard("POP-06")
class TestIntrospection:
    def test_of_a_bound_token(self, world: World, bound: str) -> None:
        told = ask_form("/o/introspect/", token=bound).json()

        assert told["cnf"] == {"jkt": thumbprint(KEY)}
        assert (told["active"], told["token_type"], told["username"]) == (True, "DPoP", "alice")
        assert told["aud"] == bound_resource(thumbprint(KEY), [])

    def test_of_a_bearer_token(self, bearer: str) -> None:
        told = ask_form("/o/introspect/", token=bearer).json()

        assert told["active"] is True
        assert not told.keys() & {"cnf", "token_type", "aud"}

    @pytest.mark.parametrize("token", [{"token": "unknown"}, {"hint": "none"}])
    def test_of_no_token(self, world: World, token: dict[str, str]) -> None:
        told = ask_form("/o/introspect/", **token).json()

        assert told == {"active": False} if "token" in token else told["error"] == "invalid_request"

    def test_by_get(self, world: World, bound: str) -> None:
        headers = {"Authorization": basic("client", SECRET)}
        assert "cnf" in Client().get("/o/introspect/", {"token": bound}, headers=headers).json()

    def test_a_bound_token_may_ask_with_its_proof_alone(self, dpop: Any, world: World) -> None:
        dpop.OAUTH2_PROVIDER = dpop.OAUTH2_PROVIDER | {
            "SCOPES": {**dpop.OAUTH2_PROVIDER["SCOPES"], "introspection": "Introspection"}
        }
        world.change(world.rule, scopes="introspection")
        token = assert_granted(world.post(headers={"DPoP": proof(KEY)}), kind="DPoP")["access_token"]

        assert ask(f"/o/introspect/?token={token}", Authorization=f"Bearer {token}").status_code == 403
        assert with_proof(token, f"/o/introspect/?token={token}").json()["active"] is True


class TestAnotherSite:
    """An API elsewhere, which asks for introspection as django-oauth-toolkit does."""

    @pytest.fixture
    def elsewhere(self, dpop: Any, bound: str) -> Iterator[str]:
        """A site without the token, which is told what the introspection of this one has said."""
        told = ask_form("/o/introspect/", token=bound).content
        get_access_token_model().objects.all().delete()

        class Teller(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(told)

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Teller) as server:
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            dpop.OAUTH2_PROVIDER = dpop.OAUTH2_PROVIDER | {
                "RESOURCE_SERVER_INTROSPECTION_URL": f"http://127.0.0.1:{server.server_port}/",
                "RESOURCE_SERVER_AUTH_TOKEN": "x",
            }
            yield bound
            server.shutdown()

    @pytest.mark.parametrize("name", OPENED)
    def test_with_this_app(self, elsewhere: str, name: str) -> None:
        path = f"/{slug(name)}/"

        for _ in ("asked", "kept"):
            assert is_in(with_proof(elsewhere, path))
        for _ in ("asked", "kept"):
            get_access_token_model().objects.all().delete()
            assert not is_in(ask(path, Authorization=f"Bearer {elsewhere}"))

    @pytest.mark.parametrize("name", OPENED)
    def test_where_audiences_are_not_compared(self, dpop: Any, elsewhere: str, name: str) -> None:
        audiences_are_not_compared(dpop)
        for _ in ("asked", "kept"):
            assert not is_in(ask(f"/{slug(name)}/", Authorization=f"Bearer {elsewhere}"))

    def test_with_another_key(self, elsewhere: str) -> None:
        text = prove(elsewhere, VIEW, ec_key(name="thief"))
        assert not is_in(with_proof(elsewhere, VIEW, text))

    @pytest.mark.parametrize("name", ["protected_resource", "rw_protected_resource"])
    def test_with_django_oauth_toolkit_alone(self, elsewhere: str, name: str) -> None:
        for _ in ("asked", "kept"):
            assert not is_in(ask(f"/{slug(name)}/", Authorization=f"Bearer {elsewhere}"))


def test_openid_connects_userinfo_takes_no_bound_token(dpop: Any, world: World) -> None:
    provider = dpop.OAUTH2_PROVIDER | {
        "OIDC_ENABLED": True,
        "OIDC_RSA_PRIVATE_KEY": oidc_private_key(),
        "SCOPES": {**dpop.OAUTH2_PROVIDER["SCOPES"], "openid": "OpenID Connect"},
    }
    provider.pop("OAUTH2_SERVER_CLASS", None)
    dpop.OAUTH2_PROVIDER = provider
    world.change(world.rule, scopes="openid")
    bound = assert_granted(world.post(headers={"DPoP": proof(KEY)}), kind="DPoP")["access_token"]
    bearer = assert_granted(world.post())["access_token"]

    assert ask("/o/userinfo/", Authorization=f"Bearer {bearer}").status_code == 200
    assert ask("/o/userinfo/", Authorization=f"Bearer {bound}").status_code == 401
    assert with_proof(bound, "/o/userinfo/").status_code == 401


def test_a_client_of_another_grant_cannot_name_a_key_as_its_resource(dpop: Any, world: World) -> None:
    make_application("machine", authorization_grant_type="client-credentials")
    (key,) = bound_resource(thumbprint(KEY), [])
    parameters = {"grant_type": "client_credentials", "client_id": "machine", "client_secret": SECRET}

    response = Client().post("/o/token/", urlencode({**parameters, "resource": key}), FORM)

    assert (response.status_code, json.loads(response.content)["error"]) == (400, "invalid_target")


@pytest.mark.standard("POP-07")
def test_other_grants_take_no_notice_of_a_proof(world: World) -> None:
    make_application("machine", authorization_grant_type="client-credentials")
    parameters = {"grant_type": "client_credentials", "client_id": "machine", "client_secret": SECRET}

    response = Client().post("/o/token/", urlencode(parameters), FORM, headers={"DPoP": proof(KEY)})

    assert response.json()["token_type"] == "Bearer"


def test_tokens_are_kept_apart_in_one_thread(bound: str, bearer: str) -> None:
    """What was proven for one request means nothing to the next."""
    assert is_in(with_proof(bound))
    assert not is_in(ask(VIEW, Authorization=f"Bearer {bound}"))
    assert is_in(ask(VIEW, Authorization=f"Bearer {bearer}"))
    assert not is_in(with_proof(bearer))
