"""The claims: who, to whom, until when (RFC 7523 section 3, items 1 to 8)."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.test import Client

from tests.factories import AUDIENCE, DROP, ISSUER, SUBJECT, ec_key, mint, mint_raw
from tests.support import (
    NOT_ENTITLED,
    UNVERIFIED,
    World,
    assert_granted,
    assert_refused,
    cases,
    make_issuer,
    make_rule,
    make_user,
    post,
)

FOREIGN = "The assertion is not addressed (aud) to this authorization server."
OWN = "The assertion names this authorization server as its own issuer (iss)."
EXPIRED = "The assertion has expired (exp)."
NO_TEXT = [None, 1, 0, True, [], {}, "", ["alice"]]


def lacks(name: str) -> str:
    return f"The assertion lacks the claim {name}."


def malformed(name: str) -> str:
    return f"The claim {name} of the assertion is malformed."


@pytest.mark.standard("CLM-01", "CLM-04", "AUD-01", "TIM-01", "ERR-01")
@pytest.mark.parametrize("name", ["iss", "sub", "aud", "exp"])
def test_the_required_claims(world: World, name: str) -> None:
    assert_refused(world.post(assertion=mint(ec_key(), **{name: DROP})), "invalid_grant", lacks(name))


@pytest.mark.standard("TIM-05", "RPL-01")
@pytest.mark.parametrize("name", ["iat", "jti"])
def test_the_optional_claims(world: World, name: str) -> None:
    assert_granted(world.post(assertion=mint(ec_key(), **{name: DROP})))


@pytest.mark.standard("CLM-03", "CLM-10", "AUD-06", "CLM-09")
@cases("value", NO_TEXT)
@cases("name", ["iss", "sub", "jti"])
def test_texts_are_texts(world: World, name: str, value: Any) -> None:
    assert_refused(world.post(assertion=mint(ec_key(), **{name: value})), "invalid_grant", malformed(name))


@pytest.mark.standard("CLM-02", "CLM-12", "KEY-01", "KEY-03", "H-26")
@cases(
    "iss",
    [
        f"{ISSUER}/",
        f"{ISSUER}//",
        ISSUER.upper(),
        ISSUER.replace("issuer", "Issuer"),
        ISSUER.replace("https", "HTTPS"),
        f"{ISSUER}:443",
        f"{ISSUER} ",
        f" {ISSUER}",
        ISSUER.removesuffix("e"),
        f"{ISSUER}é",
        ISSUER.replace("issuer", "%69ssuer"),
        ISSUER.replace("issuer", "\u0131ssuer"),
        "https://127.0.0.1:1/",
        "i" * 10_000,
    ],
)
def test_the_issuer_is_compared_character_by_character(world: World, iss: str) -> None:
    assert_refused(world.post(assertion=mint(ec_key(), iss=iss)), "invalid_grant", UNVERIFIED)


@pytest.mark.standard("CLM-02", "SUB-01")
def test_neighbours_may_both_be_trusted_and_stay_apart(world: World) -> None:
    neighbour = make_issuer(ec_key(name="second"), issuer=ISSUER.upper())
    make_rule(neighbour, world.application, scopes="admin", subject_policy="no_user")

    answer = assert_granted(world.post(assertion=mint(ec_key(name="second"), iss=ISSUER.upper())))
    assert answer["scope"] == "admin"
    assert assert_granted(world.post())["scope"] == "read write"
    assert_refused(world.post(assertion=mint(ec_key(), iss=ISSUER.upper())), "invalid_grant", UNVERIFIED)


@pytest.mark.standard("KEY-01", "KEY-02")
def test_a_key_is_of_one_issuer_whatever_its_key_id(world: World) -> None:
    other = make_issuer(ec_key(name="second"), issuer="https://second.example")
    make_rule(other, world.application, subject_policy="no_user")
    same_kid = {"kid": ec_key().kid}

    stolen = mint(ec_key(name="second"), header=same_kid)
    assert_refused(world.post(assertion=stolen), "invalid_grant", UNVERIFIED)
    assert_refused(
        world.post(assertion=mint(ec_key(), iss="https://second.example")), "invalid_grant", UNVERIFIED
    )


@pytest.mark.standard("CLM-12", "SUB-03", "ERR-08")
@cases("sub", ["bob", "ALICE", "alice ", " alice", "ali\u0441e", "álice", "alice/../bob", "s" * 512])
def test_the_subject_is_compared_character_by_character(world: World, sub: str) -> None:
    make_user("bob")

    assert_refused(world.post(assertion=mint(ec_key(), sub=sub)), "invalid_grant", NOT_ENTITLED)


def test_a_subject_is_no_longer_than_can_be_stored(world: World) -> None:
    response = world.post(assertion=mint(ec_key(), sub="s" * 513))

    assert_refused(response, "invalid_grant", malformed("sub"))


@pytest.mark.standard("CLM-04")
def test_the_issuer_may_stand_in_for_an_absent_subject(world: World) -> None:
    world.change(world.issuer, subject_fallback=True)
    world.issuer.linked_subjects.create(subject=ISSUER, user=make_user("service"))

    assert_granted(world.post(assertion=mint(ec_key(), sub=DROP)))
    assert world.issuer.decisions.get().subject == ISSUER
    for sub in NO_TEXT:
        assert_refused(world.post(assertion=mint(ec_key(), sub=sub)), "invalid_grant", malformed("sub"))


@pytest.mark.standard("CLM-07")
@pytest.mark.parametrize("sub", ["anonymous", "admin", "root", "nobody", "*"])
def test_a_subject_with_a_telling_name_is_nobody_here(world: World, sub: str) -> None:
    make_user(sub)

    assert_refused(world.post(assertion=mint(ec_key(), sub=sub)), "invalid_grant", NOT_ENTITLED)


@pytest.mark.standard("AUD-02", "AUD-03", "AUD-04", "AUD-07", "CHN-02")
@pytest.mark.parametrize(
    "aud",
    [AUDIENCE, f"{AUDIENCE}/o/token/", [AUDIENCE], [AUDIENCE, "other"], ["other", f"{AUDIENCE}/o/token/"]],
)
def test_the_audience_is_this_server(world: World, aud: Any) -> None:
    assert_granted(world.post(assertion=mint(ec_key(), aud=aud)))


@pytest.mark.standard("AUD-01", "AUD-05", "TYP-05", "TYP-07", "JAG-21", "H-24")
@cases(
    "aud",
    [
        "https://other.example",
        "https://AS.example.com",
        f"{AUDIENCE}/",
        f"{AUDIENCE}:443",
        f"{AUDIENCE}/o/token",
        f"{AUDIENCE}/o",
        f" {AUDIENCE}",
        "https://as.example.co",
        "https://as.example.com.evil.example",
        "as.example.com",
        "http://testserver/o/token/",
        "http://testserver",
        "client",
        "*",
        ["https://other.example", "client"],
    ],
)
def test_every_other_audience_is_foreign(world: World, aud: Any) -> None:
    assert_refused(world.post(assertion=mint(ec_key(), aud=aud)), "invalid_grant", FOREIGN)


@pytest.mark.standard("AUD-06")
@cases("aud", [None, 1, True, {}, [], "", [1], [[AUDIENCE]], [AUDIENCE, 1], [AUDIENCE, ""]])
def test_the_audience_is_one_text_or_several(world: World, aud: Any) -> None:
    assert_refused(world.post(assertion=mint(ec_key(), aud=aud)), "invalid_grant", malformed("aud"))


@pytest.mark.standard("AUD-04", "AUD-10")
def test_an_issuer_may_have_audiences_of_its_own(world: World) -> None:
    world.change(world.issuer, audiences=["account.docusign.example"])

    assert_granted(world.post(assertion=mint(ec_key(), aud="account.docusign.example")))
    assert_refused(world.post(), "invalid_grant", FOREIGN)


@pytest.mark.standard("AUD-08")
def test_a_forged_host_makes_no_audience(world: World, settings: Any) -> None:
    settings.OAUTH_JWT_GRANT = {}
    for host in ("evil.example", "testserver.evil.example", "testserver"):
        assertion = mint(ec_key(), aud=f"http://{host}/o/token/")
        pairs = world.pairs(assertion=assertion)
        if host == "testserver":
            assert_granted(post(pairs, HTTP_HOST=host))
        else:
            refused = post(pairs, HTTP_HOST=host)
            assert refused.status_code == 400
            assert b"access_token" not in refused.content
        forwarded = post(
            world.pairs(assertion=mint(ec_key(), aud=f"http://{host}/o/token/")),
            headers={"X-Forwarded-Host": "evil.example"},
        )
        if host == "testserver":
            assert_granted(forwarded)
        else:
            assert_refused(forwarded, "invalid_grant", FOREIGN)


@pytest.mark.standard("AUD-08")
@pytest.mark.parametrize("hosts", [["*"], [".example.com"], []])
def test_without_exact_hosts_no_audience_is_derived(world: World, settings: Any, hosts: list[str]) -> None:
    settings.OAUTH_JWT_GRANT = {}
    settings.ALLOWED_HOSTS = hosts
    host = "as.example.com" if hosts else "localhost"

    for aud in (f"http://{host}/o/token/", f"http://{host}", f"http://{host}/o"):
        response = post(world.pairs(assertion=mint(ec_key(), aud=aud)), HTTP_HOST=host)
        assert response.status_code == 400
        assert b"access_token" not in response.content


@pytest.mark.standard("AUD-02", "AUD-03")
def test_audiences_that_are_derived_from_the_request(world: World, settings: Any) -> None:
    settings.OAUTH_JWT_GRANT = {}
    issuer = Client().get("/o/.well-known/oauth-authorization-server", secure=True).json()["issuer"]

    for aud in ("https://testserver/o/token/", issuer):
        assert_granted(post(world.pairs(assertion=mint(ec_key(), aud=aud)), secure=True))
    for aud in ("http://testserver/o/token/", "https://testserver/o/token", "https://testserver/"):
        response = post(world.pairs(assertion=mint(ec_key(), aud=aud)), secure=True)
        assert_refused(response, "invalid_grant", FOREIGN)


@pytest.mark.standard("TYP-13", "JAG-20")
def test_this_server_does_not_take_its_own_word(world: World) -> None:
    ours = make_issuer(ec_key(name="ours"), issuer=AUDIENCE)
    make_rule(ours, world.application, subject_policy="no_user")

    response = world.post(assertion=mint(ec_key(name="ours"), iss=AUDIENCE))

    assert_refused(response, "invalid_grant", OWN)


@pytest.mark.standard("TIM-02")
def test_an_assertion_ends_with_its_exp_and_the_leeway(world: World) -> None:
    now = int(time.time())

    assert_granted(world.post(assertion=mint(ec_key(), exp=now - 20)))
    for exp in (now - 30, now - 31, now - 3600, 0, 0.5):
        assert_refused(world.post(assertion=mint(ec_key(), exp=exp)), "invalid_grant", EXPIRED)
    world.change(world.issuer, leeway=0)
    assert_refused(world.post(assertion=mint(ec_key(), exp=now)), "invalid_grant", EXPIRED)


@pytest.mark.standard("TIM-03", "TIM-08")
@pytest.mark.parametrize("iat", [DROP, None], ids=["without iat", "with iat"])
def test_an_exp_far_ahead_is_refused_whether_or_not_there_is_an_iat(world: World, iat: Any) -> None:
    now = int(time.time())
    claims = {} if iat is None else {"iat": DROP}
    text = "The assertion expires (exp) too far in the future."

    assert_granted(world.post(assertion=mint(ec_key(), exp=now + 3600, **claims)))
    for ahead in (3700, 86400, 10 * 365 * 86400):
        assert_refused(world.post(assertion=mint(ec_key(), exp=now + ahead, **claims)), "invalid_grant", text)
    world.change(world.issuer, max_lifetime=60)
    assert_refused(world.post(assertion=mint(ec_key(), exp=now + 300, **claims)), "invalid_grant", text)


@pytest.mark.standard("TIM-04")
def test_an_nbf_has_to_be_reached(world: World) -> None:
    now = int(time.time())

    for nbf in (0, now, now + 20):
        assert_granted(world.post(assertion=mint(ec_key(), nbf=nbf)))
    for nbf in (now + 60, now + 3600):
        response = world.post(assertion=mint(ec_key(), nbf=nbf))
        assert_refused(response, "invalid_grant", "The assertion is not valid yet (nbf).")


@pytest.mark.standard("TIM-05", "TIM-06")
def test_an_iat_is_neither_old_nor_in_the_future(world: World) -> None:
    now = int(time.time())

    for iat in (now - 3600, now - 10, now, now + 20):
        assert_granted(world.post(assertion=mint(ec_key(), iat=iat)))
    old, ahead = (
        "The assertion was issued too long ago (iat).",
        "The assertion was issued in the future (iat).",
    )
    assert_refused(world.post(assertion=mint(ec_key(), iat=now - 3700)), "invalid_grant", old)
    assert_refused(world.post(assertion=mint(ec_key(), iat=0)), "invalid_grant", old)
    assert_refused(world.post(assertion=mint(ec_key(), iat=now + 60)), "invalid_grant", ahead)


@pytest.mark.standard("TIM-07", "TIM-09", "CLM-09")
@cases("value", [None, True, False, "", "1800000000", [], {}, -1, -0.5, 1e30, 10**17, 253402300800])
@cases("name", ["exp", "nbf", "iat"])
def test_a_date_is_a_number_that_is_a_date(world: World, name: str, value: Any) -> None:
    assert_refused(world.post(assertion=mint(ec_key(), **{name: value})), "invalid_grant", malformed(name))


@pytest.mark.standard("TIM-07")
def test_a_date_need_not_be_whole(world: World) -> None:
    now = time.time()

    assert_granted(world.post(assertion=mint(ec_key(), exp=now + 60.5, iat=now - 0.25, nbf=now - 0.25)))


@pytest.mark.standard("TIM-09", "ROB-02")
@cases("number", ["1e400", "-1e400", "1" + "0" * 5000, "1e99999999999", "NaN", "Infinity"])
@cases("name", ["exp", "nbf", "iat"])
def test_numbers_that_no_computer_likes(world: World, name: str, number: str) -> None:
    now = int(time.time())
    dates = {"exp": str(now + 60), "iat": str(now), name: number}
    text = ", ".join(f'"{key}": {value}' for key, value in dates.items())
    payload = f'{{"iss": "{ISSUER}", "sub": "{SUBJECT}", "aud": "{AUDIENCE}", {text}}}'

    assert_refused(world.post(assertion=mint_raw(ec_key(), '{"alg": "ES256"}', payload)), "invalid_grant")
