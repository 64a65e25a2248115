"""The grant as oauthlib sees it: its requests, servers and tokens, and a validator made by hand."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from oauthlib.common import Request
from oauthlib.oauth2 import BearerToken
from oauthlib.oauth2.rfc6749.errors import InvalidRequestError

from oauth_jwt_grant.assertion import AssertionRefused, KeysUnavailable, Reason
from oauth_jwt_grant.grant import GRANT_TYPE, JWTBearerError, JWTBearerGrant, Terms
from oauth_jwt_grant.servers import JWTBearerOIDCServer, JWTBearerServer

from .grant_support import (
    PUBLIC,
    URI,
    Answer,
    Parameters,
    Validator,
    called,
    direct,
    post,
    refuse,
)


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
            request = Request(URI, "POST", "assertion=x", called("assertion=x"))
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
        _, text, status = grant.create_token_response(Request(URI, "POST", body, called(body)), BearerToken())
        assert (status, json.loads(text)["extra"]) == (200, 1)
        assert calls == [("pre", None, None), ("post", PUBLIC, "alice")]

    def test_a_custom_validator_may_refuse(self) -> None:
        def no(request: Request) -> None:
            raise InvalidRequestError("no")

        for when in ("pre_token", "post_token"):
            validator = Validator()
            grant = JWTBearerGrant(validator, **{when: [no]})
            request = Request(URI, "POST", "assertion=x", called("assertion=x"))
            answer = grant.create_token_response(request, BearerToken())
            assert (answer[2], validator.saved) == (400, [])

    def test_a_refusal_while_saving_is_answered(self) -> None:
        class Late(Validator):
            def issue_jwt_bearer_token(self, token: dict[str, Any], terms: Terms, request: Request) -> None:
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
