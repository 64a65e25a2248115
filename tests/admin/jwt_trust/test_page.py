"""From a pasted JWT to a trust: nothing is fetched unasked, kept, or wider than what was shown."""

from __future__ import annotations

import json
import logging
import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.urls import reverse

from oauth_jwt_grant.assertion import Door
from oauth_jwt_grant.models import GrantRule, TrustedIssuer
from tests.admin.conftest import make_user
from tests.admin.forms import fill_in, forms_of, said
from tests.factories import AUDIENCE, ISSUER, b64, ec_key, jwks, mint, rsa_key
from tests.jwks_server import Answer, JwksServer, json_answer
from tests.support import assert_granted, make_application, pairs_of, post
from tests.vendors.forges import GITHUB
from tests.vendors.site import lead_to, serve

TEST = reverse("admin:oauth_jwt_grant_trustedissuer_test")
URL = reverse("admin:oauth_jwt_grant_trustedissuer_trust_jwt")
PLACE = "/.well-known/openid-configuration"
FORM = "trust_jwt_form"


@pytest.fixture
def server():
    with JwksServer() as server:
        server.answers["/jwks"] = json_answer(jwks(ec_key()))
        document = {"issuer": server.url(""), "jwks_uri": server.url("/jwks")}
        server.answers[PLACE] = json_answer(document)
        yield server


@pytest.fixture
def client_id(db):
    return make_application("deploy").client_id


@pytest.fixture
def network(server):
    """What an operator answers for an issuer in their own network."""
    return {"allow_private_network": "on", "ca_bundle": server.ca_pem}


def proposed(page, jwt):
    """Paste ``jwt`` into the test, and follow the button."""
    tested = page.post(TEST, fill_in(page.get(TEST), "test_assertion_form", assertion=jwt))
    return page.post(URL, fill_in(tested, "way_on_form"))


def step(page, response, name, **changes):
    return page.post(URL, fill_in(response, FORM, **changes) | {"step": name})


def grants(client):
    return {"rule_scopes": "read", "rule_applications": [client.pk]}


def test_github_is_trusted_by_a_jwt_of_one_repository(page, monkeypatch):
    client = make_application("deploy")
    with serve(GITHUB.hosts) as vendor:
        lead_to(vendor, GITHUB.hosts, monkeypatch)
        GITHUB.publish(vendor)
        network = {"allow_private_network": "on", "ca_bundle": vendor.ca_pem}
        first = proposed(page, GITHUB.token())
        assert vendor.requests == []
        assert "https://token.actions.githubusercontent.com/.well-known/openid-configuration" in said(first)
        second = step(page, first, "verify", **grants(client), **network)
        assert "has signed it" in said(second)
        assert "repository_id is '770123456'" in said(second)
        assert "would be refused all the same" not in said(second)
        assert not TrustedIssuer.objects.exists()
        fetched = len(vendor.requests)
        saved = step(page, second, "save")
        issuer = TrustedIssuer.objects.get()
        assert saved["Location"] == reverse("admin:oauth_jwt_grant_trustedissuer_change", args=[issuer.pk])
        assert len(vendor.requests) == fetched  # the same keys, from the cache
        assert (issuer.name, issuer.max_lifetime, issuer.algorithms) == ("GitHub Actions", 600, ["RS256"])
        assert issuer.rules.get().name == "acme-org/deploy refs/heads/main"
        assert_granted(post(pairs_of(Door.AUTHORIZATION_GRANT, GITHUB.token(), client_id="deploy")))
        fork = GITHUB.token_of(GITHUB.neighbours["a fork"])
        assert post(pairs_of(Door.AUTHORIZATION_GRANT, fork, client_id="deploy")).status_code == 400


def test_issuer_in_the_network_of_the_operator(page, server, network):
    client = make_application("deploy")
    jwt = mint(ec_key(), iss=server.url(""), aud="https://other.example", exp=1_700_000_000)
    first = proposed(page, jwt)
    assert "is not a public address and not allowed" in said(first)
    refused = step(page, first, "verify", **grants(client))
    assert "is not a public address and not allowed" in said(refused)
    assert server.requests == []
    second = step(page, first, "verify", **grants(client), **network)
    assert "would be refused all the same" in said(second)
    assert "https://other.example" in said(second)  # it names another server
    step(page, second, "save")
    issuer = TrustedIssuer.objects.get()
    assert (issuer.issuer, issuer.audiences, issuer.algorithms) == (server.url(""), [], ["ES256"])
    assert [str(one) for one in GrantRule.objects.get().conditions.all()] == ["sub is 'alice'"]


def test_audience_is_taken_only_if_it_is_ticked(page, server, network):
    jwt = mint(ec_key(), iss=server.url(""), aud=["https://other.example", "https://third.example"])
    first = proposed(page, jwt)
    assert "audiences" not in forms_of(first)[FORM]
    chosen = {"audiences": ["https://other.example"]}
    second = step(page, first, "verify", rule_scopes="read", **network, **chosen)
    assert "would be refused all the same" not in said(second)
    step(page, second, "save")
    assert TrustedIssuer.objects.get().audiences == ["https://other.example"]


def test_keys_at_a_url_that_the_operator_knows(page, server, network):
    first = proposed(page, mint(ec_key(), iss="robot@acme"))
    assert "No keys can be fetched by the name of this issuer" in said(first)
    second = step(page, first, "verify", rule_scopes="read", jwks_url=server.url(), **network)
    changed = step(page, second, "edit")
    assert forms_of(changed)[FORM]["jwks_url"] == [server.url()]
    assert forms_of(changed)[FORM]["rule_scopes"] == ["read"]
    step(page, step(page, changed, "verify"), "save")
    issuer = TrustedIssuer.objects.get()
    assert (issuer.issuer, issuer.key_source, issuer.jwks_url) == ("robot@acme", "jwks_url", server.url())


def test_known_issuer_gets_a_rule_and_stays_as_it_is(page, issuer, rule, application):
    rule.conditions.create(claim="sub", values=["bob"])
    before = TrustedIssuer.objects.values().get()
    first = proposed(page, mint(ec_key()))
    assert not {"issuer_name", "jwks_url", "ca_bundle"} & forms_of(first)[FORM].keys()
    second = step(page, first, "verify", rule_scopes="read", rule_applications=[application.pk])
    step(page, second, "save", rule_name="second")
    assert TrustedIssuer.objects.values().get() == before
    added = GrantRule.objects.exclude(pk=rule.pk).get()
    assert (added.name, added.position, str(added.conditions.get())) == ("second", 1, "sub is 'alice'")


@pytest.mark.parametrize("key", [rsa_key("evil"), ec_key(name="evil")], ids=["algorithm", "key"])
def test_jwt_of_somebody_else_is_not_trusted(page, server, network, key):
    first = proposed(page, mint(key, iss=server.url("")))
    for name in ("verify", "save"):
        answer = step(page, first, name, rule_scopes="read", **network)
        assert "Nothing is saved, as the JWT was not verified" in said(answer)
    assert not TrustedIssuer.objects.exists()


def test_failing_fetch_is_told_and_can_be_tried_again(page, server, network):
    good = server.answers[PLACE]
    server.answers[PLACE] = Answer(status=500)
    first = proposed(page, mint(ec_key(), iss=server.url("")))
    failed = step(page, first, "verify", rule_scopes="read", **network)
    assert "the answer has the HTTP status 500" in said(failed)
    server.answers[PLACE] = good
    assert "has signed it" in said(step(page, failed, "verify"))


@pytest.mark.parametrize(
    "tampered",
    [
        {"claims": ['["sub", "exists", []]']},
        {"claims": ['["iss", "equals", ["https://x.example"]]']},
        {"claims": []},
        {"audiences": ["https://as.evil.example"]},
        {"rule_client_policy": "all"},
        {"replay_policy": "never"},
        {"max_lifetime": "-1"},
        {"jwks_url": "http://as.evil.example"},
        {"jwks_url": "https://169.254.169.254/latest"},
        {"ca_bundle": "no certificate"},
        {"rule_name": "x" * 101},
        {"rule_scopes": "", "issuer_name": "\0"},
        {"assertion": "a.b.c"},
    ],
    ids=json.dumps,
)
def test_tampered_fields_widen_nothing(page, server, network, tampered):
    first = page.post(URL, {"assertion": mint(ec_key(), iss=server.url(""), aud="https://other.example")})
    data = {**fill_in(first, FORM, rule_scopes="read", **network), **tampered, "step": "save"}
    answer = page.post(URL, data)
    assert answer.status_code == 200
    assert "has signed it" not in said(answer)
    assert server.requests == []
    assert not TrustedIssuer.objects.exists()


def raw(claims, header=b'{"alg":"ES256"}'):
    return f"{b64(header)}.{b64(claims)}.{b64(b'signature')}"


@pytest.mark.parametrize(
    ("jwt", "words"),
    [
        ("", "This is no JWT of an issuer"),
        ("x" * 20_000, "must have at most 16384 characters"),
        ("a\0b", "This is no JWT of an issuer"),
        (raw(b'{"iss": "\\u0000"}'), "NUL"),
        (raw(b'{"iss": "\\ud800"}'), "half a surrogate pair"),
        (raw(b'{"iss": 5}'), "must be a string"),
        (raw(b'{"iss": "x"}', b'{"alg":"none"}'), "is not accepted here"),
        (raw(b'{"iss": "x"}', b'{"alg":"HS256"}'), "is not accepted here"),
        (raw(b'{"iss": " x"}'), "exactly as the issuer sends it"),
        (raw(b'{"iss": "https://a\\u202e.example"}'), "exactly as the issuer sends it"),
        (raw(json.dumps({"iss": f"https://{'x' * 300}.example"}).encode()), "at most 255 characters"),
        (mint(ec_key(), iss="http://issuer.example"), "not an https URL"),
        (mint(ec_key(), iss="https://user:pw@issuer.example"), "without user"),
        (mint(ec_key(), iss="https://issuer.example/?a=b"), "the issuer has a query"),
        (mint(ec_key(), iss="https://127.0.0.1/"), "is not a public address"),
        (mint(ec_key(), iss="https://[::1]/"), "is not a public address"),
        (mint(ec_key(), iss="https://0x7f.1/"), "is not a public address"),
        (mint(ec_key(), iss="https://localhost/"), "is not a public address"),
        (mint(ec_key(), iss="https://169.254.169.254/"), "is not a public address"),
        (mint(ec_key(), iss="https://10.0.0.1/"), "is not a public address"),
        (mint(ec_key(), iss="https://[/"), "not an https URL"),
        (mint(ec_key(), iss="https://g\u0456tlab.com"), "xn--gtlab-n2e.com resembles gitlab.com"),
        (
            mint(ec_key(), iss=ISSUER, sub={"a": "<script>alert(1)</script>"}),
            "is '<script>alert(1)</script>'",
        ),
        (mint(ec_key(), iss="https://<b>.example"), "https://<b>.example"),
        (mint(ec_key(), iss=AUDIENCE), "Trust this issuer"),
    ],
    ids=range(25),
)
def test_whatever_is_pasted_gets_an_answer_and_is_never_fetched(page, jwt, words, monkeypatch):
    monkeypatch.setattr("socket.getaddrinfo", lambda *args, **kwargs: pytest.fail("asked for a name"))
    answer = page.post(URL, {"assertion": jwt})
    assert answer.status_code == 200
    assert words in said(answer)
    content = answer.content.decode()
    assert "<script>alert" not in content
    assert "<b>" not in content
    assert "\u202e" not in content
    assert not re.search(r"<[^>]*\s(style|on\w+)=", content)


def test_rule_for_other_customers_too_is_refused(page):
    first = page.post(URL, {"assertion": GITHUB.token()})
    chosen = [key for key in forms_of(first)[FORM]["claims"] if "event_name" in key]
    answer = step(page, first, "verify", rule_scopes="read", claims=chosen)
    assert "The issuer signs for many customers" in said(answer)
    assert forms_of(answer)[FORM]["claims"] == chosen


def test_what_another_has_saved_meanwhile_is_an_error(page, issuer, rule):
    rule.conditions.create(claim="sub", values=["bob"])
    first = page.post(URL, {"assertion": mint(ec_key())})
    others = [GrantRule(issuer=issuer, name="alice", scopes="read")]

    def save_first(execute, sql, params, many, context):
        # Where saving begins, after the JWT and the form have been checked.
        if sql.startswith("SAVEPOINT") and others:
            others.pop().save()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(save_first):
        answer = step(page, first, "save", rule_scopes="read")
    assert answer.status_code == 200
    assert "already has a rule with this name" in said(answer)


def test_words_name_the_client_and_the_user(page, issuer, rule):
    rule.conditions.create(claim="sub", values=["bob"])
    robot = make_user("robot")
    asked = {"rule_client_policy": "anonymous", "rule_subject_policy": "service_user", "rule_user": robot.pk}
    first = page.post(URL, {"assertion": mint(ec_key())})
    words = said(step(page, first, "verify", rule_scopes="read", **asked))
    assert "Presented by anyone, with or without an application" in words
    assert f"Token of {robot}" in words


def test_robot_user_is_seen_before_it_is_made(page, server, network):
    first = proposed(page, mint(ec_key(), iss=server.url("")))
    second = step(page, first, "verify", rule_scopes="read", rule_name="Night", rule_robot="on", **network)
    robots = get_user_model().objects.exclude(is_staff=True)
    assert re.search(r"Token of night@robots\.\S+, a new user", said(second))
    assert not robots.exists()
    step(page, second, "save")
    assert GrantRule.objects.get().user == robots.get()


def test_own_tokens_are_not_trusted(page):
    answer = page.post(URL, {"assertion": mint(ec_key(), iss=AUDIENCE)})
    assert "This is the server itself" in said(step(page, answer, "verify", rule_scopes="read"))


def test_jwt_is_kept_nowhere(page, server, network, caplog):
    caplog.set_level(logging.DEBUG)
    jwt = mint(ec_key(), iss=server.url(""))
    second = step(page, proposed(page, jwt), "verify", rule_scopes="read", **network)
    assert "no-store" in second["Cache-Control"]
    saved = step(page, second, "save")
    followed = page.get(saved["Location"])
    signature = jwt.rpartition(".")[2]
    assert signature not in followed.content.decode()
    assert signature not in caplog.text
    assert all(signature not in str(session.get_decoded()) for session in Session.objects.all())
    assert second.wsgi_request.sensitive_post_parameters == "__ALL__"


def test_changed_meanwhile(page, server, network):
    second = step(
        page, proposed(page, mint(ec_key(), iss=server.url(""))), "verify", rule_scopes="read", **network
    )
    step(page, second, "save")
    again = step(page, second, "save")
    assert "already has a rule with this name" in said(again)
    assert GrantRule.objects.count() == 1


def test_nobody_without_permission(page_of, server):
    jwt = mint(ec_key(), iss=server.url(""))
    for permissions in ((), ("add_trustedissuer",), ("add_grantrule",), ("test_assertion",)):
        assert page_of(*permissions).post(URL, {"assertion": jwt}).status_code == 403
    person = page_of("add_trustedissuer", "add_grantrule")
    assert "rule_accepted_as" not in forms_of(person.post(URL, {"assertion": jwt}))[FORM]
    tester = page_of("test_assertion", "add_grantrule")
    tested = tester.post(TEST, fill_in(tester.get(TEST), "test_assertion_form", assertion=jwt))
    assert "way_on_form" not in forms_of(tested)
    TrustedIssuer.objects.create(name="x", issuer=server.url(""), key_source="inline", jwks=jwks(ec_key()))
    assert tester.post(URL, {"assertion": jwt}).status_code == 200


def test_no_link_leads_here_and_no_address(page, server):
    post(pairs_of(Door.AUTHORIZATION_GRANT, mint(ec_key(), iss=server.url(""))))
    listed = page.get(reverse("admin:oauth_jwt_grant_trustedissuer_changelist"))
    assert URL not in listed.content.decode()
    assert page.get(URL, {"assertion": "x"})["Location"] == "../test-assertion/"


def test_without_csrf_token(operator):
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator)
    assert client.post(URL, {"assertion": "x"}).status_code == 403
