"""The client of a request: none, public or confidential; credentials that are there are checked.

RFC 7521 section 4.1 and RFC 7523 sections 2.1 and 3.1.
"""

from __future__ import annotations

import base64
from typing import Any

import pytest
from oauth2_provider.models import get_application_model

from oauth_jwt_grant.models import Decision
from tests.factories import DROP, ec_key, mint
from tests.support import (
    NOT_ENTITLED,
    SECRET,
    World,
    assert_granted,
    assert_refused,
    basic,
    cases,
    make_application,
    make_issuer,
    make_rule,
    post,
    tokens,
)

FAILED = "Client authentication failed."
NOT_ADMITTED = "This client may not use the assertion of this issuer."
NEEDED = "Client authentication is needed for this assertion."
SEVERAL = "The client must not authenticate in more than one way in one request."


@pytest.fixture
def public(world: World) -> Any:
    """A public client that the rule lists."""
    application = make_application("public", client_type="public")
    world.rule.applications.add(application)
    return application


@pytest.mark.standard("CLI-01")
def test_without_a_client_where_the_rule_needs_none(world: World) -> None:
    world.change(world.rule, client_policy="anonymous")

    assert_granted(world.post_anonymously())
    assert Decision.objects.get().application is None


@pytest.mark.standard("CLI-01")
def test_the_default_application_owns_the_token_of_a_request_without_a_client(world: World) -> None:
    world.change(world.rule, client_policy="anonymous", default_application=world.application)

    assert_granted(world.post_anonymously())
    decision = Decision.objects.get()
    assert decision.application == world.application
    assert decision.access_token is not None
    assert decision.access_token.application == world.application


def test_an_application_that_is_not_usable_gets_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.change(world.rule, client_policy="anonymous", default_application=world.application)
    monkeypatch.setattr(get_application_model(), "is_usable", lambda self, request: False)

    assert_refused(world.post_anonymously(), "invalid_grant", NOT_ENTITLED)
    assert_refused(world.post(), "invalid_client", FAILED)


def test_a_client_that_names_itself_is_not_replaced_by_the_default_application(world: World) -> None:
    other = make_application("other")
    world.change(world.rule, client_policy="anonymous", default_application=world.application)

    assert_granted(world.post(client_id="other"))
    assert Decision.objects.get().application == other


@pytest.mark.standard("CLI-04", "CLI-15")
def test_a_client_is_needed_unless_a_rule_says_otherwise(world: World) -> None:
    response = world.post_anonymously()
    assert_refused(response, "invalid_client", NEEDED)
    assert "WWW-Authenticate" not in response


@pytest.mark.standard("CLI-02", "CLI-09", "CLI-19", "ERR-09")
@pytest.mark.parametrize("policy", ["listed", "anonymous"])
@pytest.mark.parametrize("assertion", [None, "nonsense"], ids=["good assertion", "bad assertion"])
def test_a_wrong_secret_is_never_passed_over(world: World, policy: str, assertion: str | None) -> None:
    world.change(world.rule, client_policy=policy)
    changes = {"assertion": assertion} if assertion else {}

    in_body = world.post(client_secret="wrong", **changes)
    in_header = world.post_basic("client", "wrong", **changes)

    assert_refused(in_body, "invalid_client", FAILED)
    assert_refused(in_header, "invalid_client", FAILED)
    assert "WWW-Authenticate" not in in_body
    assert in_header["WWW-Authenticate"].startswith("Basic ")
    assert tokens() == 0


@pytest.mark.standard("CLI-06")
@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_the_scheme_of_the_header_is_read_in_any_case(world: World, scheme: str) -> None:
    def post(secret: str) -> Any:
        headers = {"Authorization": basic("client", secret).replace("Basic", scheme)}
        return world.post(client_id=DROP, client_secret=DROP, headers=headers)

    assert_refused(post("wrong"), "invalid_client", FAILED)
    assert_granted(post(SECRET))


@pytest.mark.standard("CLI-03", "CLI-16", "JGC-04")
@pytest.mark.parametrize("secret", [DROP, ""])
def test_a_confidential_client_does_not_come_without_its_secret(world: World, secret: str) -> None:
    world.change(world.rule, client_policy="anonymous")

    assert_refused(world.post(client_secret=secret), "invalid_client", FAILED)
    assert_refused(world.post_basic("client", ""), "invalid_client", FAILED)


@pytest.mark.standard("CLI-05")
def test_an_unknown_client_and_a_wrong_secret_look_alike(world: World) -> None:
    world.change(world.rule, client_policy="anonymous")
    unknown = world.post(client_id="nobody")
    wrong = world.post(client_secret="wrong")

    assert unknown.content == wrong.content
    assert_refused(unknown, "invalid_client", FAILED)
    assert_refused(world.post(client_id="nobody", client_secret=DROP), "invalid_client", FAILED)


@pytest.mark.standard("CLI-06")
@cases(
    "header",
    [
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
        "Basic " + base64.b64encode(b":secret").decode(),
        "Basic " + base64.b64encode(b"client%00:x").decode(),
        "Basic " + base64.b64encode(b"\0:x").decode(),
        "Bearer " + base64.b64encode(f"client:{SECRET}".encode()).decode(),
        "Bearer abc",
        "Digest username=client",
        "Negotiate abc",
        "nonsense",
    ],
)
def test_a_header_that_cannot_be_checked_is_a_failed_authentication(world: World, header: str) -> None:
    world.change(world.rule, client_policy="anonymous")

    for response in (
        world.post(headers={"Authorization": header}, client_id=DROP, client_secret=DROP),
        world.post(headers={"Authorization": header}, client_secret=DROP),
    ):
        assert_refused(response, "invalid_client", FAILED)
        assert response["WWW-Authenticate"].startswith("Basic ")
    assert tokens() == 0


def test_basic_credentials(world: World) -> None:
    assert_granted(world.post_basic("client", SECRET))


def test_basic_credentials_are_decoded_as_a_form_is(world: World) -> None:
    odd = make_application("a b:c%é", secret="100% + é:")
    world.rule.applications.add(odd)

    assert_granted(world.post_basic("a b:c%é", "100% + é:"))
    assert_granted(world.post(client_id="a b:c%é", client_secret="100% + é:"))


@pytest.mark.parametrize("encoding", ["nonsense", "utf-16", "idna", "\0"])
def test_a_parameter_does_not_decide_how_the_header_is_read(world: World, encoding: str) -> None:
    assert_granted(world.post_basic("client", SECRET, encoding=encoding))
    assert_refused(world.post_basic("client", "wrong", encoding=encoding), "invalid_client")


def test_the_client_id_may_stand_beside_the_header_if_it_is_the_same(world: World) -> None:
    assert_granted(world.post_basic("client", SECRET, client_id="client"))
    assert_refused(world.post_basic("client", SECRET, client_id="other"), "invalid_client", FAILED)
    assert_refused(world.post_basic("client", SECRET, client_id="CLIENT"), "invalid_client", FAILED)


@pytest.mark.standard("CLI-07")
def test_two_ways_of_authentication_are_one_too_many(world: World) -> None:
    for secret in (SECRET, "wrong"):
        response = world.post_basic("client", SECRET, client_secret=secret)
        assert_refused(response, "invalid_request", SEVERAL)
    assert tokens() == 0


@pytest.mark.standard("CLI-07", "CLI-10", "REQ-15")
@pytest.mark.parametrize("policy", ["listed", "anonymous"])
@pytest.mark.parametrize("name", ["client_assertion", "client_assertion_type"])
def test_a_client_assertion_that_cannot_be_checked_fails(world: World, policy: str, name: str) -> None:
    world.change(world.rule, client_policy=policy)
    value = {
        "client_assertion": mint(ec_key(), iss="client", sub="client"),
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }[name]

    in_body = world.post(**{name: value})
    with_header = world.post_basic("client", SECRET, **{name: value})

    assert_refused(in_body, "invalid_client", FAILED)
    assert_refused(with_header, "invalid_client", FAILED)
    assert_refused(world.post_anonymously(**{name: value}), "invalid_client", FAILED)
    assert "WWW-Authenticate" not in in_body
    assert "WWW-Authenticate" in with_header


def test_a_public_client_only_names_itself(world: World, public: Any) -> None:
    assert_granted(world.post(client_id="public", client_secret=DROP))
    assert_granted(world.post(client_id="public", client_secret=""))
    assert_granted(world.post_basic("public", ""))
    assert_granted(world.post_basic("public", "", client_id="public"))


@pytest.mark.standard("CLI-02")
def test_a_public_client_with_a_secret_has_it_checked(world: World, public: Any) -> None:
    assert_granted(world.post(client_id="public"))
    assert_refused(world.post(client_id="public", client_secret="wrong"), "invalid_client", FAILED)
    assert_refused(world.post_basic("public", "wrong"), "invalid_client", FAILED)


@pytest.mark.standard("CLI-02", "CLI-03")
@pytest.mark.parametrize("kind", ["confidential", "public"])
def test_an_empty_stored_secret_is_no_way_in(world: World, kind: str) -> None:
    blank = make_application("blank", secret="", hash_client_secret=False, client_type=kind)
    world.rule.applications.add(blank)

    assert_refused(world.post(client_id="blank", client_secret="wrong"), "invalid_client", FAILED)
    assert_refused(world.post_basic("blank", "wrong"), "invalid_client", FAILED)
    for response in (world.post(client_id="blank", client_secret=DROP), world.post_basic("blank", "")):
        if kind == "public":
            assert_granted(response)
        else:
            assert_refused(response, "invalid_client", FAILED)


def test_a_secret_without_a_client_id_is_no_credential(world: World) -> None:
    world.change(world.rule, client_policy="anonymous")

    assert_refused(world.post(client_id=DROP), "invalid_client", FAILED)


@cases("client_id", ["CLIENT", "client ", " client", "client\0", "cl\u0131ent", "cliént", "c" * 5000])
def test_the_client_id_is_compared_exactly(world: World, client_id: str) -> None:
    world.change(world.rule, client_policy="anonymous")

    assert_refused(world.post(client_id=client_id), "invalid_client", FAILED)
    assert_refused(world.post_basic(client_id, SECRET), "invalid_client", FAILED)


@pytest.mark.standard("CLI-08", "CLI-20")
def test_a_client_that_no_rule_admits(world: World) -> None:
    make_application("other")

    assert_refused(world.post(client_id="other"), "unauthorized_client", NOT_ADMITTED)


def test_a_rule_without_applications_admits_nobody(world: World) -> None:
    world.rule.applications.clear()

    assert_refused(world.post(), "unauthorized_client", NOT_ADMITTED)


@pytest.mark.standard("CLI-09")
@pytest.mark.parametrize("policy", ["registered", "", "LISTED", "listed "])
def test_a_policy_of_another_name_admits_nobody(world: World, policy: str) -> None:
    """Rows written past the form: by SQL, a fixture, or a process of an earlier version."""
    world.change(world.rule, client_policy=policy)

    assert_refused(world.post(), "unauthorized_client", NOT_ADMITTED)
    assert_refused(world.post_anonymously(), "invalid_client", NEEDED)


@pytest.mark.parametrize("source", ["dcr", "cimd"])
def test_an_operator_may_list_a_client_that_registered_itself(world: World, source: str) -> None:
    world.change(world.application, registration_source=source)

    assert_granted(world.post())


def test_a_public_client_that_a_rule_lists(world: World) -> None:
    world.rule.applications.add(make_application("public", client_type="public"))

    assert_granted(world.post(client_id="public", client_secret=DROP))


def test_the_first_rule_that_admits_the_client_decides(world: World) -> None:
    other = make_application("other")
    second = make_rule(world.issuer, other, scopes="admin", position=5)
    make_rule(world.issuer, other, world.application, scopes="read", position=9)

    assert assert_granted(world.post())["scope"] == "read write"
    assert assert_granted(world.post(client_id="other"))["scope"] == "admin"
    assert Decision.objects.latest("pk").rule == second


@pytest.mark.standard("SUB-04")
def test_no_client_is_told_of_rules_whose_conditions_do_not_hold(world: World) -> None:
    make_application("other")
    world.rule.conditions.create(claim="repository", values=["org/repo"])

    for response in (world.post(), world.post(client_id="other"), world.post_anonymously()):
        assert_refused(response, "invalid_grant", NOT_ENTITLED)
    with_claim = mint(ec_key(), repository="org/repo")
    assert_refused(world.post(client_id="other", assertion=with_claim), "unauthorized_client", NOT_ADMITTED)
    assert_refused(world.post_anonymously(assertion=with_claim), "invalid_client", NEEDED)
    assert_granted(world.post(assertion=with_claim))


@pytest.mark.standard("CLI-20")
def test_each_issuer_has_clients_of_its_own(world: World) -> None:
    other = make_application("other")
    second = make_issuer(ec_key(name="second"), issuer="https://second.example")
    make_rule(second, other, subject_policy="no_user")
    theirs = {"iss": "https://second.example"}

    assert_granted(world.post(client_id="other", assertion=mint(ec_key(name="second"), **theirs)))
    assert_refused(world.post(assertion=mint(ec_key(name="second"), **theirs)), "unauthorized_client")
    assert_refused(world.post(client_id="other"), "unauthorized_client")


@pytest.mark.standard("CLM-05", "CLM-06", "TYP-08")
def test_an_assertion_that_a_client_issued_for_itself_needs_the_same_trust(world: World) -> None:
    of_the_client = mint(ec_key(), iss="client", sub="client")

    assert_refused(world.post(assertion=of_the_client), "invalid_grant")


def test_the_application_of_any_grant_type_may_be_listed(world: World) -> None:
    for grant_type in ("authorization-code", "implicit", "password", "openid-hybrid"):
        world.change(world.application, authorization_grant_type=grant_type)
        assert_granted(world.post())


def test_many_credentials_in_any_order_are_refused_alike(world: World) -> None:
    pairs = world.pairs(client_id=DROP, client_secret=DROP)
    secrets = [("client_secret", SECRET), ("client_secret", "wrong")]

    for order in (secrets, secrets[::-1]):
        response = post([("client_id", "client"), *order, *pairs])
        assert_refused(response, "invalid_request")
    header = {"Authorization": basic("client", SECRET)}
    assert_refused(
        post([("client_id", "client"), ("client_id", "other"), *pairs], headers=header), "invalid_request"
    )
