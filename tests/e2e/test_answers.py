"""Every answer of the error table as a client sees it (RFC 6749 section 5, RFC 7523 section 3.1)."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.core.signals import got_request_exception
from django.db import DataError, OperationalError
from django.test import Client, override_settings
from django.utils import timezone
from django.views.debug import ExceptionReporter

from oauth_jwt_grant.assertion import ANSWERS, Door, Reason, TokenType
from oauth_jwt_grant.models import Decision, TrustedIssuer
from oauth_jwt_grant.oauth2_validators import JWTBearerOAuth2Validator
from oauth_jwt_grant.signals import assertion_refused
from tests.dot import forget_backends
from tests.factories import AUDIENCE, DROP, ec_key, mint, proof, thumbprint
from tests.jwks_server import dead_port
from tests.support import FORM, SECRET, World, assert_granted, assert_refused, make_application, post, tokens


def late(**claims: int) -> str:
    """An assertion with dates so many seconds from now."""
    return mint(ec_key(), **{name: int(time.time()) + seconds for name, seconds in claims.items()})


def unreachable(world: World) -> None:
    url = f"https://127.0.0.1:{dead_port()}/jwks"
    TrustedIssuer.objects.update(key_source="jwks_url", jwks_url=url, allow_private_network=True)


def own_issuer(world: World) -> Any:
    TrustedIssuer.objects.update(issuer=AUDIENCE)
    return world.post(assertion=mint(ec_key(), iss=AUDIENCE))


def id_jag(world: World) -> Any:
    TrustedIssuer.objects.update(profile="id-jag", audiences=[AUDIENCE])
    assertion = mint(ec_key(), header={"typ": "oauth-id-jag+jwt"}, client_id="other")
    return world.post(assertion=assertion)


def replayed(world: World) -> Any:
    assertion = mint(ec_key())
    assert_granted(world.post(assertion=assertion))
    return world.post(assertion=assertion)


def other_client(world: World) -> Any:
    make_application("other")
    return world.post(client_id="other")


def with_user(**fields: Any) -> Callable[[World], Any]:
    def act(world: World) -> Any:
        world.change(world.user, **fields)
        return world.post()

    return act


def with_issuer(**fields: Any) -> Callable[[World], Any]:
    def act(world: World) -> Any:
        TrustedIssuer.objects.update(**fields)
        return world.post()

    return act


def without_keys(world: World) -> Any:
    unreachable(world)
    return world.post()


def posted(**changes: Any) -> Callable[[World], Any]:
    return lambda world: world.post(
        **{name: value() if callable(value) else value for name, value in changes.items()}
    )


def claims(**changes: Any) -> Callable[[World], Any]:
    return lambda world: world.post(assertion=mint(ec_key(), **changes))


def exchanged(**changes: str) -> Callable[[World], Any]:
    """A token exchange with the door open."""

    def act(world: World) -> Any:
        opened = {"ACCEPTED_AS": [Door.AUTHORIZATION_GRANT, Door.SUBJECT_TOKEN]}
        jwt = {"subject_token": mint(ec_key()), "subject_token_type": TokenType.JWT}
        with override_settings(OAUTH_JWT_GRANT=django_settings.OAUTH_JWT_GRANT | opened):
            grant_type = Door.SUBJECT_TOKEN.grant_type
            return world.post(assertion=DROP, grant_type=grant_type, **{**jwt, **changes})

    return act


def delegated(world: World) -> Any:
    world.change(world.rule, accepted_as=[Door.AUTHORIZATION_GRANT, Door.SUBJECT_TOKEN])
    return world.post(assertion=mint(ec_key(), may_act={"sub": "other"}))


def with_dpop(act: Callable[[World], Any]) -> Callable[[World], Any]:
    def switched_on(world: World) -> Any:
        with override_settings(OAUTH_JWT_GRANT=django_settings.OAUTH_JWT_GRANT | {"DPOP": True}):
            return act(world)

    return switched_on


def with_other_proof(world: World) -> Any:
    """The assertion is bound to one key, and the proof is made with another."""
    assertion = mint(ec_key(), cnf={"jkt": thumbprint(ec_key(name="one"))})
    return world.post(assertion=assertion, headers={"DPoP": proof(ec_key(name="another"))})


def busy(world: World) -> Any:
    """The database gives up while the token and its decision are written."""
    with override_settings(OAUTH_JWT_GRANT=provisioned_by(world, give_up)):
        return world.post(assertion=mint(ec_key(), sub="new"))


def give_up(*arguments: Any) -> Any:
    """A provisioner that meets a lock."""
    raise OperationalError("database is locked")


def not_stored(world: World) -> Any:
    """The database does not take a value while the token and its decision are written."""
    with override_settings(OAUTH_JWT_GRANT=provisioned_by(world, overflow)):
        return world.post(assertion=mint(ec_key(), sub="new"))


def overflow(*arguments: Any) -> Any:
    """A provisioner that writes what does not fit."""
    raise DataError("value too long for type character varying(150)")


def too_large(world: World) -> Any:
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=100):
        return world.post()


def provisioned_by(world: World, function: Callable[..., Any]) -> dict[str, Any]:
    """The settings under which ``function`` creates the users of the rule."""
    world.change(world.rule, subject_policy="provision")
    path = f"{function.__module__}.{function.__name__}"
    return {**django_settings.OAUTH_JWT_GRANT, "USER_PROVISIONER": path}


class ForgetsSuper(JWTBearerOAuth2Validator):
    """A validator of the site's own that saves tokens nowhere."""

    def save_token(self, *args: Any, **kwargs: Any) -> Any:
        pass


def not_set_up(world: World) -> Any:
    with override_settings(
        OAUTH2_PROVIDER=django_settings.OAUTH2_PROVIDER | {"OAUTH2_VALIDATOR_CLASS": ForgetsSuper}
    ):
        forget_backends()
        return world.post()


class UsersApart:
    """Writes users to a database of their own."""

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        return "other" if model is get_user_model() else None


def parted(world: World) -> Any:
    with override_settings(DATABASE_ROUTERS=[UsersApart()]):
        return world.post()


CASES: dict[Reason, Callable[[World], Any]] = {
    Reason.MISSING_PARAMETER: posted(assertion=DROP),
    Reason.REPEATED_PARAMETER: posted(scope=["read", "read"]),
    Reason.MALFORMED_REQUEST: lambda world: post(world.pairs(), content_type=f"{FORM}; charset=latin-1"),
    Reason.REQUEST_TOO_LARGE: too_large,
    Reason.NOT_A_FORM: lambda world: post(json.dumps(dict(world.pairs())), content_type="application/json"),
    Reason.PARAMETER_IN_QUERY: posted(query="a=b"),
    Reason.SEVERAL_CREDENTIALS: lambda world: world.post_basic("client", SECRET, client_secret=SECRET),
    Reason.CLIENT_AUTHENTICATION: posted(client_secret="wrong"),
    Reason.TOKEN_TYPE: exchanged(subject_token_type="x"),
    Reason.ACTOR: exchanged(actor_token="x"),
    Reason.AUTHORIZATION_DETAILS: posted(authorization_details="[]"),
    Reason.DPOP: posted(headers={"DPoP": "x"}),
    Reason.DPOP_PROOF: with_dpop(lambda world: world.post(headers={"DPoP": "x"})),
    Reason.NOT_SET_UP: not_set_up,
    Reason.TOO_LONG: posted(assertion="a" * 20_000),
    Reason.MALFORMED: posted(assertion="a.b.c"),
    Reason.CRITICAL_HEADER: lambda world: world.post(
        assertion=mint(ec_key(), header={"crit": ["x"], "x": 1})
    ),
    Reason.WRONG_TYPE: lambda world: world.post(assertion=mint(ec_key(), header={"typ": "at+jwt"})),
    Reason.ALGORITHM: with_issuer(algorithms=["RS256"]),
    Reason.UNKNOWN_ISSUER: claims(iss="https://unknown.example"),
    Reason.ISSUER_DISABLED: with_issuer(enabled=False),
    Reason.ISSUER_NOT_YET_VALID: with_issuer(valid_from=timezone.now() + timezone.timedelta(days=1)),
    Reason.ISSUER_EXPIRED: with_issuer(valid_until=timezone.now() - timezone.timedelta(days=1)),
    Reason.ISSUER_MISCONFIGURED: with_issuer(algorithms=["HS256"]),
    Reason.NO_SUCH_KEY: lambda world: world.post(assertion=mint(ec_key(), header={"kid": "unknown"})),
    Reason.BAD_SIGNATURE: lambda world: world.post(
        assertion=mint(ec_key(name="attacker"), header={"kid": ec_key().kid})
    ),
    Reason.KEYS_UNAVAILABLE: without_keys,
    Reason.MISSING_CLAIM: claims(sub=DROP),
    Reason.MALFORMED_CLAIM: claims(sub=1),
    Reason.OWN_ISSUER: own_issuer,
    Reason.AUDIENCE: claims(aud="https://other.example"),
    Reason.EXPIRED: posted(assertion=lambda: late(exp=-60)),
    Reason.NOT_YET_VALID: posted(assertion=lambda: late(nbf=60)),
    Reason.ISSUED_IN_FUTURE: posted(assertion=lambda: late(iat=60)),
    Reason.TOO_OLD: posted(assertion=lambda: late(iat=-4000)),
    Reason.ISSUED_BEFORE: with_issuer(issued_after=timezone.now() + timezone.timedelta(days=1)),
    Reason.LIFETIME: posted(assertion=lambda: late(exp=4000)),
    Reason.DELEGATION: delegated,
    Reason.ID_TOKEN: claims(nonce="x"),
    Reason.SENDER_CONSTRAINED: claims(cnf={}),
    Reason.PROOF_REQUIRED: with_dpop(claims(cnf={"jkt": thumbprint(ec_key())})),
    Reason.PROOF_KEY: with_dpop(with_other_proof),
    Reason.OTHER_CLIENT: id_jag,
    Reason.ISSUER_CONDITIONS: with_issuer(conditions=[{"claim": "tenant", "operator": "exists"}]),
    Reason.NO_RULE: lambda world: world.rule.conditions.create(claim="a", values=["b"]) and world.post(),
    Reason.RULE_REFUSES: lambda world: world.change(world.rule, refuses=True) or world.post(),
    Reason.CLIENT_NOT_ADMITTED: other_client,
    Reason.CLIENT_REQUIRED: lambda world: world.post_anonymously(),
    Reason.UNKNOWN_SUBJECT: claims(sub="unknown"),
    Reason.INACTIVE_SUBJECT: with_user(is_active=False),
    Reason.PRIVILEGED_SUBJECT: with_user(is_staff=True),
    Reason.SCOPE: posted(scope="unknown"),
    Reason.RESOURCE: posted(resource="https://api.example/"),
    Reason.REPLAYED: replayed,
    Reason.NOT_STORED: not_stored,
    Reason.DATABASE_BUSY: busy,
    Reason.DATABASES_DIFFER: parted,
}

NAMES = {
    Reason.MISSING_PARAMETER: "assertion",
    Reason.REPEATED_PARAMETER: "scope",
    Reason.MISSING_CLAIM: "sub",
    Reason.MALFORMED_CLAIM: "sub",
    Reason.ID_TOKEN: "nonce",
    Reason.DPOP_PROOF: "form",
    Reason.TOKEN_TYPE: "subject_token_type",
    Reason.ACTOR: "actor_token",
    Reason.DELEGATION: "may_act",
}

#: Refusals of requests that have not led to a known issuer: nothing of them is kept.
UNKEPT = {
    Reason.MISSING_PARAMETER, Reason.REPEATED_PARAMETER, Reason.MALFORMED_REQUEST, Reason.NOT_A_FORM,
    Reason.REQUEST_TOO_LARGE,
    Reason.PARAMETER_IN_QUERY,
    Reason.SEVERAL_CREDENTIALS, Reason.CLIENT_AUTHENTICATION, Reason.AUTHORIZATION_DETAILS, Reason.DPOP,
    Reason.TOKEN_TYPE, Reason.ACTOR,
    Reason.DPOP_PROOF, Reason.TOO_LONG, Reason.MALFORMED, Reason.CRITICAL_HEADER, Reason.UNKNOWN_ISSUER,
    # It would meet the same lock.
    Reason.DATABASE_BUSY,
    # Nobody can say which database it would be written to.
    Reason.DATABASES_DIFFER,
}  # fmt: skip


def test_every_reason_has_its_case() -> None:
    assert CASES.keys() == set(Reason)


@pytest.mark.standard("ERR-01", "ERR-03", "ERR-04", "ERR-05", "ERR-06", "CHN-01", "CHN-03", "CHN-04")
@pytest.mark.parametrize("reason", Reason)
def test_each_refusal_is_answered_by_the_table_and_kept_if_its_issuer_is_known(
    world: World, reason: Reason
) -> None:
    answer = ANSWERS[reason]

    response = CASES[reason](world)

    text = answer.text.format(name=NAMES.get(reason, ""))
    assert_refused(response, answer.error, text, status=answer.status)
    kept = [decision.reason for decision in Decision.objects.exclude(outcome="accepted")]
    assert kept == ([] if reason in UNKEPT else [reason])
    assert tokens() == (reason is Reason.REPLAYED)
    assert ("Retry-After" in response) == (answer.status == 503)


PAGE = (Path(__file__).parents[2] / "docs" / "errors.md").read_text()
#: The rows on requests: what one names is all that such a refusal leaves.
REQUESTS = {
    Reason(row[1]): row[0]
    for row in re.finditer(r"^\| `(\w+)` .+$", PAGE.split("\n## The request\n")[1].split("\n## ")[0], re.M)
}


@pytest.mark.parametrize("reason", Reason)
def test_each_refusal_leaves_the_records_and_the_signal_that_the_page_of_errors_says(
    world: World, reason: Reason, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Reason] = []

    def hear(reason: Reason, **kwargs: Any) -> None:
        heard.append(reason)

    assertion_refused.connect(hear)
    try:
        CASES[reason](world)
    finally:
        assertion_refused.disconnect(hear)

    written = {record.name for record in caplog.records if record.levelno >= logging.WARNING}
    decided = {"oauth_jwt_grant.decisions"} if reason not in UNKEPT else set()
    if reason in REQUESTS:
        logs = {*re.findall(r"`(oauth_jwt_grant\.[a-z]+)`", REQUESTS[reason]), *decided}
        assert {name for name in written if name.startswith("oauth_jwt_grant.")} == logs
        assert heard == ([reason] if decided or "`assertion_refused`" in REQUESTS[reason] else [])
    else:
        assert "oauth_jwt_grant.decisions" in written
        assert heard == [reason]


@pytest.mark.standard("ERR-08", "ROB-04")
def test_what_must_look_alike_looks_alike(db: None) -> None:
    unverified = [
        Reason.UNKNOWN_ISSUER, Reason.ISSUER_DISABLED, Reason.ISSUER_NOT_YET_VALID, Reason.ISSUER_EXPIRED,
        Reason.ISSUER_MISCONFIGURED, Reason.NO_SUCH_KEY, Reason.BAD_SIGNATURE,
    ]  # fmt: skip
    not_entitled = [
        Reason.ISSUER_CONDITIONS, Reason.NO_RULE, Reason.UNKNOWN_SUBJECT, Reason.INACTIVE_SUBJECT,
        Reason.PRIVILEGED_SUBJECT,
    ]  # fmt: skip

    for group in (unverified, not_entitled):
        assert (
            len({(ANSWERS[reason].text, ANSWERS[reason].error, ANSWERS[reason].status) for reason in group})
            == 1
        )


@pytest.mark.standard("KEY-14", "ERR-07")
def test_keys_that_cannot_be_had_are_no_fault_of_the_assertion(world: World) -> None:
    unreachable(world)
    assertion = mint(ec_key())

    response = world.post(assertion=assertion)

    assert_refused(response, "temporarily_unavailable")
    assert int(response["Retry-After"]) >= 1
    assert Decision.objects.get().outcome == "undecided"
    TrustedIssuer.objects.update(key_source="inline")
    assert_granted(world.post(assertion=assertion))


@pytest.mark.standard("ROB-04")
def test_nothing_posted_comes_back_or_is_logged_or_stored(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    unreachable(world)
    secrets = []
    for changes in ({}, {"client_secret": "wrong-and-secret"}, {"scope": "some-odd-scope"}):
        assertion = mint(ec_key(), jti="telling-jti")
        secrets += [assertion, assertion.split(".")[2], assertion.split(".")[1]]
        response = world.post(assertion=assertion, **changes)
        assert response.status_code in (400, 401, 503)
        assert not any(secret in response.content.decode() for secret in secrets)
    TrustedIssuer.objects.update(key_source="inline")
    used = mint(ec_key(), jti="telling-jti")
    answer = assert_granted(world.post(assertion=used))
    world.post(assertion=used)
    secrets += [used, "telling-jti", SECRET, "wrong-and-secret", answer["access_token"], "some-odd-scope"]

    stored = json.dumps([*Decision.objects.values()], default=str)
    for secret in secrets:
        assert secret not in caplog.text
        assert secret not in stored


@pytest.mark.standard("ROB-04")
def test_no_error_report_shows_an_assertion(world: World, settings: Any) -> None:
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "SUBJECT_RESOLVER": "tests.e2e.test_answers.fail"}
    assertion = mint(ec_key())
    reports: list[str] = []

    def report(request: Any, **kwargs: Any) -> None:
        # What Django mails to the site's administrators, as HTML and as text.
        reporter = ExceptionReporter(request, *sys.exc_info(), is_email=True)
        reports.extend((reporter.get_traceback_html(), reporter.get_traceback_text()))

    got_request_exception.connect(report)
    try:
        assert post(world.pairs(assertion=assertion)).status_code == 500
    finally:
        got_request_exception.disconnect(report)

    assert len(reports) == 2
    assert all("RuntimeError" in text for text in reports)
    for text in reports:
        assert assertion not in text
        assert assertion.split(".")[2] not in text
        assert SECRET not in text


def fail(*arguments: Any) -> Any:
    """A subject resolver with a bug in it."""
    raise RuntimeError("a bug of the site")


@pytest.mark.standard("RSP-09")
def test_introspection_names_client_and_user(world: World, settings: Any) -> None:
    token = assert_granted(world.post())["access_token"]
    world.change(world.rule, scopes="read introspection", access_token_lifetime=60)
    settings.OAUTH2_PROVIDER = {
        **settings.OAUTH2_PROVIDER, "SCOPES": {**settings.OAUTH2_PROVIDER["SCOPES"], "introspection": "i"}
    }  # fmt: skip
    inspector = assert_granted(world.post(scope="introspection"))["access_token"]

    answer = Client().post(
        "/o/introspect/", f"token={token}", FORM, headers={"Authorization": f"Bearer {inspector}"}
    ).json()  # fmt: skip

    assert answer["active"] is True
    assert answer["client_id"] == "client"
    assert answer["username"] == world.user.get_username()
    assert answer["scope"] == "read write"


def test_a_token_can_be_revoked_by_its_client(world: World) -> None:
    token = assert_granted(world.post())["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert Client().get("/api/", headers=headers).status_code == 200

    form = {"token": token, "client_id": "client", "client_secret": SECRET}
    assert Client().post("/o/revoke_token/", urlencode(form), FORM).status_code == 200
    assert Client().get("/api/", headers=headers).status_code == 403
    assert Decision.objects.get().access_token is None
