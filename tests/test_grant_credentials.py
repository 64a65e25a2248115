"""The client of a request: whatever is posted poses as nothing, and whatever credentials there are count."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oauthlib.common import Request

from oauth_jwt_grant.assertion import Reason
from oauth_jwt_grant.grant import Credentials

from .grant_support import (
    CONFIDENTIAL,
    ODD,
    PUBLIC,
    Answer,
    Application,
    Parameters,
    Validator,
    basic,
    direct,
    post,
    raw_basic,
    refuse,
)

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
    "basic in lower case": (
        [],
        {"Authorization": basic("confidential", "s3cr3t")["Authorization"].replace("Basic", "basic")},
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

    @pytest.mark.standard("PKJ-14")
    @pytest.mark.parametrize(
        ("parameters", "headers", "authentic"),
        [
            ([], {}, True),
            ([("client_id", "confidential"), ("client_secret", "")], {}, True),
            ([("client_id", "public")], {}, False),
            ([("client_secret", "s3cr3t")], {}, False),
            ([], basic("confidential", "s3cr3t"), False),
            ([("client_assertion", "forged")], {}, False),
            ([("client_assertion", "nobody")], {}, False),
        ],
    )
    def test_a_jwt_of_the_client_is_its_only_authentication(
        self, parameters: Parameters, headers: dict[str, str], authentic: bool
    ) -> None:
        class Checking(Validator):
            def authenticate_jwt_bearer_client(self, assertion: str, grant: str, request: Request) -> bool:
                assert grant
                assert (request.client_secret, request.encoding) == (None, "utf-8")
                request.client = CONFIDENTIAL if assertion == "own" else None
                return assertion != "forged"

        validator = Checking()
        own = [] if "client_assertion" in dict(parameters) else [("client_assertion", "own")]
        answer = post([*parameters, *own, *ASSERTED], headers, validator)
        assert answer.error == (401, "invalid_client") if not authentic else answer.status == 200
        assert bool(validator.saved) is authentic

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
