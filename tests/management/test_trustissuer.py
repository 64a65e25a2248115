"""``trustissuer``: all flags, said again, said otherwise, and said wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import override_settings
from django.utils import timezone

from oauth_jwt_grant.management.conditions import parse_condition
from oauth_jwt_grant.management.trust_flags import ISSUER_FLAGS, RULE_FLAGS
from oauth_jwt_grant.models import ClaimCondition, GrantRule, LinkedSubject, TrustedIssuer
from oauth_jwt_grant.rules import Operator
from oauth_jwt_grant.trust import withdrawal
from tests import factories
from tests.jwks_server import certificate_authority
from tests.support import make_issuer

pytestmark = pytest.mark.django_db

ISSUER = ("trustissuer", "--issuer", factories.ISSUER)


@pytest.fixture
def jwks(tmp_path):
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(factories.jwks(factories.ec_key())))
    return str(path)


def trusted() -> TrustedIssuer:
    return TrustedIssuer.objects.get(issuer=factories.ISSUER)


def rule(name: str = "default") -> GrantRule:
    return trusted().rules.get(name=name)


def test_the_issuer_alone(run):
    done = run(*ISSUER)
    assert done == (
        0,
        f"Issuer {factories.ISSUER}: created.\n",
        "No rule is enabled, so every assertion is refused. Add a rule.\n",
    )
    assert (trusted().name, trusted().key_source) == (factories.ISSUER, "discovery")


def test_all_of_the_issuer(run, tmp_path):
    bundle = tmp_path / "ca.pem"
    bundle.write_text(certificate_authority().cert_pem.bytes().decode())
    arguments = [
        *("--name", "Acme", "--no-enabled", "--valid-from", "2030-01-01T00:00:00Z"),
        *("--valid-until", "2031-01-01T01:00:00+01:00", "--profile", "id-jag"),
        *("--algorithms", "ES256", "RS256", "--audience", "a", "--audience", "b"),
        *("--max-lifetime", "600", "--leeway", "5", "--replay-policy", "require_jti", "--subject-fallback"),
        *("--jwks-url", "https://issuer.example/keys", "--ca-bundle", str(bundle), "--allow-private-network"),
    ]
    assert run(*ISSUER, *arguments).status == 0
    row = trusted()
    assert row.name == "Acme"
    assert not row.enabled
    assert row.valid_from == datetime(2030, 1, 1, tzinfo=UTC)
    assert row.valid_until == datetime(2031, 1, 1, tzinfo=UTC)
    assert (row.profile, row.replay_policy, row.key_source) == ("id-jag", "require_jti", "jwks_url")
    assert (row.algorithms, row.audiences) == (["ES256", "RS256"], ["a", "b"])
    assert (row.max_lifetime, row.leeway) == (600, 5)
    assert row.subject_fallback
    assert row.allow_private_network
    assert row.jwks_url == "https://issuer.example/keys"
    assert row.ca_bundle == bundle.read_text()
    assert run(*ISSUER, *arguments).out == f"Issuer {factories.ISSUER}: unchanged.\n"


def test_keys_of_a_set_that_are_not_understood_are_named(run, tmp_path):
    path = tmp_path / "keys.json"
    odd = [{"kty": "AKP", "kid": "pq", "pub": "AAAA"}, {**factories.jwk(factories.rsa_key()), "use": "enc"}]
    path.write_text("\ufeff" + json.dumps({"keys": [odd[0], factories.jwk(factories.ec_key()), odd[1]]}))
    done = run(*ISSUER, "--jwks", str(path), "--scopes", "read", "--anonymous", "--no-user")
    assert done.status == 0
    assert done.err.splitlines() == [
        "Key 1 (pq) is left out: key type (kty) is unknown.",
        "Key 3 (rsa) is left out: key is not for signatures (use).",
    ]
    assert len(trusted().jwks["keys"]) == 3
    assert "key 1 (pq) is left out" in run("checkissuers", "--no-fetch").out


def test_all_of_a_rule(run, jwks, application, user):
    arguments = [
        *("--jwks", jwks, "--rule", "deploy", "--position", "3", "--scopes", "read write"),
        *("--default-scopes", "read", "--scope-claim", "ignore", "--token-lifetime", "60"),
        *("--condition", "repository=acme/website", "--condition", "run:=1", "--limit-to-assertion"),
        *("--resource", "https://api.example.com", "--record-claim", "repository", "--anonymous"),
        *("--application", "tool", "--default-application", "tool", "--user-field", "email"),
        *("--subject-claim", "email", "--allow-privileged-users", "--require-dpop"),
        *("--accepted-as", "authorization_grant", "--accepted-as", "subject_token"),
    ]
    done = run(*ISSUER, *arguments)
    assert done[:2] == (0, f"Issuer {factories.ISSUER}: created.\nRule deploy: created.\n")
    assert "The rule deploy requires bound tokens, which the setting DPOP does not allow" in done.err
    row = rule("deploy")
    assert (row.position, row.scopes, row.default_scopes, row.scope_claim) == (
        3,
        "read write",
        "read",
        "ignore",
    )
    assert (row.access_token_lifetime, row.limit_to_assertion) == (60, True)
    assert [str(condition) for condition in row.conditions.all()] == [
        "repository is 'acme/website'",
        "run is 1",
    ]
    assert (row.resources, row.recorded_claims) == (["https://api.example.com"], ["repository"])
    assert row.client_policy == "anonymous"
    assert [*row.applications.all(), row.default_application] == [application, application]
    assert (row.subject_policy, row.user_field, row.subject_claim) == ("user_field", "email", "email")
    assert row.allow_privileged_users
    assert row.require_dpop
    assert row.accepted_as == ["authorization_grant", "subject_token"]
    again = run(*ISSUER, *arguments)
    assert again == (0, f"Issuer {factories.ISSUER}: unchanged.\nRule deploy: unchanged.\n", done.err)


def test_what_is_not_said_stays_as_it_is(run, jwks, application):
    run(*ISSUER, "--name", "Acme", "--jwks", jwks, "--scopes", "read", "--application", "tool")
    done = run(*ISSUER, "--leeway", "5", "--default-scopes", "read", "--condition", "sub=alice")
    assert done.out == (
        f"Issuer {factories.ISSUER}: updated (leeway).\nRule default: updated (default_scopes, conditions).\n"
    )
    assert (trusted().name, trusted().key_source, trusted().leeway) == ("Acme", "inline", 5)
    assert [row.client_id for row in rule().applications.all()] == ["tool"]


def test_conditions_and_applications_take_the_place_of_others(run, jwks, application):
    run(*ISSUER, "--jwks", jwks, "--scopes", "read", "--application", "tool", "--condition", "a=1")
    other = type(application).objects.create(client_id="other", client_type="public")
    done = run(*ISSUER, "--application", "other", "--condition", "a:=1")
    assert done.out.splitlines()[1] == "Rule default: updated (applications, conditions)."
    assert list(rule().applications.all()) == [other]
    assert [row.values for row in rule().conditions.all()] == [[1]]


def test_true_is_not_1(run, jwks):
    run(*ISSUER, "--jwks", jwks, "--scopes", "read", "--condition", "a:=1")
    assert "conditions" in run(*ISSUER, "--condition", "a:=true").out
    assert [row.values for row in rule().conditions.all()] == [[True]]


@pytest.mark.parametrize(
    ("flags", "policy"),
    [
        (["--linked"], "linked"),
        (["--no-user"], "no_user"),
        (["--provision"], "provision"),
        (["--service-user", "alice@example.com"], "service_user"),
        (["--user-field", "email"], "user_field"),
        ([], "linked"),
    ],
)
def test_whose_token_it_becomes(run, jwks, user, flags, policy):
    assert run(*ISSUER, "--jwks", jwks, "--scopes", "read", *flags).status == 0
    assert rule().subject_policy == policy
    assert (rule().user == user) is (policy == "service_user")


@pytest.mark.parametrize(
    ("flags", "policy"),
    [
        (["--listed"], "listed"),
        (["--anonymous"], "anonymous"),
        ([], "listed"),
    ],
)
def test_who_may_present_it(run, jwks, flags, policy):
    assert run(*ISSUER, "--jwks", jwks, "--scopes", "read", *flags).status == 0
    assert rule().client_policy == policy


@pytest.fixture
def of_all_kinds(application):
    """Applications of each kind of owner and registration, by their client ids."""
    model, users = type(application), get_user_model().objects
    staff = users.create_user("staff@example.com", is_staff=True)
    root = users.create_user("root@example.com", is_superuser=True)
    anybody = users.create_user("anybody@example.com")
    for client_id, fields in {
        "of staff": {"user": staff},
        "of a superuser": {"user": root},
        "of anybody": {"user": anybody},
        "of dcr": {"registration_source": "dcr"},
        "of cimd": {"registration_source": "cimd"},
        "of staff by dcr": {"user": staff, "registration_source": "dcr"},
    }.items():
        model.objects.create(client_id=client_id, client_type="public", **fields)
    return model.objects


def test_all_applications_that_an_operator_has_registered(run, jwks, of_all_kinds):
    arguments = ["--jwks", jwks, "--scopes", "read", "--all-applications"]
    listed = "It lists of a superuser, of staff, tool."
    assert run(*ISSUER, *arguments).out.splitlines()[1] == f"Rule default: created. {listed}"
    assert rule().client_policy == "listed"
    wanted = {"tool", "of staff", "of a superuser"}
    assert {row.client_id for row in rule().applications.all()} == wanted
    assert run(*ISSUER, *arguments).out.splitlines()[1] == f"Rule default: unchanged. {listed}"

    # A flag of a rule like the others: alone it changes one, and what was listed before is replaced.
    rule().applications.set(of_all_kinds.filter(client_id="of dcr"))
    assert run(*ISSUER, "--all-applications").out.splitlines()[1].startswith("Rule default: updated (appl")
    assert {row.client_id for row in rule().applications.all()} == wanted

    of_all_kinds.filter(client_id__in=wanted).delete()
    assert "It lists no application." in run(*ISSUER, "--all-applications").out


def test_all_applications_are_not_some(run, jwks, application):
    done = run(*ISSUER, "--jwks", jwks, "--scopes", "read", "--all-applications", "--application", "tool")
    assert done.status
    assert "--application: not allowed with argument --all-applications" in done.err


def test_the_flag_of_the_policy_that_is_gone(run, jwks):
    done = run(*ISSUER, "--jwks", jwks, "--scopes", "read", "--registered")
    assert done.status
    assert "--registered" in done.err


def test_links(run, jwks, user):
    arguments = ["--jwks", jwks, "--scopes", "read", "--link", "a=b=alice@example.com"]
    assert "Subject a=b is alice@example.com: created." in run(*ISSUER, *arguments).out
    assert LinkedSubject.objects.get(issuer=trusted(), subject="a=b").user == user
    assert "Subject a=b is alice@example.com: unchanged." in run(*ISSUER, *arguments).out
    type(user).objects.create_user(username="bob@example.com")
    assert "updated (user)" in run(*ISSUER, "--link", "a=b=bob@example.com").out


def test_a_subject_is_linked_to_one_user(run, jwks, user):
    twice = ["--link", "a=alice@example.com", "--link", "a=alice@example.com"]
    assert run(*ISSUER, "--jwks", jwks, *twice).out.count("Subject a is") == 1
    done = run(*ISSUER, *twice, "--link", "a=bob@example.com")
    assert (done.status, done.err) == (1, "--link: a is given two users")


@pytest.mark.parametrize("key", [factories.ec_key(), factories.rsa_key()])
def test_keys_from_standard_input_in_any_form(run, key):
    assert run(*ISSUER, "--jwks", "-", stdin=key.pem()).status == 0
    assert run(*ISSUER, "--jwks", "-", stdin=json.dumps(factories.jwk(key))).status == 0
    assert trusted().jwks == factories.jwks(key)


def test_certificates(run, tmp_path):
    anchors = tmp_path / "anchors.pem"
    anchors.write_text(certificate_authority().cert_pem.bytes().decode())
    flags = ["--trust-anchors", str(anchors), "--certificate-binding", "dns=issuer.example"]
    assert run(*ISSUER, *flags).status == 0
    assert (trusted().key_source, trusted().certificate_bindings) == ("certificates", ["dns=issuer.example"])


def test_value_that_was_set_is_taken_away_by_an_empty_one(run, jwks, application, user):
    given = {
        "--leeway": "5", "--max-lifetime": "600", "--audience": "a", "--algorithms": "ES256",
        "--valid-from": "2020-01-01T00:00:00Z", "--valid-until": "2040-01-01T00:00:00Z",
        "--issued-after": "2020-01-01T00:00:00Z",
        "--default-scopes": "read", "--condition": "ref=main", "--token-lifetime": "60",
        "--resource": "https://api.example", "--record-claim": "ref", "--application": "tool",
        "--default-application": "tool", "--service-user": "alice@example.com",
    }  # fmt: skip
    flags = [part for flag, value in given.items() for part in (flag, value)]
    assert run(*ISSUER, "--jwks", jwks, "--scopes", "read", *flags).status == 0
    before = (rule().user, rule().access_token_lifetime, trusted().leeway, rule().conditions.count())
    assert before == (user, 60, 5, 1)
    assert run(*ISSUER, "--no-user").status == 0
    done = run(*ISSUER, *(part for flag in given for part in (flag, "")))
    assert done.status == 0, done.err
    row, last = trusted(), rule()
    assert (row.leeway, row.max_lifetime, row.valid_from, row.valid_until, row.issued_after) == (None,) * 5
    assert (last.access_token_lifetime, last.default_application, last.user) == (None,) * 3
    assert [*row.audiences, *row.algorithms, *last.resources, *last.recorded_claims] == []
    assert [*last.conditions.all(), *last.applications.all()] == []
    assert (last.default_scopes, last.subject_policy) == ("", "no_user")


@pytest.mark.parametrize("flags", [["--discovery"], ["--discovery", "https://issuer.example/metadata"]])
def test_from_entered_keys_to_discovery(run, jwks, flags):
    run(*ISSUER, "--jwks", jwks)
    assert run(*ISSUER, *flags).status == 0
    assert (trusted().key_source, trusted().discovery_url) == ("discovery", "".join(flags[1:]))


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--jwks-url", "http://issuer.example"], "--jwks-url: Enter a URL that begins with https://"),
        (["--discovery", "ftp://issuer.example"], "--discovery: Enter a URL"),
        (["--algorithms", "HS256"], "--algorithms: HS256 cannot be accepted"),
        (["--algorithms", "none"], "--algorithms: none cannot be accepted"),
        (["--audience", " "], "--audience: There is white space around"),
        (["--leeway", "-1"], "--leeway: "),
        (["--valid-from", "tomorrow"], "--valid-from: not a date and time"),
        (["--valid-until", "2030-02-31T00:00:00Z"], "--valid-until: not a date and time"),
        (["--valid-until", "9999-12-31T23:59:59-14:00"], "--valid-until: not a date and time"),
        (["--jwks", "/nowhere"], "--jwks: cannot read /nowhere: No such file"),
        (["--trust-anchors", "/nowhere"], "--trust-anchors: cannot read /nowhere"),
        (["--name", "x" * 101], "--name: "),
        (["--rule", "a"], "--scopes: "),
        (["--scopes", 'a"b'], "--scopes: Enter scopes"),
        (["--scopes", "read", "--default-scopes", "write"], "--default-scopes: Not among the scopes: write"),
        (["--scopes", "read", "--service-user", "nobody"], "--service-user: there is no user nobody"),
        (["--scopes", "read", "--application", "nothing"], "--application: there is no application"),
        (
            ["--scopes", "read", "--default-application", "x"],
            "--default-application: there is no application",
        ),
        (["--scopes", "read", "--user-field", "nothing"], "--user-field: Enter the name of a field"),
        (["--scopes", "read", "--resource", "api"], "--resource: "),
        (["--scopes", "read", "--condition", "nonsense"], "--condition: not a condition: nonsense"),
        (["--link", "alice"], "--link: not SUBJECT=USER"),
        (["--link", "alice=nobody"], "--link: there is no user nobody"),
        (["--profile", "id-jag", "--replay-policy", "reusable"], "--replay-policy: An ID-JAG has a jti"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_kept(run, arguments, error):
    done = run(*ISSUER, *arguments)
    assert done.status != 0
    assert error in done.err
    assert done.out == ""
    assert not TrustedIssuer.objects.exists()


def test_what_a_new_user_gets(run, jwks):
    for name in ("readers", "guests"):
        Group.objects.create(name=name)
    flags = ["--jwks", jwks, "--scopes", "read", "--provision"]
    given = ["--group", "readers", "--group", "guests", "--user-claim", "first_name=given_name"]
    assert run(*ISSUER, *flags, *given).status == 0
    assert (rule().user_fields, rule().groups.count()) == ({"first_name": "given_name"}, 2)
    assert "unchanged" in run(*ISSUER, *given).out.splitlines()[1]
    assert run(*ISSUER, "--group", "", "--user-claim", "").status == 0
    assert (rule().user_fields, rule().groups.count()) == ({}, 0)


@pytest.mark.parametrize(
    ("flags", "error"),
    [
        (["--group", "nobodys"], "--group: there is no group nobodys"),
        (["--user-claim", "first_name"], "--user-claim: not FIELD=CLAIM: first_name"),
        (["--user-claim", "is_staff=staff"], "--user-claim: is_staff: it gives rights"),
    ],
)
def test_what_a_new_user_cannot_get(run, jwks, flags, error):
    done = run(*ISSUER, "--jwks", jwks, "--scopes", "read", "--provision", *flags)
    assert done.status != 0
    assert error in done.err
    assert not TrustedIssuer.objects.exists()


@pytest.mark.parametrize(("flags", "ahead"), [([], 30), (["--leeway", "90"], 90), (["--leeway", ""], 30)])
def test_from_now_on_is_now_and_the_leeway(run, jwks, flags, ahead):
    before = timezone.now()
    assert run(*ISSUER, "--jwks", jwks, "--issued-after", "now", *flags).status == 0
    assert ahead <= (trusted().issued_after - before).total_seconds() < ahead + 30


def test_all_issuers_at_once_get_the_limit(run):
    for name, fields in (
        ("a", {}),
        ("b", {"leeway": 300}),
        ("c", {"enabled": False}),
        ("d", {"leeway": 300}),
    ):
        make_issuer(issuer=f"https://{name}.example", **fields)
    future = timezone.now() + timedelta(days=1)
    TrustedIssuer.objects.filter(issuer="https://d.example").update(issued_after=future)
    before = timezone.now()
    done = run("trustissuer", "--all", "--issued-after", "now")
    assert (done.status, done.out.strip()) == (
        0,
        "3 issuers: accepts what is issued from now plus its leeway on.",
    )
    limits = dict(TrustedIssuer.objects.values_list("issuer", "issued_after"))
    ahead = {iss[8]: (limit - before).total_seconds() for iss, limit in limits.items()}
    assert [30 <= ahead[name] < 60 for name in "ac"] == [True, True]
    assert 300 <= ahead["b"] < 330
    assert limits["https://d.example"] == future

    done = run("trustissuer", "--all", "--issued-after", (future + timedelta(days=1)).isoformat())
    assert done.out.startswith("4 issuers: ")
    assert set(TrustedIssuer.objects.values_list("issued_after", flat=True)) == {future + timedelta(days=1)}


def test_a_request_that_is_still_under_way_is_reported(run, monkeypatch):
    make_issuer()
    monkeypatch.setattr(withdrawal, "wait_for_requests", lambda issuers: False)
    done = run("trustissuer", "--all", "--issued-after", "now")
    assert (done.status, "may still be under way" in done.err) == (0, True)
    assert TrustedIssuer.objects.get().issued_after is not None


@pytest.mark.parametrize(
    "flags",
    [
        [],
        ["--issued-after", ""],
        ["--issued-after", "now", *ISSUER[1:]],
        ["--issued-after", "now", "--scopes", "read"],
        ["--issued-after", "now", "--no-enabled"],
        ["--issued-after", "now", "--preset", "github-actions"],
        ["--issued-after", "soon"],
    ],
)
def test_all_issuers_get_nothing_else(run, flags):
    issuer = make_issuer()
    done = run("trustissuer", "--all", *flags)
    assert done.status == 1
    assert done.err.startswith(("--all: ", "--issued-after: "))
    issuer.refresh_from_db()
    assert (issuer.issued_after, issuer.enabled) == (None, True)


def test_contradicting_dates_have_no_flag(run):
    done = run(*ISSUER, "--valid-from", "2031-01-01T00:00:00Z", "--valid-until", "2030-01-01T00:00:00Z")
    assert (done.status, done.out) == (1, "")
    assert done.err


def test_private_keys_are_refused(run):
    key = factories.rsa_key()
    done = run(*ISSUER, "--jwks", "-", stdin=key.private_pem())
    assert done.status == 1
    assert done.err.startswith("--jwks: ")
    assert "private" in done.err
    assert not TrustedIssuer.objects.exists()


def test_binary_file_is_no_text(run, tmp_path):
    path = tmp_path / "keys"
    path.write_bytes(b"\xff\xfe")
    assert run(*ISSUER, "--jwks", str(path)).err == f"--jwks: cannot read {path}: it is not UTF-8 text"


@pytest.mark.parametrize(
    "command",
    [
        "trustissuer --issuer robot --jwks {}",
        "mintassertion --issuer a --audience b --key {}",
        "explainassertion {}",
    ],
)
@pytest.mark.parametrize("name", ["/dev/zero", "-"])
def test_a_file_without_end_is_refused(run, command, name):
    done = run(*command.format(name).split(), stdin="x" * ((1 << 20) + 1))
    assert (done.status, done.out) == (2, "")
    assert done.err.endswith(f": {name} is larger than 1 MiB")


def test_two_key_sources_are_one_too_many(run):
    done = run(*ISSUER, "--jwks", "-", "--jwks-url", "https://issuer.example/keys")
    assert "not allowed with" in done.err


@pytest.mark.parametrize("text", ["2030-06-01T12:00:00", "2030-06-01T12:00:00Z"])
@pytest.mark.parametrize("use_tz", [True, False])
def test_dates_with_and_without_time_zones(text, use_tz):
    from oauth_jwt_grant.management.arguments import read_date

    with override_settings(USE_TZ=use_tz, TIME_ZONE="UTC"):
        value = read_date("--valid-from", text)
        assert timezone.is_aware(value) is use_tz
        assert value.replace(tzinfo=None) == datetime(2030, 6, 1, 12)


@pytest.mark.parametrize(
    ("text", "claim", "operator", "values"),
    [
        ("repository=acme/website", "repository", Operator.EQUALS, ("acme/website",)),
        ("sub=repo:acme/website:ref:=x", "sub", Operator.EQUALS, ("repo:acme/website:ref:=x",)),
        ("run=1", "run", Operator.EQUALS, ("1",)),
        ("run:=1", "run", Operator.EQUALS, (1,)),
        ("admin:=true", "admin", Operator.EQUALS, (True,)),
        ("aud:=[1]", "aud", Operator.EQUALS, ([1],)),
        ("/google/number:=1", "/google/number", Operator.EQUALS, (1,)),
        ("/https:~1~1sts.example~1/account=1", "/https:~1~1sts.example~1/account", Operator.EQUALS, ("1",)),
        ("ref~refs/heads/*", "ref", Operator.GLOB, ("refs/heads/*",)),
        ("ref~0*", "ref", Operator.GLOB, ("0*",)),
        ("email?exists", "email", Operator.EXISTS, ()),
        ('env in ["a", "b"]', "env", Operator.IN, ("a", "b")),
        ("env in 1", "env", Operator.IN, (1,)),
        ('groups contains "admins"', "groups", Operator.CONTAINS, ("admins",)),
        ('groups contains ["a", "b"]', "groups", Operator.CONTAINS, ("a", "b")),
        ("/kubernetes.io/namespace=prod", "/kubernetes.io/namespace", Operator.EQUALS, ("prod",)),
        ("/a~1b/c~0d~x*", "/a~1b/c~0d", Operator.GLOB, ("x*",)),
        ('groups contains_any ["ops", "dev"]', "groups", Operator.CONTAINS_ANY, ("ops", "dev")),
        ('ref none_of ["main"]', "ref", Operator.NONE_OF, ("main",)),
        ("level at_least 2", "level", Operator.AT_LEAST, (2,)),
        ("level at_most 2.5", "level", Operator.AT_MOST, (2.5,)),
        ("auth_time younger_than 3600", "auth_time", Operator.YOUNGER_THAN, (3600,)),
        ("actor same_as /owner/name", "actor", Operator.SAME_AS, ("/owner/name",)),
        ("https://example.com/roles?exists", "https://example.com/roles", Operator.EXISTS, ()),
        ("https://example.com/?q=x", "https://example.com/?q", Operator.EQUALS, ("x",)),
    ],
)
def test_conditions(text, claim, operator, values):
    condition = parse_condition(text)
    assert (condition.claim, condition.operator, condition.values) == (claim, operator, values)


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "=a",
        "a=",
        "a~",
        "a~*",
        "a in",
        "a in x",
        "a:=x",
        "a:=",
        "?exists",
        "/=a",
        "a at_least x",
        "a same_as a",
    ],
)
def test_no_conditions(run, text):
    done = run(*ISSUER, "--scopes", "read", "--condition", text)
    assert done.status == 1
    assert done.err.startswith("--condition: ")
    assert not ClaimCondition.objects.exists()


def test_condition_that_no_column_can_hold(run, jwks):
    done = run(*ISSUER, "--jwks", jwks, "--scopes", "read", "--condition", f"{'c' * 256}=1")
    assert done.status == 1
    assert done.err.startswith("--condition: ccc")
    assert "at most 255 characters" in done.err
    assert not TrustedIssuer.objects.exists()


def test_every_field_has_a_flag():
    not_said = {"id", "created", "updated", "key_source"}
    fields = {field.name for field in TrustedIssuer._meta.concrete_fields}
    assert fields - ISSUER_FLAGS.keys() - not_said == set()
    fields = {field.name for field in (*GrantRule._meta.concrete_fields, *GrantRule._meta.many_to_many)}
    assert fields - RULE_FLAGS.keys() == {"id", "issuer", "enabled"}
