"""Classes of a site that look right and are not: no token without its decision, and no other than decided.

Each wrong class is posted to over HTTP, and what is in the database counts.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models.signals import post_save
from django.http import HttpResponse, JsonResponse
from django.urls import path
from oauth2_provider.models import get_access_token_model, get_refresh_token_model
from oauthlib.oauth2 import BearerToken, Server
from oauthlib.oauth2.rfc6749.errors import InvalidRequestError
from oauthlib.oauth2.rfc6749.grant_types.base import GrantTypeBase

from oauth_jwt_grant.dot import OAuth2Validator, OAuthLibCore
from oauth_jwt_grant.grant import JWTBearerGrant, Terms
from oauth_jwt_grant.models import Decision, LinkedSubject
from oauth_jwt_grant.oauth2_backends import JWTBearerBackendMixin, JWTBearerOAuthLibCore
from oauth_jwt_grant.oauth2_validators import JWTBearerOAuth2Validator, JWTBearerValidatorMixin
from oauth_jwt_grant.servers import JWTBearerServer, JWTBearerServerMixin
from oauth_jwt_grant.views import JWTBearerTokenView
from tests.dot import forget_backends
from tests.factories import GRANT_TYPE, ec_key, mint
from tests.support import World, assert_granted, assert_refused, build_world, make_user

TEXT = "This server is not set up for the grant type: its log says what is wrong."
YEAR = 31_536_000

# Validators: the order of bases


class Order(OAuth2Validator, JWTBearerValidatorMixin):
    pass


class OrderInherited(Order):
    pass


class Own(OAuth2Validator):
    """A class that the site had before."""

    def validate_scopes(self, *args: Any, **kwargs: Any) -> bool:
        return True


class OrderOfOwn(Own, JWTBearerValidatorMixin):
    pass


class Plain(OAuth2Validator):
    """With the hook of the name that django-oauth-toolkit's own draft of this grant has."""

    def validate_jwt_bearer_assertion(self, request: Any) -> bool:
        return True


# Validators: methods that forget super()


def save_row(token: Any, request: Any, **fields: Any) -> Any:
    """Save a row as a site might that knows nothing of decisions."""
    row = get_access_token_model()(
        **{"user": request.user, "application": request.client, "scope": token["scope"], **fields}
    )
    row.expires = "2099-01-01T00:00:00Z"
    JWTBearerOAuth2Validator()._set_token_value(row, token["access_token"])
    row.save()
    return row


class SaveToken(JWTBearerOAuth2Validator):
    def save_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        save_row(token, request)


class SaveTokenNowhere(JWTBearerOAuth2Validator):
    def save_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        pass


class SaveTokenByMixin:
    """A mixin of the site's, which does not extend ours."""

    def save_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        save_row(token, request)


class MixedIn(SaveTokenByMixin, JWTBearerOAuth2Validator):
    pass


class SaveBearerToken(JWTBearerOAuth2Validator):
    def save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        save_row(token, request)


class SaveBearerTokenByDot(JWTBearerOAuth2Validator):
    def save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        return OAuth2Validator.save_bearer_token(self, token, request, *args, **kwargs)


class SaveInTransaction(JWTBearerOAuth2Validator):
    def _save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        save_row(token, request)


class SaveInTransactionByDot(JWTBearerOAuth2Validator):
    def _save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        return OAuth2Validator._save_bearer_token(self, token, request, *args, **kwargs)


class CreateRow(JWTBearerOAuth2Validator):
    def _create_access_token(self, expires: Any, request: Any, token: Any, **kwargs: Any) -> Any:
        return save_row(token, request)


class CreateRowByDot(JWTBearerOAuth2Validator):
    def _create_access_token(self, *args: Any, **kwargs: Any) -> Any:
        return OAuth2Validator._create_access_token(self, *args, **kwargs)


# Validators: another token than was decided


class Before(JWTBearerOAuth2Validator):
    """Changes the answer's members before the token is saved, in one method or another."""

    where = "save_token"
    change: dict[str, Any] = {}  # noqa: RUF012

    def _at(self, where: str, token: Any) -> None:
        if where == self.where:
            token.update(self.change)

    def save_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        self._at("save_token", token)
        return super().save_token(token, request, *args, **kwargs)

    def save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        self._at("save_bearer_token", token)
        return super().save_bearer_token(token, request, *args, **kwargs)

    def _save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        self._at("_save_bearer_token", token)
        return super()._save_bearer_token(token, request, *args, **kwargs)

    def _create_access_token(self, expires: Any, request: Any, token: Any, *args: Any, **kwargs: Any) -> Any:
        self._at("_create_access_token", token)
        return super()._create_access_token(expires, request, token, *args, **kwargs)


class After(Before):
    """Changes them after the token is saved."""

    def save_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        JWTBearerOAuth2Validator.save_token(self, token, request, *args, **kwargs)
        self._at("save_token", token)

    def save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        JWTBearerOAuth2Validator.save_bearer_token(self, token, request, *args, **kwargs)
        self._at("save_bearer_token", token)

    def _save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        JWTBearerOAuth2Validator._save_bearer_token(self, token, request, *args, **kwargs)
        self._at("_save_bearer_token", token)


WHERE = ("save_token", "save_bearer_token", "_save_bearer_token", "_create_access_token")
CHANGES: dict[str, dict[str, Any]] = {
    "lifetime": {"expires_in": YEAR},
    "shorter": {"expires_in": 1},
    "scope": {"scope": "read write admin"},
    "order": {"scope": "write read"},
    "refresh": {"refresh_token": "refresh"},
    "id": {"id_token": "x.y.z"},
}
CHANGED = {
    f"{kind.__name__} {where} {name}": type(
        f"{name.title()}{where}", (kind,), {"where": where, "change": change}
    )
    for kind in (Before, After)
    for where in (WHERE if kind is Before else WHERE[:-1])
    for name, change in CHANGES.items()
    # django-oauth-toolkit reads it there, and fails over one that is none.
    if (where, name) != ("_create_access_token", "id")
}


class Row(JWTBearerOAuth2Validator):
    """Changes the row that was saved."""

    change: dict[str, Any] = {}  # noqa: RUF012

    def _create_access_token(self, expires: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        row = super()._create_access_token(expires, request, *args, **kwargs)
        for name, value in self.change.items():
            setattr(row, name, value)
        row.save()
        return row


class RowScope(Row):
    change = {"scope": "read write admin"}  # noqa: RUF012


class RowResource(Row):
    change = {"resource": ["https://api.example"]}  # noqa: RUF012


class RowHolder(Row):
    change = {"user": None}  # noqa: RUF012


class RowApplication(Row):
    change = {"application": None}  # noqa: RUF012


class RowLifetime(JWTBearerOAuth2Validator):
    def _create_access_token(self, expires: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        return super()._create_access_token(expires.replace(year=2099), request, *args, **kwargs)


class OtherText(JWTBearerOAuth2Validator):
    """Answers a token of its own that nobody can revoke."""

    def save_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        super().save_token(token, request, *args, **kwargs)
        token["access_token"] = "another"


class RefreshBeside(JWTBearerOAuth2Validator):
    """Makes a refresh token for the access token that was saved."""

    def save_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        super().save_token(token, request, *args, **kwargs)
        row = get_access_token_model().objects.get()
        self._create_refresh_token(request, "refresh", row, None)
        token["refresh_token"] = "refresh"


class OtherUser(JWTBearerOAuth2Validator):
    def _save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        request.user = get_user_model().objects.exclude(pk=request.user.pk).get()
        return super()._save_bearer_token(token, request, *args, **kwargs)


class Widened(JWTBearerOAuth2Validator):
    def decide_jwt_bearer_assertion(self, request: Any) -> Terms:
        terms = super().decide_jwt_bearer_assertion(request)
        request.scopes = [*request.scopes, "admin"]
        return terms


# Validators: decisions that are none


class DecidesTrue(JWTBearerOAuth2Validator):
    answer: Any = True

    def decide_jwt_bearer_assertion(self, request: Any) -> Any:
        super().decide_jwt_bearer_assertion(request)
        return self.answer


class DecidesNothing(DecidesTrue):
    answer = None


class DecidesSeconds(DecidesTrue):
    answer = 300


class DecidesItself(JWTBearerOAuth2Validator):
    def decide_jwt_bearer_assertion(self, request: Any) -> Any:
        request.scopes = ["read"]
        request.user = get_user_model().objects.first()
        return Terms("read", 300)


class IssuesItself(JWTBearerOAuth2Validator):
    def issue_jwt_bearer_token(self, token: Any, terms: Any, request: Any) -> None:
        self.save_token(token, request)


VALIDATORS = [
    Order, OrderInherited, OrderOfOwn, Plain, Own, OAuth2Validator,
    SaveToken, SaveTokenNowhere, MixedIn, SaveBearerToken, SaveBearerTokenByDot,
    SaveInTransaction, SaveInTransactionByDot, CreateRow, CreateRowByDot,
    RowScope, RowResource, RowHolder, RowApplication, RowLifetime, OtherText, RefreshBeside, Widened,
    DecidesTrue, DecidesNothing, DecidesSeconds, DecidesItself, IssuesItself,
]  # fmt: skip

# Servers


class ServerOrder(Server, JWTBearerServerMixin):
    pass


class ServerInit(JWTBearerServer):
    def __init__(self, request_validator: Any, *args: Any, **kwargs: Any) -> None:
        Server.__init__(self, request_validator, *args, **kwargs)


class OtherGrant(GrantTypeBase):
    """A grant of the site's own in the place of ours."""

    def create_token_response(self, request: Any, token_handler: Any) -> Any:
        request.client, request.user = None, get_user_model().objects.first()
        request.scopes = ["read"]
        token = token_handler.create_token(request, refresh_token=False)
        self.request_validator.save_token(token, request)
        return {}, json.dumps(token), 200


class ServerGrant(JWTBearerServer):
    grant: Any = OtherGrant

    def __init__(self, request_validator: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(request_validator, *args, **kwargs)
        self.grant_types[GRANT_TYPE] = self.grant(request_validator)


class OurGrantSaves(JWTBearerGrant):
    def create_token_response(self, request: Any, token_handler: Any) -> Any:
        self.validate_token_request(request)
        token = token_handler.create_token(request, refresh_token=False)
        self.request_validator.save_token(token, request)
        return {}, json.dumps(token), 200


class OurGrantSavesUndecided(OtherGrant, JWTBearerGrant):
    pass


class OurGrantSavesNothing(JWTBearerGrant):
    def create_token_response(self, request: Any, token_handler: Any) -> Any:
        self.validate_token_request(request)
        return {}, json.dumps(token_handler.create_token(request)), 200


class OurGrantSavesARow(JWTBearerGrant):
    def create_token_response(self, request: Any, token_handler: Any) -> Any:
        self.validate_token_request(request)
        token = token_handler.create_token(request)
        save_row(token, request)
        return {}, json.dumps(token), 200


GRANTS = [OurGrantSaves, OurGrantSavesUndecided, OurGrantSavesNothing, OurGrantSavesARow]


class Handler(BearerToken):
    """A token handler of the site's own."""

    change: dict[str, Any] = {}  # noqa: RUF012

    def create_token(self, request: Any, refresh_token: bool = False, **kwargs: Any) -> Any:
        return super().create_token(request, refresh_token, **kwargs) | self.change


class ServerHandler(JWTBearerServer):
    change: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, request_validator: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(request_validator, *args, **kwargs)
        handler = type("Handler", (Handler,), {"change": self.change})
        self._default_token_type = handler(request_validator, expires_in=300)


def widening(request: Any) -> str:
    """A token generator that adds to the scope."""
    request.scopes = [*request.scopes, "admin"]
    return "widened"


SERVERS = [
    Server, ServerOrder, ServerInit, ServerGrant,
    *(type(f"With{grant.__name__}", (ServerGrant,), {"grant": grant}) for grant in GRANTS),
    *(type(f"Handler{name}", (ServerHandler,), {"change": change}) for name, change in CHANGES.items()),
]  # fmt: skip

# Backends


class BackendOrder(OAuthLibCore, JWTBearerBackendMixin):
    pass


class BackendAnswers(JWTBearerOAuthLibCore):
    def create_token_response(self, request: Any) -> Any:
        return OAuthLibCore.create_token_response(self, request)


class BackendBody(JWTBearerOAuthLibCore):
    def extract_body(self, request: Any) -> Any:
        return [(name, value) for name, value in request.POST.items() if name != "resource"]


class BackendExtra(JWTBearerOAuthLibCore):
    extra: dict[str, Any] = {}  # noqa: RUF012

    def _get_extra_credentials(self, request: Any) -> Any:
        return self.extra


BACKENDS = [
    OAuthLibCore, BackendOrder, BackendAnswers,
    *(type(f"Extra{name}", (BackendExtra,), {"extra": change}) for name, change in CHANGES.items()),
]  # fmt: skip

WRONG = [
    *(pytest.param("OAUTH2_VALIDATOR_CLASS", wrong, id=wrong.__name__) for wrong in VALIDATORS),
    *(pytest.param("OAUTH2_VALIDATOR_CLASS", wrong, id=name) for name, wrong in CHANGED.items()),
    *(pytest.param("OAUTH2_SERVER_CLASS", wrong, id=f"server {wrong.__name__}") for wrong in SERVERS),
    *(pytest.param("OAUTH2_BACKEND_CLASS", wrong, id=f"backend {wrong.__name__}") for wrong in BACKENDS),
]


@pytest.fixture
def use(settings: Any) -> Iterator[Any]:
    """Let django-oauth-toolkit use another class, or its own with ``None``."""
    before = settings.OAUTH2_PROVIDER

    def _use(setting: str | None = None, value: Any = None, **classes: Any) -> None:
        changed = {} if setting is None else {setting: value}
        settings.OAUTH2_PROVIDER = {**before, **changed, **classes}
        forget_backends()

    yield _use
    _use()


def left() -> list[int]:
    """How many access tokens, refresh tokens and accepted decisions there are."""
    return [
        get_access_token_model().objects.count(),
        get_refresh_token_model().objects.count(),
        Decision.objects.filter(outcome="accepted").count(),
    ]


@pytest.mark.parametrize(("setting", "wrong"), WRONG)
def test_no_token_of_a_wrong_class(
    world: World, use: Any, setting: str, wrong: type, caplog: pytest.LogCaptureFixture
) -> None:
    """Three posts of one assertion leave nothing, and it is not spent: the right class takes it."""
    world.change(world.rule, client_policy="anonymous", default_application=world.application)
    assertion = mint(ec_key())
    use(setting, wrong)

    for post in (world.post, world.post_anonymously, world.post):
        caplog.clear()
        assert_refused(post(assertion=assertion), "unsupported_grant_type", TEXT)
        assert left() == [0, 0, 0]
        (record,) = [record for record in caplog.records if record.name == "oauth_jwt_grant.wiring"]
        assert record.levelno == logging.ERROR
        assert assertion not in record.getMessage()
    use()
    assert_granted(world.post(assertion=assertion))
    assert left() == [1, 0, 1]


def test_the_log_names_the_class_and_what_to_write(
    world: World, use: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def logged(setting: str, wrong: type) -> str:
        use(setting, wrong)
        caplog.clear()
        world.post(resource="https://api.example/")
        return " ".join(caplog.messages)

    world.change(world.rule, resources=["https://api.example/"])
    order = logged("OAUTH2_VALIDATOR_CLASS", OrderInherited)
    assert "OAuth2Validator.save_bearer_token" in order
    assert "class Order(JWTBearerValidatorMixin, OAuth2Validator): ..." in order
    assert "Plain lacks issue_jwt_bearer_token()" in logged("OAUTH2_VALIDATOR_CLASS", Plain)
    assert "DecidesTrue.decide_jwt_bearer_assertion returned bool" in logged(
        "OAUTH2_VALIDATOR_CLASS", DecidesTrue
    )
    assert "DecidesItself.decide_jwt_bearer_assertion does not call super()" in logged(
        "OAUTH2_VALIDATOR_CLASS", DecidesItself
    )
    for wrong in (SaveToken, SaveBearerTokenByDot, SaveInTransaction, CreateRow):
        (method,) = (name for name in WHERE if name in vars(wrong))
        assert f"look at {wrong.__name__}.{method}()" in logged("OAUTH2_VALIDATOR_CLASS", wrong)
    assert "look at SaveTokenByMixin.save_token()" in logged("OAUTH2_VALIDATOR_CLASS", MixedIn)
    assert "the server, its token generator" in logged("OAUTH2_SERVER_CLASS", SERVERS[-1])
    for server in (Server, ServerOrder, ServerInit):
        assert f"the server {server.__name__} does not" in logged("OAUTH2_SERVER_CLASS", server)
    for backend in (OAuthLibCore, BackendOrder):
        assert "JWTBearerBackendMixin has to be first among" in logged("OAUTH2_BACKEND_CLASS", backend)
    assert "BackendAnswers has to call it" in logged("OAUTH2_BACKEND_CLASS", BackendAnswers)
    assert "BackendBody.extract_body() changes" in logged("OAUTH2_BACKEND_CLASS", BackendBody)
    assert left() == [0, 0, 0]


def test_the_decision_names_it_too(world: World, use: Any) -> None:
    use("OAUTH2_VALIDATOR_CLASS", CreateRow)
    assert_refused(world.post(), "unsupported_grant_type", TEXT)

    decision = Decision.objects.get()
    assert (decision.outcome, decision.reason) == ("refused", "not_set_up")
    assert "CreateRow._create_access_token()" in decision.detail
    assert decision.subject


@pytest.mark.parametrize("hidden", [{"resource": "https://api.example/"}, {"scope": ["read", "write"]}])
def test_a_body_that_the_backend_changes(world: World, use: Any, hidden: Any) -> None:
    use("OAUTH2_BACKEND_CLASS", BackendBody)

    assert_refused(world.post(**hidden), "unsupported_grant_type", TEXT)
    assert left() == [0, 0, 0]
    # Where it hides nothing, nothing is lost.
    assert_granted(world.post())


def test_a_token_generator_that_widens_the_scope(world: World, use: Any) -> None:
    use("ACCESS_TOKEN_GENERATOR", "tests.e2e.test_wiring.widening")

    assert_refused(world.post(), "unsupported_grant_type", TEXT)
    assert left() == [0, 0, 0]


def test_another_user_than_was_decided(world: World, use: Any) -> None:
    make_user("mallory")
    use("OAUTH2_VALIDATOR_CLASS", OtherUser)

    assert_refused(world.post(), "unsupported_grant_type", TEXT)
    assert left() == [0, 0, 0]


def test_a_user_who_was_not_provisioned(world: World, use: Any) -> None:
    world.change(world.rule, subject_policy="provision")
    assertion = mint(ec_key(), sub="new")
    use("OAUTH2_VALIDATOR_CLASS", SaveInTransactionByDot)
    assert_refused(world.post(assertion=assertion), "unsupported_grant_type", TEXT)
    assert left() == [0, 0, 0]
    use()
    assert_granted(world.post(assertion=assertion))
    assert LinkedSubject.objects.filter(subject="new").count() == 1


def test_a_receiver_that_widens_the_scope(world: World) -> None:
    def widen(instance: Any, **kwargs: Any) -> None:
        instance.scope = "read write admin"

    model = get_access_token_model()
    post_save.connect(widen, sender=model)
    try:
        assert_refused(world.post(), "unsupported_grant_type", TEXT)
    finally:
        post_save.disconnect(widen, sender=model)
    assert left() == [0, 0, 0]


class Swallows(JWTBearerOAuth2Validator):
    """Takes each error for a nuisance."""

    def save_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().save_token(token, request, *args, **kwargs)
        except Exception:
            return None


def test_a_refusal_that_is_swallowed(world: World, use: Any) -> None:
    use("OAUTH2_VALIDATOR_CLASS", Swallows)
    assertion = mint(ec_key())

    assert_granted(world.post(assertion=assertion))
    for _ in range(2):
        assert_refused(world.post(assertion=assertion), "unsupported_grant_type", TEXT)
    assert left() == [1, 0, 1]


class Late(JWTBearerOAuth2Validator):
    """Refuses a token that has been saved."""

    error: Exception = InvalidRequestError("over the quota")

    def save_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        super().save_token(token, request, *args, **kwargs)
        raise self.error


class LateFailure(Late):
    error = RuntimeError("the audit log is down")


@pytest.mark.parametrize(("wrong", "status"), [(Late, 400), (LateFailure, 500)])
def test_a_site_that_refuses_after_the_token_was_saved(
    world: World, use: Any, wrong: type, status: int
) -> None:
    assertion = mint(ec_key())
    use("OAUTH2_VALIDATOR_CLASS", wrong)
    for _ in range(2):
        assert world.post(assertion=assertion).status_code == status
        assert left() == [0, 0, 0]
    use()
    assert_granted(world.post(assertion=assertion))


class Early(JWTBearerOAuth2Validator):
    """Refuses before anything is saved, as an override may."""

    def save_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        raise InvalidRequestError("over the quota")


def test_a_site_that_refuses_before_the_token_is_saved(world: World, use: Any) -> None:
    use("OAUTH2_VALIDATOR_CLASS", Early)

    assert_refused(world.post(), "invalid_request", "over the quota")
    assert left() == [0, 0, 0]


class NobodyIsLoaded(JWTBearerOAuth2Validator):
    """Says yes to a client without setting it."""

    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        return True


class LoadsNothing(JWTBearerOAuth2Validator):
    def _load_application(self, client_id: str, request: Any) -> Any:
        return None


@pytest.mark.parametrize("wrong", [NobodyIsLoaded, LoadsNothing])
def test_a_client_that_is_not_set(world: World, use: Any, wrong: type) -> None:
    use("OAUTH2_VALIDATOR_CLASS", wrong)

    assert_refused(world.post(), "invalid_client", status=401)
    assert left() == [0, 0, 0]


class NoGrantType(JWTBearerOAuth2Validator):
    """Knows the grant types of applications alone."""

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Any, *args: Any, **kw: Any
    ) -> bool:
        return bool(client.authorization_grant_type == grant_type)


def test_a_site_that_admits_no_client_to_the_grant(world: World, use: Any) -> None:
    use("OAUTH2_VALIDATOR_CLASS", NoGrantType)

    assert_refused(world.post(), "unauthorized_client")
    assert left() == [0, 0, 0]


# What is right stays right


class Polite(JWTBearerOAuth2Validator):
    """Overrides all that can be, and calls super()."""

    def save_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        return super().save_token(token, request, *args, **kwargs)

    def save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        with transaction.atomic():
            return super().save_bearer_token(token, request, *args, **kwargs)

    def _save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        return super()._save_bearer_token(token, request, *args, **kwargs)

    def _create_access_token(self, *args: Any, **kwargs: Any) -> Any:
        return super()._create_access_token(*args, **kwargs)

    def decide_jwt_bearer_assertion(self, request: Any) -> Terms:
        return super().decide_jwt_bearer_assertion(request)


class PoliteMixin:
    """A mixin of the site's that stands before ours."""

    def save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        token["tenant"] = "acme"
        return super().save_bearer_token(token, request, *args, **kwargs)  # type: ignore[misc]


class PoliteMixedIn(PoliteMixin, JWTBearerValidatorMixin, Own):
    pass


class PoliteOwn(Own, JWTBearerOAuth2Validator):
    """A class that the site had before, in front of the whole of ours."""


class PoliteGrant(JWTBearerGrant):
    def create_token_response(self, request: Any, token_handler: Any) -> Any:
        return super().create_token_response(request, token_handler)


class PoliteServer(ServerGrant):
    grant = PoliteGrant


class PoliteBackend(JWTBearerOAuthLibCore):
    def _get_extra_credentials(self, request: Any) -> Any:
        return {"tenant": "acme"}

    def extract_body(self, request: Any) -> Any:
        return super().extract_body(request)


@pytest.mark.parametrize(
    ("setting", "right"),
    [
        *(("OAUTH2_VALIDATOR_CLASS", right) for right in (Polite, PoliteMixedIn, PoliteOwn)),
        ("OAUTH2_SERVER_CLASS", PoliteServer),
        ("OAUTH2_BACKEND_CLASS", PoliteBackend),
    ],
)
def test_an_override_that_calls_super(world: World, use: Any, setting: str, right: type) -> None:
    use(setting, right)
    assertion = mint(ec_key())

    response = world.post(assertion=assertion)
    assert response.status_code == 200
    assert response.json().get("tenant") == ("acme" if right in (PoliteMixedIn, PoliteBackend) else None)
    assert_refused(world.post(assertion=assertion), "invalid_grant")
    assert left() == [1, 0, 1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("wrong", [SaveToken, SaveBearerTokenByDot, CreateRow, RefreshBeside, Order])
def test_where_transactions_are_committed(use: Any, wrong: type) -> None:
    """What DOT's transaction has taken is removed, and what it has not is rolled back."""
    world = build_world()
    assertion = mint(ec_key())
    use("OAUTH2_VALIDATOR_CLASS", wrong)
    for _ in range(3):
        assert_refused(world.post(assertion=assertion), "unsupported_grant_type", TEXT)
        assert left() == [0, 0, 0]
    use()
    assert_granted(world.post(assertion=assertion))


# The answer, whatever the classes on its way are


class GrantOfRows(OtherGrant):
    """A grant in the place of ours that saves rows past the validator."""

    def create_token_response(self, request: Any, token_handler: Any) -> Any:
        request.client, request.user = None, get_user_model().objects.first()
        request.scopes = ["read"]
        token = token_handler.create_token(request, refresh_token=False)
        save_row(token, request)
        return {}, json.dumps(token), 200


class ServerOfRows(ServerGrant):
    grant = GrantOfRows


class ViewOfRows(JWTBearerTokenView):
    """Answers itself."""

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        user = get_user_model().objects.first()
        token = {"access_token": "row", "scope": "read"}
        save_row(token, SimpleNamespace(user=user, client=None))
        return JsonResponse(token)


class ViewOfWords(JWTBearerTokenView):
    def post(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return HttpResponse("no JSON")


class ViewOfLists(JWTBearerTokenView):
    def post(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return JsonResponse(["row"], safe=False)


@pytest.mark.parametrize("view", [ViewOfRows, ViewOfWords, ViewOfLists])
def test_a_view_that_answers_itself(world: World, settings: Any, view: Any) -> None:
    urls = ModuleType("urls")
    urls.urlpatterns = [path("o/token/", view.as_view())]  # type: ignore[attr-defined]
    settings.ROOT_URLCONF = urls

    assert_refused(world.post(), "unsupported_grant_type", TEXT)
    assert left() == [0, 0, 0]


def test_a_backend_and_a_server_that_are_both_wrong(world: World, use: Any) -> None:
    use(OAUTH2_BACKEND_CLASS=BackendAnswers, OAUTH2_SERVER_CLASS=ServerOfRows)

    assert_refused(world.post(), "unsupported_grant_type", TEXT)
    assert left() == [0, 0, 0]
