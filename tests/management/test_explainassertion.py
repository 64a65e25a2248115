"""``explainassertion``: exit status, every step, and nothing left behind."""

from __future__ import annotations

import json
import re
from urllib.parse import urlencode

import pytest
from django.test import override_settings
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.models import ClaimCondition, Decision, GrantRule
from tests import factories

pytestmark = pytest.mark.django_db

KEY = factories.ec_key()


def lines(done) -> dict[str, str]:
    """The steps that were printed: name to the whole line."""
    steps = done.out.partition("\n\n")[0].splitlines()
    return {line[12:].split()[0]: line for line in steps}


def test_accepted(run, rule):
    done = run("explainassertion", stdin=factories.mint(KEY) + "\n")
    assert (done.status, done.err) == (0, "")
    assert all(line.startswith("passed") for line in lines(done).values())
    tail = done.out.partition("\n\n")[2].splitlines()
    assert tail[:3] == ["Issuer: Issuer", "Rule: anybody", "Scopes: read"]
    assert tail[3].startswith('Answer: {"token_type": "Bearer"')
    assert tail[4:] == ["Accepted"]


def test_nothing_is_issued_stored_or_spent_until_it_is_posted(run, rule, client):
    jwt = factories.mint(KEY)
    for _ in range(2):
        assert run("explainassertion", stdin=jwt).status == 0
    assert not Decision.objects.exists()
    assert not get_access_token_model().objects.exists()
    body = urlencode({"grant_type": factories.GRANT_TYPE, "assertion": jwt})
    answer = client.post("/o/token/", body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200, answer.content
    done = run("explainassertion", stdin=jwt)
    assert done.status == 1
    assert lines(done)["replay"].startswith("failed")


def test_refused_and_where(run, rule):
    done = run("explainassertion", stdin=factories.mint(KEY, aud="https://elsewhere.example"))
    assert (done.status, done.err) == (1, "")
    steps = lines(done)
    assert steps["signature"].startswith("passed")
    assert steps["aud"] == (
        "failed      aud        expected: https://as.example.com, https://as.example.com/o/token/; "
        "found: https://elsewhere.example"
    )
    assert steps["exp"].startswith("passed")
    assert steps["scope"].startswith("passed")
    assert done.out.splitlines()[-1] == (
        "Refused: audience (RFC 7523 section 3, item 3), aud must be or contain one of "
        '"https://as.example.com", "https://as.example.com/o/token/"; the JWT has "https://elsewhere.example"'
    )


def test_dates_are_readable(run, rule):
    done = run("explainassertion", stdin=factories.mint(KEY, exp=1_000_000_000, iat=999_999_000))
    assert "found: 2001-09-09 01:46:40 UTC" in lines(done)["exp"]
    done = run("explainassertion", stdin=factories.mint(KEY, exp=10**30))
    assert done.status == 1
    assert f"found: {10**30}" in lines(done)["exp"]
    done = run("explainassertion", stdin=factories.mint(KEY))
    assert re.search(r"expected: from .+ UTC to .+ UTC; found: .+ UTC$", lines(done)["iat"])


def test_could_not_be_decided(run, issuer, rule):
    issuer.key_source, issuer.jwks_url = "jwks_url", "https://127.0.0.1:1/keys"
    issuer.save()
    done = run("explainassertion", stdin=factories.mint(KEY))
    assert done.status == 2
    assert "Undecided: keys_unavailable (RFC 7523 section 5)" in done.out


def test_as_json(run, issuer, rule, user, application):
    GrantRule.objects.filter(pk=rule.pk).update(
        position=2, subject_policy="linked", resources=["https://api"]
    )
    issuer.linked_subjects.create(subject="alice", user=user)
    first = GrantRule.objects.create(issuer=issuer, name="first", scopes="read", position=1)
    ClaimCondition.objects.create(rule=first, claim="team", values=["a"])
    done = run("explainassertion", "--json", "--client-id", "tool", stdin=factories.mint(KEY, team="b"))
    report = json.loads(done.out)
    steps = report.pop("steps")
    assert steps[0]["step"] == "length"
    assert {step["status"] for step in steps} == {"passed"}
    assert report == {
        "accepted_as": "authorization_grant",
        "outcome": "accepted",
        "reason": None,
        "section": None,
        "detail": "",
        "failures": [],
        "issuer": "Issuer",
        "rule": "anybody",
        "rule_is_supposed": False,
        "misses": [{"rule": "first", "why": 'team must equal "a"; the JWT has "b"'}],
        "application": "tool",
        "user": "alice@example.com",
        "user_is_made": False,
        "scopes": ["read"],
        "resources": ["https://api"],
        "answer": {"token_type": "Bearer", "expires_in": 3600, "scope": "read"},
    }
    text = run("explainassertion", "--client-id", "tool", stdin=factories.mint(KEY, team="b")).out
    assert 'Rule first does not match: team must equal "a"; the JWT has "b"\n' in text
    assert "Application: tool\nUser: alice@example.com\n" in text
    assert "Resources: https://api\n" in text


def test_refusal_as_json(run, rule):
    report = json.loads(run("explainassertion", "--json", stdin="nonsense").out)
    assert (report["outcome"], report["reason"]) == ("refused", "malformed")
    assert (report["issuer"], report["rule"], report["user"], report["resources"]) == (None, None, None, [])
    assert report["answer"]["error"] == "invalid_grant"


def test_all_failures_have_their_remedies(run, rule):
    ClaimCondition.objects.create(rule=rule, claim="team", values=["a"])
    sent = factories.mint(KEY, aud="https://elsewhere.example", exp=1)
    report = json.loads(run("explainassertion", "--json", "--scope", "admin", stdin=sent).out)
    steps = ["aud", "exp", "rule", "scope"]
    assert [failure["step"] for failure in report["failures"]] == steps
    assert (report["reason"], report["rule_is_supposed"]) == ("audience", True)
    text = run("explainassertion", "--scope", "admin", stdin=sent).out
    for failure in report["failures"]:
        # A second may have passed between the two.
        assert failure["detail"].partition(" UTC), ")[0] in text
        assert failure["remedy"] in text
    assert "Rule: anybody (it does not match; what follows is as if it did)" in text


def test_user_who_would_be_made(run, rule, django_user_model):
    GrantRule.objects.update(subject_policy="provision")
    done = run("explainassertion", stdin=factories.mint(KEY))
    assert "User: would be made" in done.out
    assert not django_user_model.objects.exists()


def test_parameters(run, rule):
    jwt = factories.mint(KEY, aud="x")
    done = run(
        "explainassertion", "--audience", "x", "--scope", "write", "--resource", "https://api", stdin=jwt
    )
    assert "Refused: resource" in done.out
    done = run("explainassertion", "--audience", "x", "--audience", "y", "--scope", "write", stdin=jwt)
    assert (done.status, "Scopes: write\n" in done.out) == (0, True)
    assert "Refused: scope" in run("explainassertion", "--audience", "x", "--scope", "no", stdin=jwt).out


def test_file(run, rule, tmp_path):
    path = tmp_path / "assertion.jwt"
    path.write_text(factories.mint(KEY))
    assert run("explainassertion", str(path)).status == 0


def test_what_the_claims_hold_does_not_reach_the_terminal_raw(run, rule):
    done = run("explainassertion", stdin=factories.mint(KEY, aud="\x1b[2J"))
    assert "\x1b" not in done.out
    assert "\\x1b[2J" in done.out


def test_assertion_itself_is_not_shown(run, rule):
    jwt = factories.mint(KEY)
    for flags in ([], ["--json"]):
        assert not any(part in run("explainassertion", *flags, stdin=jwt).out for part in jwt.split("."))


@pytest.mark.parametrize("status", ["argument", "missing", "client"])
def test_what_cannot_be_asked_is_not_decided(run, rule, status):
    arguments = {
        "argument": [factories.mint(KEY)],
        "missing": ["/nowhere"],
        "client": ["--client-id", "nobody"],
    }[status]
    done = run("explainassertion", *arguments, stdin=factories.mint(KEY))
    assert (done.status, done.out) == (2, "")
    expected = {
        "argument": "Give the name of a file",
        "missing": "file: cannot read",
        "client": "--client-id: ",
    }
    assert done.err.startswith(expected[status])
    assert factories.mint(KEY)[:20] not in done.err


def test_server_without_a_name(run, rule):
    with override_settings(OAUTH_JWT_GRANT={}):
        done = run("explainassertion", stdin=factories.mint(KEY))
        assert done.err.startswith("--audience: the settings do not name this server")
        assert (
            run("explainassertion", "--audience", factories.AUDIENCE, stdin=factories.mint(KEY)).status == 0
        )


@pytest.mark.django_db(transaction=True)
def test_exit_status_of_a_process(manage, rule):
    accepted = manage("explainassertion", stdin=factories.mint(KEY))
    assert (accepted.status, accepted.out.splitlines()[-1]) == (0, "Accepted")
    refused = manage("explainassertion", stdin=factories.mint(KEY, exp=1))
    assert refused.status == 1
    assert "Refused: expired (RFC 7523 section 3, item 4), exp must be in the future" in refused.out


def test_as_if_a_proof_had_come_along(run, rule, settings):
    settings.OAUTH_JWT_GRANT = settings.OAUTH_JWT_GRANT | {"DPOP": True}
    GrantRule.objects.update(require_dpop=True)
    jwt = factories.mint(KEY, cnf={"jkt": "the-key"})
    assert "proof_required" in run("explainassertion", stdin=jwt).out
    assert "proof_key" in run("explainassertion", "--proof-key", "another", stdin=jwt).out
    done = run("explainassertion", "--proof-key", "the-key", stdin=jwt)
    assert done.status == 0
    assert lines(done)["dpop"] == "passed      dpop       expected: a proof; found: the-key"
    assert '"token_type": "DPoP"' in done.out
