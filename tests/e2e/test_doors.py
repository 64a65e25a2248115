"""The doors beside the authorization grant: token exchange and federated credentials."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from oauth_jwt_grant.assertion import Door
from oauth_jwt_grant.decision import answer_to
from oauth_jwt_grant.dot import HAS_ROLES, OAuth2Validator, app_authorized
from oauth_jwt_grant.dpop import bound_resource
from oauth_jwt_grant.models import Decision
from oauth_jwt_grant.oauth2_validators import JWTBearerOAuth2Validator
from tests.dot import any_body, forget_backends
from tests.factories import (
    AUDIENCE,
    DROP,
    GRANT_TYPE,
    ISSUER,
    ec_key,
    mint,
    mint_raw,
    proof,
    rsa_key,
    thumbprint,
)
from tests.support import (
    CLIENT_TYPE,
    SECRET,
    TYPE,
    Pairs,
    World,
    assert_granted,
    assert_refused,
    basic,
    make_application,
    only_decision,
    pairs_of,
    post,
    tokens,
)

EXCHANGE = Door.SUBJECT_TOKEN.grant_type
API = "https://api.example"


@pytest.fixture
def opened(world: World, settings: Any) -> World:
    """A site with all doors open, and a rule for all of them."""
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "ACCEPTED_AS": [*Door]}
    world.change(
        world.rule, accepted_as=[*Door], subject_policy="no_user", default_application=world.application,
        resources=[API],
    )  # fmt: skip
    return world


def ask(
    door: Door, jwt: str | None = None, *, headers: Any = None, query: str = "", **changes: Any
) -> HttpResponse:
    return post(pairs_of(door, jwt, **changes), headers=headers, query=query)


def exchange(jwt: str | None = None, **changes: Any) -> HttpResponse:
    return ask(Door.SUBJECT_TOKEN, jwt, **changes)


def authenticate(jwt: str | None = None, **changes: Any) -> HttpResponse:
    return ask(Door.CLIENT_ASSERTION, jwt, **changes)


def granted(response: HttpResponse) -> dict[str, Any]:
    """The answer is a token; returns its members, without the one that only token exchange has."""
    answer = json.loads(response.content)
    issued = answer.pop("issued_token_type", None)
    response.content = json.dumps(answer)
    return {**assert_granted(response), **({"issued_token_type": issued} if issued else {})}


@pytest.mark.standard(
    "TEX-09",
    "TEX-13",
    "TEX-58",
    "TEX-59",
    "TEX-70",
    "TEX-71",
    "TEX-72",
    "TEX-73",
    "TEX-74",
    "TEX-75",
    "XDR-15",
)
def test_a_token_exchange(opened: World) -> None:
    answer = granted(exchange(scope="read", requested_token_type=f"{TYPE}access_token"))

    assert answer["issued_token_type"] == f"{TYPE}access_token"
    assert answer["scope"] == "read"
    decision = only_decision()
    assert (decision.accepted_as, decision.outcome) == ("subject_token", "accepted")
    assert decision.access_token.application == opened.application
    assert decision.access_token.resource == [API]


@pytest.mark.standard("FIC-06", "FIC-08", "FIC-19", "FIC-20", "FIC-21", "TEX-77", "XDR-15")
def test_a_federated_credential(opened: World) -> None:
    answer = granted(authenticate())

    assert "issued_token_type" not in answer
    decision = only_decision()
    assert (decision.accepted_as, decision.outcome) == ("client_assertion", "accepted")
    assert decision.access_token.application == opened.application
    assert decision.access_token.user is None
    granted(authenticate(client_id="client"))


@pytest.mark.parametrize("door", Door)
def test_a_door_costs_no_more_statements_than_the_first(opened: World, door: Door) -> None:
    for each in (Door.AUTHORIZATION_GRANT, door):
        granted(ask(each))
    with CaptureQueriesContext(connection) as first:
        granted(ask(Door.AUTHORIZATION_GRANT))
    with CaptureQueriesContext(connection) as other:
        granted(ask(door))
    assert len(other) <= len(first)


@pytest.mark.standard("TEX-21", "TEX-22", "ANS-04")
def test_nobody_needs_a_client_where_the_rule_says_so(opened: World) -> None:
    nobody = {"client_id": DROP, "client_secret": DROP}
    assert_refused(exchange(**nobody), "invalid_client")
    opened.change(opened.rule, client_policy="anonymous")
    granted(exchange(**nobody))
    assert_refused(exchange(client_secret="wrong"), "invalid_client")


# -------------------------------------------------------------------- one JWT, several doors


@pytest.mark.standard("XDR-06", "XRP-01", "TEX-43", "FIC-42", "H-31")
@pytest.mark.parametrize("second", Door)
@pytest.mark.parametrize("first", Door)
def test_what_is_used_at_one_door_is_used_up_at_all(opened: World, first: Door, second: Door) -> None:
    jwt = mint(ec_key())
    granted(ask(first, jwt))
    assert_refused(ask(second, jwt), second.error)
    assert tokens() == 1
    assert only_decision(outcome="refused").reason == "replayed"


@pytest.mark.standard("XDR-08", "XDR-12", "ANS-06", "TEX-60")
@pytest.mark.parametrize("second", Door)
@pytest.mark.parametrize("first", Door)
def test_what_is_refused_at_one_door_stays_usable(opened: World, first: Door, second: Door) -> None:
    jwt = mint(ec_key())
    assert_refused(ask(first, jwt, scope="unknown"), "invalid_scope")
    granted(ask(second, jwt))


@pytest.mark.parametrize("second", Door)
@pytest.mark.parametrize("first", Door)
def test_what_comes_to_a_door_that_its_rule_leaves_out_stays_usable(
    opened: World, first: Door, second: Door
) -> None:
    opened.change(opened.rule, accepted_as=[door for door in Door if door is not first])
    jwt = mint(ec_key())
    assert_refused(ask(first, jwt), first.error)
    opened.change(opened.rule, accepted_as=[second])
    granted(ask(second, jwt))


@pytest.mark.standard("FIC-42", "TEX-43", "SPF-15")
@pytest.mark.parametrize(("policy", "number"), [("reusable", 3), ("once_if_jti", 1), ("require_jti", 1)])
def test_policies_hold_across_doors(opened: World, policy: str, number: int) -> None:
    opened.change(opened.issuer, replay_policy=policy)
    jwt = mint(ec_key())
    assert [ask(door, jwt).status_code for door in Door].count(200) == number
    assert tokens() == number


@pytest.mark.standard("XDR-02", "XDR-13", "XDR-14", "FIC-07", "H-32", "H-35")
@pytest.mark.parametrize("door", Door)
@pytest.mark.parametrize("name", ["assertion", "subject_token"])
def test_one_jwt_is_never_client_and_grant(opened: World, door: Door, name: str) -> None:
    jwt = mint(ec_key())
    extra = {"client_assertion": jwt, "client_assertion_type": CLIENT_TYPE}
    if door is not Door.CLIENT_ASSERTION:
        assert_refused(ask(door, jwt, client_id=DROP, client_secret=DROP, **extra), "invalid_client")
        assert tokens() == 0
    else:  # A parameter of another door is not read.
        granted(ask(door, jwt, **{name: jwt}))


# -------------------------------------------------------------------- parameters

LONG = "a" * 20_000


@pytest.mark.standard("ANS-01", "TEX-03", "TEX-04", "TEX-06", "FIC-01", "FIC-03", "FIC-04", "H-9")
@pytest.mark.parametrize(
    ("door", "changes", "error", "text"),
    [
        (door, changes, error, text)
        for door, name in ((Door.SUBJECT_TOKEN, "subject_token"), (Door.CLIENT_ASSERTION, "client_assertion"))
        for changes, error, text in (
            ({name: DROP}, "invalid_request", f"The parameter {name} is missing."),
            ({name: ""}, "invalid_request", f"The parameter {name} is missing."),
            ({name: ["a.b.c", "a.b.c"]}, "invalid_request", f"The parameter {name} is sent more than once."),
            ({name: LONG}, door.error, None),
            ({name: "not a jwt"}, door.error, None),
            ({name: "a.b.c d.e.f"}, door.error, None),
            ({name: "a.b.c.d.e"}, door.error, None),
            ({f"{name}_type": DROP}, "invalid_request", f"The parameter {name}_type is missing."),
            ({f"{name}_type": ""}, "invalid_request", f"The parameter {name}_type is missing."),
            (
                {f"{name}_type": ["x", "x"]},
                "invalid_request",
                f"The parameter {name}_type is sent more than once.",
            ),
        )
    ],
)
def test_parameters_that_are_required(
    opened: World, door: Door, changes: dict[str, Any], error: str, text: str | None
) -> None:
    assert_refused(ask(door, **changes), error, text)
    assert tokens() == 0


TYPE_TEXT = "The token type in the parameter {} is not supported."


@pytest.mark.standard("TEX-08", "TEX-10", "TEX-11")
@pytest.mark.parametrize(
    "value",
    ["jwt", f"{TYPE}JWT", f"{TYPE}jwt ", f"{TYPE}access_token", f"{TYPE}refresh_token", f"{TYPE}saml2",
     f"{TYPE}saml1", f"{TYPE}id-jag", f"{TYPE}txn_token", "urn:x", LONG],
)  # fmt: skip
def test_types_of_subject_tokens(opened: World, value: str) -> None:
    jwt = mint(ec_key())
    assert_refused(
        exchange(jwt, subject_token_type=value), "invalid_request", TYPE_TEXT.format("subject_token_type")
    )
    granted(exchange(jwt))


@pytest.mark.standard("TEX-14", "H-8")
@pytest.mark.parametrize(
    "value", ["jwt", "refresh_token", "id_token", "id-jag", "saml2", "txn_token", "ACCESS_TOKEN", LONG]
)
def test_types_that_are_not_issued(opened: World, value: str) -> None:
    response = exchange(requested_token_type=f"{TYPE}{value}")
    assert_refused(response, "invalid_request", TYPE_TEXT.format("requested_token_type"))
    assert tokens() == 0


@pytest.mark.standard("TEX-15", "TEX-16", "TEX-17", "H-7")
@pytest.mark.parametrize("name", ["actor_token", "actor_token_type"])
@pytest.mark.parametrize("value", ["x", LONG])
def test_nobody_acts_for_somebody(opened: World, name: str, value: str) -> None:
    jwt = mint(ec_key())
    text = f"Delegation is not supported: the parameter {name} must be left out."
    assert_refused(exchange(jwt, **{name: value}), "invalid_request", text)
    granted(exchange(jwt))


@pytest.mark.standard("TEX-05", "TEX-07", "TEX-12", "TEX-18", "TEX-52", "H-35")
@pytest.mark.parametrize(
    "changes",
    [
        dict.fromkeys(("requested_token_type", "actor_token", "actor_token_type"), ""),
        dict.fromkeys(("audience", "resource", "scope"), ""),
        {"options": "{}", "assertion": "a.b.c", "code": "x"},
        {"audience": [AUDIENCE, AUDIENCE, API], "resource": [API, API]},
        {"audience": f"{AUDIENCE}/o/token/"},
    ],
)  # fmt: skip
def test_parameters_that_change_nothing(opened: World, changes: dict[str, Any]) -> None:
    answer = granted(exchange(**changes))
    assert answer["issued_token_type"] == f"{TYPE}access_token"
    assert only_decision().access_token.resource == [API]


@pytest.mark.standard("TEX-06")
@pytest.mark.parametrize(
    ("door", "name"),
    [
        (Door.SUBJECT_TOKEN, "requested_token_type"),
        (Door.SUBJECT_TOKEN, "actor_token"),
        (Door.SUBJECT_TOKEN, "actor_token_type"),
        *(
            (door, name)
            for door in (Door.SUBJECT_TOKEN, Door.CLIENT_ASSERTION)
            for name in ("scope", "client_id")
        ),
    ],
)
def test_parameters_that_come_once(opened: World, door: Door, name: str) -> None:
    jwt, text = mint(ec_key()), f"The parameter {name} is sent more than once."
    for values in (["x", "x"], ["x", ""], ["", "x"]):
        assert_refused(ask(door, jwt, **{name: values}), "invalid_request", text)
    granted(ask(door, jwt))


@pytest.mark.standard("ANS-07", "TEX-50", "TEX-51", "TEX-53", "TEX-54", "TEX-81", "H-2", "H-3", "H-4")
@pytest.mark.parametrize("name", ["audience", "resource"])
@pytest.mark.parametrize(
    "values",
    [["https://other.example"], ["https://api.internal/admin"], [API, "client"], ["relative"], [f"{API}#x"],
     [LONG], [f"{AUDIENCE}/"]],
    ids=lambda values: values[0][:30],
)  # fmt: skip
def test_targets_that_are_not_served(opened: World, name: str, values: list[str]) -> None:
    jwt = mint(ec_key())
    assert_refused(exchange(jwt, **{name: values}), "invalid_target")
    granted(exchange(jwt))


@pytest.mark.standard("ANS-07", "XDR-12")
def test_an_audience_of_an_exchange_means_nothing_at_other_doors(opened: World) -> None:
    for door in (Door.AUTHORIZATION_GRANT, Door.CLIENT_ASSERTION):
        granted(ask(door, audience="https://other.example"))
        assert_refused(ask(door, audience=["x", "x"]), "invalid_request")
        assert_refused(ask(door, resource="https://other.example"), "invalid_target")


#: What only the new doors have, with values that they accept or that have no meaning there.
NEW = {
    "subject_token": "a.b.c",
    "subject_token_type": f"{TYPE}jwt",
    "requested_token_type": f"{TYPE}access_token",
    "audience": AUDIENCE,
    "actor_token": "",
    "actor_token_type": "",
    "client_assertion": "a.b.c",
    "client_assertion_type": CLIENT_TYPE,
}


@pytest.mark.standard("TEX-19", "FIC-05")
@pytest.mark.parametrize("door", [Door.SUBJECT_TOKEN, Door.CLIENT_ASSERTION])
def test_nothing_comes_in_the_url(opened: World, door: Door) -> None:
    jwt = mint(ec_key())
    text = "Parameters must be in the request body, not in the URL."
    assert_refused(ask(door, jwt, query=f"{door.parameter}={jwt}"), "invalid_request", text)
    for name, value in {**NEW, **door.constants}.items():
        assert_refused(ask(door, jwt, query=urlencode({name: value})), "invalid_request", text)
        assert_refused(ask(door, jwt, query=urlencode({name: value}), **{name: DROP}), "invalid_request")
    # What msal-node sends.
    granted(ask(door, jwt, query="client-request-id=0c897d3e-ae39-4f6c-bd79-3f6e69253cb9"))


@any_body
@pytest.mark.standard("TEX-02")
@pytest.mark.parametrize("door", [Door.SUBJECT_TOKEN, Door.CLIENT_ASSERTION])
def test_a_body_that_is_no_form(opened: World, door: Door) -> None:
    jwt = mint(ec_key())
    body = json.dumps(dict(pairs_of(door, jwt)))
    assert_refused(post(body, content_type="application/json"), "invalid_request")
    named = '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    body = "".join(named.format(name, value) for name, value in pairs_of(door, jwt)) + "--b--\r\n"
    a_file = body.replace(f'"{door.parameter}"', f'"{door.parameter}"; filename="f"')
    assert_refused(post(a_file, content_type="multipart/form-data; boundary=b"), "invalid_request")
    names = {door.parameter: DROP, f"{door.parameter}[]": jwt}
    assert_refused(ask(door, jwt, **names), "invalid_request")
    granted(ask(door, jwt))


@pytest.mark.standard("FIC-02", "SPF-01")
@pytest.mark.parametrize(
    "value",
    [
        "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
        CLIENT_TYPE.replace("bearer", "spiffe"),
        CLIENT_TYPE.upper(),
        "x",
        LONG,
    ],
)
def test_types_of_client_assertions(opened: World, value: str) -> None:
    assert_refused(
        authenticate(client_assertion_type=value), "invalid_client", "Client authentication failed."
    )


@pytest.mark.standard("FIC-14", "FIC-15", "H-20")
@pytest.mark.parametrize(
    ("headers", "changes"),
    [
        ({}, {"client_secret": SECRET}),
        ({}, {"client_secret": "wrong", "client_id": "client"}),
        ({"Authorization": basic("client", SECRET)}, {}),
        ({"Authorization": "Bearer x"}, {}),
    ],
)
def test_one_way_of_authentication(opened: World, headers: dict[str, str], changes: dict[str, Any]) -> None:
    jwt = mint(ec_key())
    assert_refused(authenticate(jwt, headers=headers, **changes), "invalid_request")
    granted(authenticate(jwt))


@pytest.mark.standard("FIC-08", "H-21")
@pytest.mark.parametrize("client_id", ["other", "unknown", "CLIENT", "client\0", LONG])
def test_the_client_that_is_meant(opened: World, client_id: str) -> None:
    make_application("other")
    jwt = mint(ec_key())
    assert_refused(authenticate(jwt, client_id=client_id), "invalid_client", "Client authentication failed.")
    granted(authenticate(jwt))


@pytest.mark.standard("ANS-05", "H-12")
def test_a_client_that_no_rule_admits_exchanges_nothing(opened: World) -> None:
    make_application("other")
    jwt = mint(ec_key())
    assert_refused(exchange(jwt, client_id="other"), "unauthorized_client")
    granted(exchange(jwt))


HOSTILE: dict[str, Callable[[], str]] = {
    "unknown issuer": lambda: mint(ec_key(), iss="https://unknown.example"),
    "no issuer": lambda: mint(ec_key(), iss=DROP),
    "other key": lambda: mint(ec_key(name="other")),
    "stolen key id": lambda: mint(ec_key(name="other"), header={"kid": ec_key().kid}),
    "none": lambda: mint_raw(ec_key(), '{"alg":"none"}', f'{{"iss":"{ISSUER}"}}'),
    "access token": lambda: mint(ec_key(), header={"typ": "at+jwt"}),
    "other algorithm": lambda: mint(rsa_key(), header={"kid": ec_key().kid}),
}


@pytest.mark.standard("ANS-02", "FIC-18", "FIC-22", "FIC-39", "H-30")
def test_nobody_learns_whom_the_server_trusts(opened: World) -> None:
    bodies = {name: authenticate(make()) for name, make in HOSTILE.items()}
    opened.change(opened.rule, enabled=False)
    bodies["no rule"] = authenticate()
    for response in bodies.values():
        assert_refused(response, "invalid_client", "Client authentication failed.")
    assert tokens() == 0


@pytest.mark.standard("ANS-02", "TEX-78", "TEX-80", "H-1")
@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_a_bad_subject_token_is_an_invalid_request(opened: World, make: Callable[[], str]) -> None:
    answer = assert_refused(exchange(make()), "invalid_request")
    assert "issued_token_type" not in answer


# -------------------------------------------------------------------- rules, proofs, refusals


@pytest.mark.standard("ANS-08", "XDP-01", "XDP-02", "XDP-03", "XDP-07")
def test_a_bound_token_at_each_door(opened: World, settings: Any) -> None:
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "DPOP": True}
    opened.change(opened.rule, require_dpop=True)
    for door in Door:
        jwt = mint(ec_key())
        assert_refused(ask(door, jwt), door.error)
        assert_refused(ask(door, jwt, headers={"DPoP": "x"}), "invalid_dpop_proof")
        answer = json.loads(ask(door, jwt, headers={"DPoP": proof(ec_key(name="client"))}).content)
        assert answer["token_type"] == "DPoP"
        assert ("issued_token_type" in answer) == (door is Door.SUBJECT_TOKEN)


def received(response: HttpResponse) -> tuple[str, str]:
    answer = json.loads(response.content)
    return f"{response.status_code} {answer['error']}", answer["error_description"]


@pytest.mark.parametrize("door", Door)
def test_the_page_of_a_decision_has_what_the_client_received(opened: World, door: Door) -> None:
    def said() -> tuple[str, str]:
        decision = Decision.objects.latest("pk")
        return answer_to(decision.reason, decision.detail, decision.accepted_as)

    for claims in ({"exp": 1}, {"aud": DROP}, {"jti": 1}, {"may_act": {}}):
        assert received(ask(door, mint(ec_key(), **claims))) == said()
    assert received(ask(door, mint(ec_key(name="other"), header={"kid": ec_key().kid}))) == said()
    assert received(ask(door, scope="unknown")) == said()
    opened.change(opened.issuer, issuer=AUDIENCE)
    assert received(ask(door, mint(ec_key(), iss=AUDIENCE))) == said()
    Decision.objects.update(accepted_as="odd")
    assert said()[0] == "400 invalid_grant"


@pytest.mark.standard("ANS-03", "ANS-12", "FIC-23", "XDR-10", "XDR-11", "XDR-16")
@pytest.mark.parametrize("door", Door)
def test_trust_that_is_withdrawn(opened: World, door: Door) -> None:
    opened.change(opened.rule, accepted_as=[each for each in Door if each is not door])
    assert_refused(ask(door), door.error)
    assert only_decision().accepted_as == door
    opened.change(opened.rule, accepted_as=[*Door])
    opened.change(opened.issuer, enabled=False)
    assert_refused(ask(door), door.error)
    opened.change(opened.issuer, enabled=True)
    granted(ask(door))


@pytest.mark.standard("ANS-05", "FIC-12", "FIC-13")
def test_an_application_that_may_not_authenticate(opened: World) -> None:
    opened.change(opened.application, authorization_grant_type="authorization-code")
    assert_refused(authenticate(), "unauthorized_client")
    opened.change(opened.application, client_type="public", authorization_grant_type="client-credentials")
    assert_refused(authenticate(), "unauthorized_client")


# -------------------------------------------------------------------- closed

CLOSED_BODIES: list[Pairs] = [
    pairs_of(Door.SUBJECT_TOKEN, "a.b.c"),
    pairs_of(Door.SUBJECT_TOKEN, "a.b.c", subject_token=["x", "y"], client_secret="wrong"),
    pairs_of(Door.CLIENT_ASSERTION, "a.b.c"),
    pairs_of(Door.CLIENT_ASSERTION, "a.b.c", client_id="client", client_secret="wrong"),
    [("grant_type", "client_credentials"), ("client_assertion", "x"), ("client_id", "nobody")],
    [("grant_type", "client_credentials")],
    [("grant_type", "client_credentials"), ("client_assertion", ""), ("client_assertion_type", "")],
    [("grant_type", "password"), ("client_assertion", "x")],
]


def recorded(body: Pairs, *, query: str = "") -> tuple[int, bytes, dict[str, str]]:
    response = post(body, query=query)
    return response.status_code, response.content, dict(response.headers)


@pytest.mark.standard("ANS-11")
@pytest.mark.parametrize("body", CLOSED_BODIES, ids=str)
@pytest.mark.parametrize("query", ["", "client_assertion=x"])
def test_a_closed_door_is_as_if_this_app_were_not_there(
    world: World, settings: Any, body: Pairs, query: str
) -> None:
    ours = recorded(body, query=query)
    settings.OAUTH2_PROVIDER = {
        name: value for name, value in settings.OAUTH2_PROVIDER.items() if not name.endswith("_CLASS")
    }
    settings.ROOT_URLCONF = "tests.plain_urls"
    forget_backends()
    assert ours == recorded(body, query=query)


def test_a_good_secret_beside_a_client_assertion_while_the_door_is_closed(world: World) -> None:
    """As the host has it: its next release knows the parameter. With the door open it is never ignored."""
    extra = {"client_id": "client", "client_secret": SECRET}
    response = ask(Door.CLIENT_ASSERTION, "a.b.c", **extra)
    assert response.status_code == (401 if HAS_ROLES else 200)
    assert not Decision.objects.exists()


def test_the_first_door_can_be_closed(world: World, settings: Any) -> None:
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "ACCEPTED_AS": ["subject_token"]}
    closed = json.loads(ask(Door.AUTHORIZATION_GRANT).content)
    unknown = json.loads(post([("grant_type", "urn:unknown")]).content)
    assert closed == unknown == {"error": "unsupported_grant_type"}
    assert tokens() == 0


def test_client_credentials_are_answered_as_before_while_the_door_is_open(opened: World) -> None:
    body = [("grant_type", "client_credentials"), ("client_id", "client"), ("client_secret", SECRET)]
    assert post(body).status_code == 200
    assert not Decision.objects.exists()
    for empty in ("client_assertion", "client_assertion_type"):
        # To the next release an empty one is one that fails.
        assert post([*body, (empty, "")]).status_code == (401 if HAS_ROLES else 200)
    assert_refused(post([*body, ("client_assertion", "x")]), "invalid_request")


def test_the_first_door_is_the_only_one_by_default(world: World) -> None:
    world.change(world.rule, accepted_as=[*Door])
    assert_granted(ask(Door.AUTHORIZATION_GRANT))
    for door in (Door.SUBJECT_TOKEN, Door.CLIENT_ASSERTION):
        assert ask(door).status_code != 200
    assert Door.AUTHORIZATION_GRANT.grant_type == GRANT_TYPE
    assert Decision.objects.count() == 1


class OwnChecks(JWTBearerOAuth2Validator):
    """Of a site that checks JWTs of clients by itself, on any release of django-oauth-toolkit."""

    def is_jwt_bearer_client(self, assertion: str) -> bool:
        return True

    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        # As the grant has read it: nothing empty, nothing of an earlier request.
        assert (request.client_id, request.client_secret) in [(None, None), ("client", None)]
        return request.client_assertion == "good" and self._load_application("client", request) is not None


class ChecksNone(JWTBearerOAuth2Validator):
    is_jwt_bearer_client: Any = None


class Failing(OwnChecks):
    def _save_bearer_token(self, *args: Any, **kwargs: Any) -> Any:
        super()._save_bearer_token(*args, **kwargs)
        raise OperationalError


class Forgetful(OwnChecks):
    """Without the lines of ours in the middle of DOT's transaction."""

    def _create_access_token(self, *args: Any, **kwargs: Any) -> Any:
        return OAuth2Validator._create_access_token(self, *args, **kwargs)


@pytest.fixture
def heard() -> Iterator[list[Any]]:
    """The tokens that ``app_authorized`` was sent with."""
    sent: list[Any] = []

    def note(token: Any, **kwargs: Any) -> None:
        sent.append(token)

    app_authorized.connect(note)
    yield sent
    app_authorized.disconnect(note)


def with_validator(settings: Any, validator: type) -> None:
    settings.OAUTH2_PROVIDER = settings.OAUTH2_PROVIDER | {"OAUTH2_VALIDATOR_CLASS": validator}
    forget_backends()


@pytest.mark.standard("PKJ-03", "PKJ-08", "PKJ-14")
def test_a_jwt_of_the_clients_own_is_for_the_handler_from_before(
    opened: World, settings: Any, heard: list[Any]
) -> None:
    unknown = authenticate("bad")
    with_validator(settings, OwnChecks)
    for changes in ({}, {"client_id": "client"}, {"client_secret": ""}):
        assert authenticate("good", scope="read", **changes).status_code == 200
    assert [(token.application, token.user, token.scope) for token in heard] == [
        (opened.application, None, "read")
    ] * 3
    assert not Decision.objects.filter(outcome="accepted").exists()
    # What it does not take is decided on here, as if it had not been asked.
    assert authenticate("bad").content == unknown.content
    assert_granted(authenticate())
    assert Decision.objects.filter(outcome="accepted").count() == 1
    assert_refused(authenticate("good", client_secret=SECRET), "invalid_request")


@pytest.mark.standard("POP-01", "POP-02")
def test_a_proof_beside_a_jwt_of_the_clients_own_binds_the_token(
    opened: World, settings: Any, heard: list[Any]
) -> None:
    settings.OAUTH_JWT_GRANT = settings.OAUTH_JWT_GRANT | {"DPOP": True}
    with_validator(settings, OwnChecks)
    key = ec_key(name="client")
    for resources in ([], [API]):
        changes = {"resource": resources} if resources else {}
        answer = authenticate("good", headers={"DPoP": proof(key)}, **changes)
        assert (answer.status_code, answer.json()["token_type"]) == (200, "DPoP")
        assert heard[-1].resource == bound_resource(thumbprint(key), resources)
    # Only for this one: a bearer token where no proof came along, and an error is no token.
    answer = authenticate("good").json()
    assert (answer["token_type"], heard[-1].resource) == ("Bearer", [])
    assert authenticate("good", scope="unknown", headers={"DPoP": proof(key)}).json() == {
        "error": "invalid_scope"
    }
    # The answer to a bad proof does not tell a client that exists from one that does not.
    bad = {"DPoP": proof(key, method="PUT")}
    answers = [authenticate(jwt, headers=bad) for jwt in ("good", "bad")]
    assert_refused(answers[0], "invalid_dpop_proof")
    assert answers[0].content == answers[1].content


@pytest.mark.parametrize(("validator", "status"), [(Failing, 503), (Forgetful, 400)])
def test_a_token_of_the_clients_own_jwt_that_is_not_kept(
    opened: World, settings: Any, heard: list[Any], validator: type, status: int
) -> None:
    with_validator(settings, validator)
    assert authenticate("good").status_code == status
    assert (tokens(), heard) == (0, [])


def test_a_validator_that_knows_no_jwts_of_clients(opened: World, settings: Any) -> None:
    with_validator(settings, ChecksNone)
    assert_granted(authenticate())
    assert_refused(authenticate(mint(ec_key(), iss="client", sub="client")), "invalid_client")
