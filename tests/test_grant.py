"""The grant as oauthlib sees it: its requests, servers and tokens, and a validator made by hand."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oauthlib.common import Request
from oauthlib.oauth2 import BearerToken
from oauthlib.oauth2.rfc6749.errors import InvalidRequestError

from oauth_jwt_grant.assertion import AssertionRefused, KeysUnavailable, Reason
from oauth_jwt_grant.grant import GRANT_TYPE, Credentials, JWTBearerError, JWTBearerGrant
from oauth_jwt_grant.servers import JWTBearerOIDCServer, JWTBearerServer

URI = "https://as.example.com/o/token/"
Parameters = list[tuple[str, str]]


@dataclass(frozen=True)
class Application:
    client_id: str
    secret: str = ""

    @property
    def confidential(self) -> bool:
        return bool(self.secret)


PUBLIC = Application("public")
CONFIDENTIAL = Application("confidential", "s3cr3t")
ODD = Application("a b+c:d/é", "p%:w d")


class Validator:
    """Knows three clients. It has what the grant may ask, and nothing else.

    ``verdict`` decides on the assertion; ``seen`` keeps what it was asked with.
    """

    def __init__(self, verdict: Callable[[Request], int | None] | None = None) -> None:
        self.clients = {client.client_id: client for client in (PUBLIC, CONFIDENTIAL, ODD)}
        self.verdict = verdict or self.accept
        self.grant_types = {GRANT_TYPE}
        self.seen: dict[str, Any] = {}
        self.saved: list[tuple[dict[str, Any], Request]] = []

    @staticmethod
    def accept(request: Request) -> int | None:
        request.user = "alice"
        request.scopes = ["read", "write"]
        return 300

    def authenticate_client(self, request: Request) -> bool:
        header = request.headers.get("Authorization")
        if header:
            pair = base64.b64decode(header.partition(" ")[2]).decode().partition(":")
            client_id, secret = unquote_plus(pair[0]), unquote_plus(pair[2])
        else:
            client_id, secret = request.client_id, request.client_secret
        client = self.clients.get(client_id)
        if client is None or not client.secret or client.secret != secret:
            return False
        request.client = client
        return True

    def authenticate_client_id(self, client_id: str, request: Request) -> bool:
        request.client = self.clients.get(client_id)
        return request.client is not None and not request.client.confidential

    def validate_grant_type(self, client_id: str, grant_type: str, client: Any, request: Request) -> bool:
        assert client_id == client.client_id
        return grant_type in self.grant_types

    def validate_jwt_bearer_assertion(self, request: Request) -> int | None:
        self.seen = {"client": request.client, "user": request.user, "own": dict(vars(request))}
        return self.verdict(request)

    def save_token(self, token: dict[str, Any], request: Request) -> None:
        self.saved.append((token, request))


@dataclass(frozen=True)
class Answer:
    headers: dict[str, str]
    text: str
    status: int

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.text)

    @property
    def error(self) -> tuple[int, str]:
        return self.status, self.body["error"]


def post(
    parameters: Parameters | None = None,
    headers: dict[str, str] | None = None,
    validator: Validator | None = None,
    *,
    server: Any = JWTBearerServer,
    **keywords: Any,
) -> Answer:
    """The answer to a request with a grant type, an assertion and ``parameters``."""
    body = [("grant_type", GRANT_TYPE), ("assertion", "a.b.c"), *(parameters or [])]
    endpoint = server(validator or Validator(), **keywords)
    return Answer(*endpoint.create_token_response(URI, "POST", urlencode(body), headers or {}))


def basic(client_id: str, secret: str) -> dict[str, str]:
    pair = urlencode({client_id: secret}).replace("=", ":")
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def raw_basic(value: bytes) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(value).decode()}


def refuse(reason: Reason, name: str = "", detail: str = "") -> Callable[[Request], int | None]:
    def verdict(request: Request) -> int | None:
        raise JWTBearerError(AssertionRefused(reason, name, detail))

    return verdict


class TestAnswer:
    @pytest.mark.standard("RSP-01", "RSP-02", "RSP-03", "RSP-05", "RSP-07", "CLI-01")
    @pytest.mark.parametrize("server", [JWTBearerServer, JWTBearerOIDCServer])
    def test_the_valid_baseline(self, server: Any) -> None:
        validator = Validator()
        answer = post(validator=validator, server=server)
        assert answer.status == 200
        assert answer.headers == {
            "Content-Type": "application/json",
            "Cache-Control": "no-store",
            "Pragma": "no-cache",
        }
        token = answer.body
        assert token.keys() == {"access_token", "expires_in", "token_type", "scope"}
        assert (token["token_type"], token["expires_in"], token["scope"]) == ("Bearer", 300, "read write")
        [(saved, request)] = validator.saved
        assert saved == token
        assert request.user == "alice"
        assert request.client is None

    @pytest.mark.standard("RSP-05", "RSP-07")
    def test_never_a_refresh_or_id_token(self) -> None:
        parameters = [
            ("scope", "openid offline_access"),
            ("refresh_token", "x"),
            ("nonce", "x"),
            ("id_token", "x"),
        ]
        for server in (JWTBearerServer, JWTBearerOIDCServer):
            token = post(parameters, server=server).body
            assert token.keys() == {"access_token", "expires_in", "token_type", "scope"}

    @pytest.mark.standard("RSP-03", "RSP-04")
    def test_the_lifetime_is_told_to_whoever_makes_the_token(self) -> None:
        told = []

        def generator(request: Request) -> str:
            told.append(request.expires_in)
            return "token"

        assert post(token_generator=generator, token_expires_in=7200).body["expires_in"] == 300
        default = Validator(lambda request: None)
        assert (
            post(validator=default, token_generator=generator, token_expires_in=7200).body["expires_in"]
            == 7200
        )
        assert told == [300, 7200]

    def test_one_lifetime_does_not_become_that_of_others(self) -> None:
        handler = BearerToken(None, lambda request: "token", 7200)
        validator = Validator()
        for lifetime, expected in ((60, 60), (None, 7200), (1, 1), (None, 7200)):
            validator.verdict = lambda request, lifetime=lifetime: lifetime
            request = Request(URI, "POST", [("assertion", "x")])
            text = JWTBearerGrant(validator).create_token_response(request, handler)[1]
            assert json.loads(text)["expires_in"] == expected

    def test_a_lifetime_that_is_computed(self) -> None:
        computed = Validator(lambda request: None)
        assert post(validator=computed, token_expires_in=lambda request: 42).body["expires_in"] == 42
        assert post(token_expires_in=lambda request: 42).body["expires_in"] == 300

    def test_modifiers_and_custom_validators_of_oauthlib_are_used(self) -> None:
        calls = []
        validator = Validator()
        grant = JWTBearerGrant(
            validator,
            pre_token=[lambda request: calls.append(("pre", request.client, request.user))],
            post_token=[lambda request: calls.append(("post", request.client, request.user))],
        )
        grant.register_token_modifier(lambda token: {**token, "extra": 1})
        body = urlencode({"assertion": "x", "client_id": "public", "user": "mallory", "client": "mallory"})
        _, text, status = grant.create_token_response(Request(URI, "POST", body), BearerToken())
        assert (status, json.loads(text)["extra"]) == (200, 1)
        assert calls == [("pre", None, None), ("post", PUBLIC, "alice")]

    def test_a_custom_validator_may_refuse(self) -> None:
        def no(request: Request) -> None:
            raise InvalidRequestError("no")

        for when in ("pre_token", "post_token"):
            validator = Validator()
            grant = JWTBearerGrant(validator, **{when: [no]})
            answer = grant.create_token_response(Request(URI, "POST", [("assertion", "x")]), BearerToken())
            assert (answer[2], validator.saved) == (400, [])

    def test_a_refusal_while_saving_is_answered(self) -> None:
        class Late(Validator):
            def save_token(self, token: dict[str, Any], request: Request) -> None:
                raise JWTBearerError(AssertionRefused(Reason.REPLAYED))

        answer = post(validator=Late())
        assert answer.error == (400, "invalid_grant")
        assert "access_token" not in answer.body


class TestRefusals:
    @pytest.mark.standard("ERR-01", "ERR-04", "ERR-05", "ERR-06", "ERR-08")
    @pytest.mark.parametrize("reason", Reason)
    def test_each_reason_as_json_that_is_not_kept(self, reason: Reason) -> None:
        validator = Validator(refuse(reason, "name", "a detail for operators"))
        answer = post(validator=validator)
        refused = AssertionRefused(reason, "name")
        assert answer.body == {"error": refused.answer.error, "error_description": refused.public_text}
        assert answer.status == refused.answer.status
        assert answer.headers["Content-Type"] == "application/json"
        assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")
        assert "WWW-Authenticate" not in answer.headers
        assert validator.saved == []

    @pytest.mark.standard("KEY-14")
    def test_keys_that_cannot_be_had(self) -> None:
        def verdict(request: Request) -> int | None:
            raise JWTBearerError(KeysUnavailable("a detail", retry_after=17))

        answer = post(validator=Validator(verdict))
        assert answer.error == (503, "temporarily_unavailable")
        assert answer.headers["Retry-After"] == "17"

    @pytest.mark.standard("CLI-08")
    def test_a_client_that_may_not_use_the_grant(self) -> None:
        validator = Validator()
        validator.grant_types = set()
        answer = post([("client_id", "public"), ("state", "x")], validator=validator)
        assert answer.error == (400, "unauthorized_client")
        assert answer.body.keys() == {"error", "error_description"}
        assert validator.seen == {}
        assert post(validator=validator).status == 200

    def test_the_error_holds_the_reason_for_those_inside(self) -> None:
        error = JWTBearerError(AssertionRefused(Reason.EXPIRED, detail="secret"))
        assert error.refused.reason is Reason.EXPIRED
        assert error.headers == {}
        assert "secret" not in str(error) + error.json


class TestParameters:
    @pytest.mark.standard("REQ-07", "REQ-08")
    @pytest.mark.parametrize("body", [[], [("assertion", "")]], ids=["missing", "empty"])
    def test_no_assertion(self, body: Parameters) -> None:
        answer = Answer(*direct([("grant_type", GRANT_TYPE), *body]))
        assert answer.error == (400, "invalid_request")
        assert answer.body["error_description"] == "The parameter assertion is missing."

    @pytest.mark.standard("REQ-09", "CLI-07")
    @pytest.mark.parametrize(
        "name",
        [
            "assertion",
            "grant_type",
            "scope",
            "client_id",
            "client_secret",
            "client_assertion",
            "state",
            "foo",
        ],
    )
    @pytest.mark.parametrize("value", ["a.b.c", "other", ""])
    def test_repeated(self, name: str, value: str) -> None:
        first = {"grant_type": GRANT_TYPE, "assertion": "a.b.c"}.get(name)
        extra = [(name, value)] if first else [(name, value), (name, value)]
        answer = Answer(*direct([("grant_type", GRANT_TYPE), ("assertion", "a.b.c"), *extra]))
        assert answer.error == (400, "invalid_request")
        assert answer.body["error_description"] == f"The parameter {name} is sent more than once."

    @pytest.mark.standard("REQ-09", "ERR-04")
    @pytest.mark.parametrize("name", ["<script>", 'a"b', "é", "a b", "x" * 41, "A", "", "a\n"])
    def test_a_repeated_name_of_the_callers_making_does_not_come_back(self, name: str) -> None:
        answer = post([(name, "x"), (name, "x")])
        assert answer.error == (400, "invalid_request")
        assert answer.body["error_description"] == "The parameter in question is sent more than once."

    @pytest.mark.standard("REQ-10")
    def test_resources_may_repeat(self) -> None:
        assert post([("resource", "https://a.example"), ("resource", "https://b.example")]).status == 200

    @pytest.mark.standard("REQ-11")
    def test_others_are_ignored(self) -> None:
        parameters = [
            ("foo", "1"),
            ("code", "x"),
            ("redirect_uri", "x"),
            ("code_verifier", "x"),
            ("username", "x"),
        ]
        assert post(parameters).status == 200

    @pytest.mark.standard("SCP-13")
    def test_authorization_details(self) -> None:
        assert post([("authorization_details", "[]")]).error == (400, "invalid_authorization_details")
        assert post([("authorization_details", "")]).status == 200

    @pytest.mark.standard("REQ-03", "REQ-16")
    @pytest.mark.parametrize(
        "body", [None, "{}", '{"assertion":"a.b.c"}', b"\x00\x01", "%zz", "assertion=a\x00"]
    )
    def test_a_body_that_is_no_form(self, body: Any) -> None:
        answer = Answer(*direct(body))
        assert answer.error == (400, "invalid_request")

    @pytest.mark.standard("REQ-01", "REQ-13", "REQ-14")
    def test_the_query_and_other_methods_give_no_token(self) -> None:
        validator = Validator()
        body = urlencode({"grant_type": GRANT_TYPE, "assertion": "a.b.c"})
        server = JWTBearerServer(validator)
        for uri, method, sent in (
            (f"{URI}?{body}", "POST", ""),
            (f"{URI}?client_id=public", "POST", body),
            (f"{URI}?{body}", "GET", ""),
            (URI, "PUT", body),
        ):
            with pytest.raises(InvalidRequestError):
                server.create_token_response(uri, method, sent, {})
        assert validator.saved == []

    @pytest.mark.standard("REQ-04")
    @pytest.mark.parametrize("other", ["jwt-bearer", GRANT_TYPE.upper(), f"{GRANT_TYPE} ", "assertion"])
    def test_the_grant_type_is_compared_exactly(self, other: str) -> None:
        grant_types = JWTBearerServer(Validator()).grant_types
        assert isinstance(grant_types[GRANT_TYPE], JWTBearerGrant)
        assert other not in grant_types


SHADOWS = {
    "client": "confidential",
    "user": "1",
    "scopes": "admin",
    "client_id_": "confidential",
    "extra_credentials": "xy",
    "headers": "x",
    "decoded_body": "x",
    "uri": "x",
    "expires_in": "999999",
    "token": "x",
    "refresh_token": "x",
    "claims": "x",
    "encoding": "utf-7",
    "grant": "x",
    "access_token": "x",
    "_oauth_jwt_grant_case": "x",
    "_oauth_jwt_grant_case_decision": "x",
    "_params": "x",
    "__class__": "x",
}


class TestShadows:
    """oauthlib's request answers for an unset attribute with the posted parameter of that name."""

    @pytest.mark.parametrize("name", SHADOWS)
    @pytest.mark.parametrize("client", [None, PUBLIC], ids=["anonymous", "public"])
    def test_a_parameter_poses_as_nothing(self, name: str, client: Application | None) -> None:
        plain, shadowed = Validator(), Validator()
        parameters = [("client_id", client.client_id)] if client else []
        expected = post(parameters, validator=plain)
        answer = post([*parameters, (name, SHADOWS[name])], validator=shadowed)
        assert (answer.status, answer.headers) == (200, expected.headers)
        for key in ("expires_in", "scope", "token_type"):
            assert answer.body[key] == expected.body[key]
        assert (shadowed.seen["client"], shadowed.seen["user"]) == (client, None)
        assert shadowed.seen["own"].keys() == plain.seen["own"].keys()
        assert shadowed.saved[0][1].user == "alice"

    def test_a_posted_secret_is_none_of_the_header(self) -> None:
        """With credentials in the header, empty ones in the body count as not sent."""
        answer = post([("client_id", ""), ("client_secret", "")], basic("confidential", "s3cr3t"))
        assert answer.status == 200


ASSERTED = [("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")]
ANONYMOUS = "anonymous"
IN_BODY = "401 without a challenge"
IN_HEADER = "401 with a challenge"
SEVERAL = "400 invalid_request"

CREDENTIALS: dict[str, tuple[Parameters, dict[str, str], Application | str]] = {
    "none": ([], {}, ANONYMOUS),
    "empty ones": ([("client_id", ""), ("client_secret", "")], {}, ANONYMOUS),
    "empty header": ([], {"Authorization": ""}, ANONYMOUS),
    "empty client assertion": ([("client_assertion", ""), ("client_assertion_type", "")], {}, ANONYMOUS),
    "public": ([("client_id", "public")], {}, PUBLIC),
    "public, empty secret": ([("client_id", "public"), ("client_secret", "")], {}, PUBLIC),
    "public with a secret": ([("client_id", "public"), ("client_secret", "x")], {}, IN_BODY),
    "confidential": ([("client_id", "confidential"), ("client_secret", "s3cr3t")], {}, CONFIDENTIAL),
    "confidential, wrong secret": ([("client_id", "confidential"), ("client_secret", "S3cr3t")], {}, IN_BODY),
    "confidential, no secret": ([("client_id", "confidential")], {}, IN_BODY),
    "confidential, empty secret": ([("client_id", "confidential"), ("client_secret", "")], {}, IN_BODY),
    "unknown": ([("client_id", "unknown")], {}, IN_BODY),
    "unknown with a secret": ([("client_id", "unknown"), ("client_secret", "x")], {}, IN_BODY),
    "secret alone": ([("client_secret", "s3cr3t")], {}, IN_BODY),
    "NUL": ([("client_id", "public\0")], {}, IN_BODY),
    "line break": ([("client_id", "public\n")], {}, IN_BODY),
    "basic": ([], basic("confidential", "s3cr3t"), CONFIDENTIAL),
    "basic, wrong secret": ([], basic("confidential", "x"), IN_HEADER),
    "basic, no secret": ([], basic("confidential", ""), IN_HEADER),
    "basic, unknown": ([], basic("unknown", "x"), IN_HEADER),
    "basic, public": ([], basic("public", ""), PUBLIC),
    "basic, public with a secret": ([], basic("public", "x"), IN_HEADER),
    "basic, form-encoded": ([], basic(ODD.client_id, ODD.secret), ODD),
    "basic, not form-encoded": ([], raw_basic(b"confidential:s3cr3t"), CONFIDENTIAL),
    "basic and the same client": (
        [("client_id", "confidential")],
        basic("confidential", "s3cr3t"),
        CONFIDENTIAL,
    ),
    "basic and another client": ([("client_id", "public")], basic("confidential", "s3cr3t"), IN_HEADER),
    "basic and a secret": ([("client_secret", "s3cr3t")], basic("confidential", "s3cr3t"), SEVERAL),
    "basic and both": (
        [("client_id", "confidential"), ("client_secret", "s3cr3t")],
        basic("confidential", "s3cr3t"),
        SEVERAL,
    ),
    "basic without a colon": ([], raw_basic(b"confidential"), IN_HEADER),
    "basic without an id": ([], raw_basic(b":s3cr3t"), IN_HEADER),
    "basic, id in the body only": ([("client_id", "public")], raw_basic(b":"), IN_HEADER),
    "basic of nothing": ([], {"Authorization": "Basic "}, IN_HEADER),
    "basic alone": ([], {"Authorization": "Basic"}, IN_HEADER),
    "basic, NUL": ([], raw_basic(b"public\0:"), IN_HEADER),
    "basic, encoded NUL": ([], raw_basic(b"public%00:"), IN_HEADER),
    "basic, not UTF-8": ([], raw_basic(b"\xff:x"), IN_HEADER),
    "basic, not base64": ([], {"Authorization": "Basic !!!!"}, IN_HEADER),
    "basic, base64 with rubbish": ([], {"Authorization": "Basic cHVibGlj\tOg=="}, IN_HEADER),
    "basic, half a base64": ([], {"Authorization": "Basic cHVibGljO"}, IN_HEADER),
    "basic, not ASCII": ([], {"Authorization": "Basic é"}, IN_HEADER),
    "a space": ([], {"Authorization": " "}, IN_HEADER),
    "bearer": ([], {"Authorization": "Bearer abc"}, IN_HEADER),
    "bearer and a client": ([("client_id", "public")], {"Authorization": "Bearer abc"}, IN_HEADER),
    "credentials of another scheme": (
        [],
        {"Authorization": basic("public", "")["Authorization"].replace("Basic", "Bearer")},
        IN_HEADER,
    ),
    "digest": ([], {"Authorization": 'Digest username="public"'}, IN_HEADER),
    "client assertion": ([("client_assertion", "a.b.c"), *ASSERTED], {}, IN_BODY),
    "client assertion without a type": ([("client_assertion", "a.b.c")], {}, IN_BODY),
    "type of a client assertion": (ASSERTED, {}, IN_BODY),
    "client assertion and a client": (
        [("client_id", "public"), ("client_assertion", "x"), *ASSERTED],
        {},
        IN_BODY,
    ),
    "client assertion and a secret": (
        [("client_id", "confidential"), ("client_secret", "s3cr3t"), ("client_assertion", "x")],
        {},
        IN_BODY,
    ),
    "client assertion and basic": ([("client_assertion", "x")], basic("confidential", "s3cr3t"), IN_HEADER),
}


class TestCredentials:
    @pytest.mark.standard(
        "CLI-01", "CLI-02", "CLI-03", "CLI-05", "CLI-06", "CLI-07", "CLI-10", "CLI-19", "ERR-09", "REQ-15"
    )
    @pytest.mark.parametrize(
        ("parameters", "headers", "expected"), CREDENTIALS.values(), ids=CREDENTIALS.keys()
    )
    def test_whatever_is_present_is_checked(
        self, parameters: Parameters, headers: dict[str, str], expected: Application | str
    ) -> None:
        # The assertion is bad: where the client is refused, nothing is said of that.
        validator = Validator(refuse(Reason.EXPIRED))
        answer = post(parameters, headers, validator)
        assert validator.saved == []
        if expected is SEVERAL:
            assert answer.error == (400, "invalid_request")
        elif expected in (IN_BODY, IN_HEADER):
            assert answer.error == (401, "invalid_client")
            assert answer.body["error_description"] == "Client authentication failed."
            challenge = answer.headers.get("WWW-Authenticate", "")
            assert challenge.startswith("Basic realm=") is (expected is IN_HEADER)
        else:
            assert answer.error == (400, "invalid_grant")
            assert validator.seen["client"] == (None if expected is ANONYMOUS else expected)
            assert validator.seen["user"] is None
            return
        assert validator.seen == {}

    def test_a_client_other_than_the_named_one_is_refused(self) -> None:
        class Mistaken(Validator):
            def authenticate_client_id(self, client_id: str, request: Request) -> bool:
                request.client = CONFIDENTIAL
                return True

        validator = Mistaken()
        assert post([("client_id", "public")], validator=validator).error == (401, "invalid_client")
        assert validator.seen == {}

    @pytest.mark.parametrize("client_id", ["", "public\0", "public\n", "\x7f", "\u200b"], ids=repr)
    def test_no_database_is_asked_for_what_cannot_be_a_client_id(self, client_id: str) -> None:
        """Some databases raise for NUL, and that would be a 5xx."""

        class Strict(Validator):
            def authenticate_client(self, request: Request) -> bool:
                raise ValueError(request.client_id)

            def authenticate_client_id(self, client_id: str, request: Request) -> bool:
                raise ValueError(client_id)

        for secret in ("", "x"):
            answer = post([], basic(client_id, secret), Strict())
            assert answer.error == (401, "invalid_client")
        answer = post([("client_id", client_id), ("client_secret", "x")], validator=Strict())
        assert answer.error == (401, "invalid_client")

    def test_the_validator_is_asked_with_what_was_read(self) -> None:
        """Of the posted parameters only the named ones count, and the header before the body."""
        validator = Validator(refuse(Reason.EXPIRED))
        post([("client_id", "public")], basic("public", ""), validator)
        own = validator.seen["own"]
        assert (own["client_id"], own["client_secret"], own["client"]) == ("public", "", PUBLIC)

    def test_the_secret_shows_in_no_representation(self) -> None:
        assert "s3cr3t" not in repr(Credentials("confidential", "s3cr3t", in_header=True))


words = st.text(st.characters(codec="utf-8"), max_size=8)
names = st.one_of(
    st.sampled_from(
        [*SHADOWS, "grant_type", "assertion", "scope", "client_id", "client_secret", "resource", "state"]
    ),
    words,
)
posted = st.lists(
    st.tuples(names, st.one_of(st.sampled_from(["", "public", "confidential"]), st.text())), max_size=5
)
header_values = st.one_of(
    st.none(),
    st.text(max_size=20),
    st.binary(max_size=20).map(lambda raw: raw_basic(raw)["Authorization"]),
    st.text(max_size=20).map("Basic ".__add__),
)


@pytest.mark.standard("ERR-04", "ERR-05", "ERR-07")
@settings(max_examples=150, deadline=None)
@given(posted, header_values)
def test_whatever_is_posted_is_answered(parameters: Parameters, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = Answer(*direct([("assertion", "a.b.c"), *parameters], headers))
    assert answer.status in (200, 400, 401)
    assert answer.headers["Cache-Control"] == "no-store"
    if answer.status != 200:
        assert answer.body.keys() == {"error", "error_description"}
        assert re.fullmatch(r"[\x20\x21\x23-\x5b\x5d-\x7e]+", answer.body["error_description"])


def direct(body: Any, headers: dict[str, str] | None = None) -> tuple[dict[str, str], str, int]:
    """The answer of the grant itself, past oauthlib's choice of the grant by the body."""
    # Not as a list: oauthlib makes a dictionary of that, in which nothing is repeated.
    request = Request(URI, "POST", urlencode(body) if isinstance(body, list) else body, headers)
    request.extra_credentials = None
    return JWTBearerGrant(Validator()).create_token_response(request, BearerToken())
