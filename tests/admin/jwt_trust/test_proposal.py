"""What a JWT suggests: pins ticked, what changes grey, nothing wider than the vendor's preset."""

from __future__ import annotations

import pytest

from oauth_jwt_grant.admin.jwt_trust.lookalikes import lookalike
from oauth_jwt_grant.admin.jwt_trust.proposal import propose
from oauth_jwt_grant.assertion import UnverifiedAssertion
from oauth_jwt_grant.presets import all_presets
from tests.factories import DROP, ec_key, mint
from tests.vendors.agents import CLAUDE_TAG
from tests.vendors.forges import GITHUB
from tests.vendors.platforms import ANSIBLE

CLUSTER = {"namespace": "payments", "serviceaccount": {"name": "exporter", "uid": "7"}, "pod": {"uid": "9"}}


def proposed(token=None, **claims):
    jwt = UnverifiedAssertion.parse(token or mint(ec_key(), **claims), 20000)
    return propose(jwt, all_presets(), 3600)


def ticked(proposal):
    return {str(choice.condition) for choice in proposal.choices if choice.ticked}


def offered(proposal):
    return {str(one.condition) for one in proposal.choices if not one.ticked and not one.volatile}


def grey(proposal):
    return {choice.condition.claim for choice in proposal.choices if choice.volatile}


def test_github():
    found = proposed(GITHUB.token())
    assert (found.preset.key, found.is_exact, found.name) == ("github-actions", True, "GitHub Actions")
    assert {
        "repository_owner_id is '90210'",
        "repository_id is '770123456'",
        "ref is 'refs/heads/main'",
    } < ticked(found)
    assert "event_name is one of 'push', 'workflow_dispatch', 'schedule', 'release'" in ticked(found)
    assert {"jti", "iat", "exp", "run_id", "sha", "iss", "aud"} <= grey(found)
    assert "actor is 'mona'" in offered(found)
    assert found.columns["max_lifetime"] == 600
    assert found.columns["algorithms"] == ["RS256"]
    assert found.from_jwt == frozenset()
    assert found.rule["name"] == "acme-org/deploy refs/heads/main"


def test_issuer_that_no_preset_knows():
    found = proposed(groups=["a", "b"], tenant={"id": 5, "gone": None}, empty="", exp=DROP)
    assert (found.preset, found.name, found.lifetime) == (None, "issuer.example", None)
    assert ticked(found) == {"sub is 'alice'"}
    assert {"groups contains 'a'", "groups contains 'b'", "/tenant/id is 5"} == offered(found)
    assert found.columns == {"algorithms": ["ES256"], "max_lifetime": 3600, "replay_policy": "once"}
    assert found.from_jwt == {"algorithms", "max_lifetime"}
    assert found.rule["subject_policy"] == "no_user"


@pytest.mark.parametrize(("seconds", "lifetime"), [(290, 300), (300, 300), (90000, 3600), (-1, 3600)])
def test_lifetime_is_that_of_the_jwt_and_never_longer_than_the_setting(seconds, lifetime):
    assert proposed(iat=1_800_000_000, exp=1_800_000_000 + seconds).columns["max_lifetime"] == lifetime


@pytest.mark.parametrize(
    "times",
    [
        *({"iat": True}, {"iat": "now"}, {"exp": None}, {"iat": DROP}),
        # Their difference is infinite; and one that nobody means.
        *({"iat": -1e308, "exp": 1e308}, {"iat": 0, "exp": 1e300}),
    ],
)
def test_times_that_are_none_say_nothing(times):
    assert proposed(**times).lifetime is None


def test_tenant_of_entra_id_stands_in_the_issuer():
    tenant = "72f988bf-1111-4222-8333-000000000001"
    found = proposed(iss=f"https://sts.windows.net/{tenant}/", tid=tenant, oid="o", aud="api://x")
    assert found.preset.key == "entra-id-v1"
    assert found.columns["discovery_url"].startswith(f"https://login.microsoftonline.com/{tenant}/")
    assert "audiences" not in found.columns  # it is for the operator to say so
    assert found.audiences == ("api://x",)
    assert {f"tid is '{tenant}'", "oid is 'o'"} <= ticked(found)


def test_software_at_an_address_of_ones_own_is_known_by_its_claims():
    sub = "system:serviceaccount:payments:exporter"
    found = proposed(**{"iss": "https://k8s.corp.example", "sub": sub, "kubernetes.io": CLUSTER})
    assert (found.preset.key, found.is_exact) == ("kubernetes", False)
    assert ticked(found) == {f"sub is '{sub}'", "/kubernetes.io/serviceaccount/uid is '7'"}
    assert "/kubernetes.io/pod/uid" in grey(found)


def test_id_jag_pins_its_client():
    found = proposed(mint(ec_key(), header={"typ": "oauth-id-jag+jwt"}, client_id="c", tenant="t"))
    assert found.columns["profile"] == "id-jag"
    assert {"client_id is 'c'", "tenant is 't'"} <= ticked(found)


def test_preset_says_where_metadata_are_and_who_presents_the_jwt():
    metadata = proposed(ANSIBLE.token()).columns["discovery_url"]
    assert metadata == "https://aap.example.org/o/.well-known/openid-configuration/"
    assert proposed(CLAUDE_TAG.token()).rule["client_policy"] == "anonymous"


def test_condition_of_a_preset_that_the_jwt_does_not_meet_stays():
    found = proposed(GITHUB.token({"event_name": "pull_request", "ref": ""}))
    assert any(text.startswith("event_name is one of") for text in ticked(found))
    assert not any(text.startswith("ref is") for text in ticked(found))


@pytest.mark.parametrize(
    "claims",
    [
        {"a/b": "1", "c~d": {"e/f": "2"}},
        {"/odd": "1"},
        {"deep": {"a": {"b": {"c": {"d": {"e": "too deep"}}}}}},
        {"x" * 300: "1", "\u202egnp": "1", "list": [[1], {"a": 1}, None, ""]},
        {f"c{number}": number for number in range(500)},
    ],
    ids=["slashes", "pointer", "deep", "unfit", "many"],
)
def test_what_is_offered_holds_for_the_jwt_and_can_be_stored(claims):
    jwt = UnverifiedAssertion.parse(mint(ec_key(), **claims), 20000)
    choices = propose(jwt, all_presets(), 3600).choices
    assert len(choices) <= 100
    assert len({choice.key for choice in choices}) == len(choices)
    for choice in choices:
        choice.condition.check()
        assert choice.condition.holds(jwt.claims)
        assert len(choice.condition.claim) < 256


def test_name_shows_nothing_that_cannot_be_seen():
    assert proposed(sub="evil\u202e\u200bname", repository="").rule["name"] == "evilname"


@pytest.mark.parametrize(
    ("iss", "host", "known"),
    [
        (
            "https://token.actions.githubusercontent.com.evil.example",
            "token.actions.githubusercontent.com.evil.example",
            "token.actions.githubusercontent.com",
        ),
        ("https://g\u0456tlab.com", "xn--gtlab-n2e.com", "gitlab.com"),
        ("https://xn--gtlab-n2e.com", "xn--gtlab-n2e.com", "gitlab.com"),
        ("https://gitiab.com", "gitiab.com", "gitlab.com"),
        ("https://gitlab.co", "gitlab.co", "gitlab.com"),
        ("http://gitlab.com", "gitlab.com", "gitlab.com"),
        ("https://user@accounts.go\u00f6gle.com", "accounts.xn--gogle-kua.com", "accounts.google.com"),
        ("https://gitlab.company.example", None, None),
        ("https://issuer.example", None, None),
        ("robot@acme", None, None),
        ("https://[", None, None),
        ("https://xn--a\u00e4-.example", None, None),
        ("https://xn--99999999999.example", None, None),
        ("https://" + "\u0456" * 80 + ".com", None, None),
    ],
)
def test_lookalikes(iss, host, known):
    found = lookalike(iss, all_presets())
    assert (found and found.host, found and found.known) == (host, known)


@pytest.mark.parametrize(("aud", "audiences"), [(DROP, ()), (5, ()), ("", ()), (["a", 5, "b"], ("a", "b"))])
def test_audiences_are_strings(aud, audiences):
    assert proposed(aud=aud).audiences == audiences
