"""``trustissuer --preset``: what the admin's form of the preset makes, and nothing less pinned."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from oauth_jwt_grant.keys import normalise_jwks
from oauth_jwt_grant.models import GrantRule, TrustedIssuer
from oauth_jwt_grant.presets import (
    ConditionTemplate,
    Preset,
    PresetQuestion,
    all_presets,
    get_preset,
    registry,
)
from oauth_jwt_grant.service_accounts import robot_name
from tests.admin.conftest import make_user
from tests.admin.forms import fill_in
from tests.factories import ec_key, rsa_key
from tests.jwks_server import certificate_authority
from tests.presets.test_presets import answers_for, application_for

pytestmark = pytest.mark.django_db

GITHUB = ("trustissuer", "--preset", "github-actions")
ACTIONS = "https://token.actions.githubusercontent.com"
IDS = ("--answer", "owner_id=90210", "--answer", "repository_id=770123456")
SCOPES = ("--scopes", "read")
every = pytest.mark.parametrize("preset", [pytest.param(preset, id=preset.key) for preset in all_presets()])


@pytest.fixture
def flags_for(tmp_path):
    """The ``--answer`` of each question, as an operator would write it: files for what has lines."""

    def _flags_for(preset, answers):
        flags = []
        for name, value in answers.items():
            question = next(question for question in preset.questions if question.name == name)
            if question.multiline and value:
                path = tmp_path / f"{name}.pem"
                path.write_text(value)
                flags += ["--answer", f"{name}={path}"]
            else:
                lines = value.split("\n") if question.many else [value]
                flags += [part for line in lines for part in ("--answer", f"{name}={line}")]
        return flags

    return _flags_for


def all_answers(preset):
    """An answer to every question, whether it must be there or not."""
    special = {"ca_bundle": certificate_authority().cert_pem.bytes().decode()}
    rest = {
        question.name: special.get(question.name) or question.example or "acme"
        for question in preset.questions
    }
    many = {
        question.name: f"{question.example}\n{question.example}-2"
        for question in preset.questions
        if question.many
    }
    return {**rest, **many, **answers_for(preset)}


def columns(row):
    left_out = {"id", "created", "updated", "issuer_id", "rule_id"}
    return {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if field.attname not in left_out
    }


def everything():
    """All that there is of trust, in words that do not depend on the order of rows in the database."""
    (issuer,) = TrustedIssuer.objects.all()
    rules = [
        (
            columns(rule),
            [columns(row) for row in rule.conditions.order_by("pk")],
            list(rule.applications.all()),
        )
        for rule in issuer.rules.order_by("position")
    ]
    return columns(issuer), rules


def nothing_is_kept(done, error):
    assert done.status != 0
    assert error in done.err
    assert done.out == ""
    return not TrustedIssuer.objects.exists()


def by_the_form(preset, answers, application, program):
    page = Client()
    page.force_login(make_user("operator", is_staff=True, is_superuser=True))
    url = reverse("admin:oauth_jwt_grant_trustedissuer_preset", args=[preset.key])
    data = fill_in(page.get(url), "preset_form", **answers, rule_scopes="read")
    data["rule_default_application"] = program.pk if program else ""
    assert page.post(url, {**data, "rule_applications": [application.pk]}).status_code == 302


@every
@pytest.mark.parametrize("answered", [answers_for, all_answers], ids=["needed", "all"])
def test_command_makes_what_the_admins_form_makes(run, preset, answered, flags_for, application, settings):
    doors = ["authorization_grant", *preset.accepted_as]
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "ACCEPTED_AS": doors}
    answers = answered(preset)
    program = application_for(preset)
    by_the_form(preset, answers, application, program)
    by_form = everything()
    TrustedIssuer.objects.all().delete()
    arguments = [*flags_for(preset, answers), *SCOPES, "--application", "tool"]
    arguments += ["--default-application", program.client_id] if program else []
    done = run("trustissuer", "--preset", preset.key, *arguments)
    # Subjects are linked afterwards.
    unlinked = "for linked subjects" if preset.subject_policy == "linked" else ""
    assert done.status == 0
    assert unlinked in done.err
    assert bool(done.err) == bool(unlinked)
    assert everything() == by_form
    again = run("trustissuer", "--preset", preset.key, *arguments)
    assert (again.status, again.err) == (0, done.err)
    assert [line.rpartition(" ")[2] for line in again.out.splitlines()] == ["unchanged.", "unchanged."]
    assert everything() == by_form


@every
def test_without_an_answer_that_it_needs_nothing_is_written(run, preset, flags_for):
    answers = answers_for(preset)
    for question in preset.questions:
        if question.required and not question.default:
            without = {name: value for name, value in answers.items() if name != question.name}
            for given in (without, {**without, question.name: ""}):
                done = run("trustissuer", "--preset", preset.key, *flags_for(preset, given), *SCOPES)
                assert nothing_is_kept(done, f"--answer {question.name}: This is needed")


@every
def test_answer_that_looks_otherwise_is_malformed(run, preset, flags_for):
    for question in preset.questions:
        if question.pattern:
            answers = {**answers_for(preset), question.name: "no way!"}
            done = run("trustissuer", "--preset", preset.key, *flags_for(preset, answers), *SCOPES)
            assert nothing_is_kept(
                done, f"--answer {question.name}: Not as expected: it looks like {question.example}"
            )


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([*IDS, "--answer", "owner=1"], "--answer owner: there is no such question; github-actions asks for"),
        ([*IDS, "--answer", "environment"], "--answer: not QUESTION=VALUE: environment"),
        ([*IDS, "--answer", "owner_id=1"], "--answer owner_id: it takes one answer"),
        ([*IDS, "--answer", "refs=refs/heads/main", "--answer", "refs=main"], "--answer refs: Not as"),
        ([*IDS, "--answer", "environment=a\nb"], "--answer environment: Not as expected: it is one line."),
        ([*IDS, "--answer", "issuer=https://ghe.example", "--issuer", ACTIONS], "--issuer: by the preset"),
        ([*IDS, "--issuer", "https://as.example.com"], "--issuer: This is the server itself"),
        ([*IDS, "--answer", "issuer=https://as.example.com"], "--answer issuer: This is the server itself"),
        ([*IDS, "--audience", " "], "--audience: There is white space around"),
        ([*IDS, "--condition", "nonsense"], "--condition: not a condition"),
        ([*IDS, "--application", "nothing"], "--application: there is no application"),
        ([*IDS, "--link", "alice"], "--link: not SUBJECT=USER"),
        (["--condition", "repository_id=1"], "--answer repository_id: This is needed"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_kept(run, arguments, error):
    assert nothing_is_kept(run(*GITHUB, *arguments, *SCOPES), error)


def test_rule_of_a_preset_has_scopes(run):
    assert nothing_is_kept(run(*GITHUB, *IDS), "--scopes: ")


@pytest.mark.parametrize(
    ("key", "answers", "error"),
    [
        ("oidc", ["issuer=https://i.example", "claim=/a~2", "value=x"], "JSON Pointer"),
        ("oidc", ["issuer=https://i.example", f"claim={'x' * 256}", "value=x"], "--answer claim: "),
        ("service-account", ["issuer=robot", "jwks=/nowhere"], "--answer jwks: cannot read /nowhere"),
        ("x5c", ["issuer=i", "trust_anchors=-", "binding=dns=client.example"], "--answer trust_anchors: "),
        ("x5c", ["issuer=i", "trust_anchors=-", "binding=subject=!"], "--answer binding: Not a disting"),
    ],
)
def test_answer_that_no_column_takes(run, key, answers, error):
    flags = [part for answer in answers for part in ("--answer", answer)]
    done = run("trustissuer", "--preset", key, *flags, *SCOPES, stdin="no certificate")
    assert nothing_is_kept(done, error)


def test_private_key_is_refused(run):
    flags = ["--answer", "issuer=robot", "--answer", "jwks=-", *SCOPES]
    done = run("trustissuer", "--preset", "service-account", *flags, stdin=rsa_key().private_pem())
    assert nothing_is_kept(done, "--answer jwks: ")
    assert "PRIVATE KEY" not in done.err


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("github", "did you mean github-actions?"),
        ("GitLab", "did you mean gitlab-ci?"),
        ("entra", "did you mean entra-id, entra-scim, entra-id-v1?"),
        ("terraform", "did you mean hcp-terraform?"),
        ("nobody-at-all", "no preset nobody-at-all. --list-presets prints all."),
    ],
)
def test_unknown_preset(run, name, near):
    done = run("trustissuer", "--preset", name, *IDS, *SCOPES)
    assert nothing_is_kept(done, near)
    assert done.status == 2


def test_answers_are_for_a_preset_and_without_one_there_is_an_issuer(run):
    assert nothing_is_kept(run("trustissuer", "--issuer", ACTIONS, *IDS), "--answer: to which preset?")
    done = run("trustissuer", *SCOPES)
    assert nothing_is_kept(done, "--issuer is required, unless a --preset knows it")
    assert done.status == 2


def test_every_preset_is_listed_with_its_questions(run):
    done = run("trustissuer", "--list-presets")
    assert (done.status, done.err) == (0, "")
    words = [line.split()[0] for line in done.out.splitlines()]
    expected = [
        [f"{preset.key}:", *(question.name for question in preset.questions)] for preset in all_presets()
    ]
    assert words == [word for preset in expected for word in preset]
    assert all(f"{preset.key}: {preset.name}" in done.out.splitlines() for preset in all_presets())
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert "owner_id Repository owner id (required, such as 90210)" in lines
    assert "refs Refs (unless given: refs/heads/main, may repeat)" in lines
    assert "jwks Public key (required, a file)" in lines
    assert "environment Environment (optional)" in lines
    assert not TrustedIssuer.objects.exists()


def test_preset_of_the_site_is_there_too(run, monkeypatch):
    monkeypatch.setattr(registry, "_presets", dict(registry._presets))
    tenant = PresetQuestion(name="tenant", label="Tenant")
    pin = ConditionTemplate("tid", ("{tenant}",), pin=True)
    own = Preset(
        key="own", name="Own", questions=(tenant,), conditions=(pin,), issuer="https://own.example/{tenant}"
    )
    registry.register(own)
    assert "own: Own\n    tenant                Tenant (required)" in run("trustissuer", "--list-presets").out
    assert run("trustissuer", "--preset", "own", "--answer", "tenant=acme", *SCOPES).status == 0
    assert TrustedIssuer.objects.get().issuer == "https://own.example/acme"


def test_flags_count_more_than_the_preset(run, application, user, tmp_path):
    flags = [
        *("--name", "Ours", "--replay-policy", "require_jti", "--max-lifetime", "300"),
        *("--algorithms", "RS256", "ES256", "--rule", "deploy", "--position", "7"),
        *("--application", "tool", "--anonymous", "--service-user", "alice@example.com"),
        *(
            "--scope-claim",
            "ignore",
            "--condition",
            "environment=production",
            "--link",
            "a=alice@example.com",
        ),
    ]
    assert run(*GITHUB, *IDS, *flags, *SCOPES).status == 0
    issuer = TrustedIssuer.objects.get()
    assert (issuer.name, issuer.replay_policy, issuer.max_lifetime) == ("Ours", "require_jti", 300)
    assert issuer.algorithms == ["RS256", "ES256"]
    rule = issuer.rules.get()
    assert (rule.name, rule.position, rule.scope_claim) == ("deploy", 7, "ignore")
    assert (rule.client_policy, rule.subject_policy, rule.user) == ("anonymous", "service_user", user)
    assert issuer.linked_subjects.get().user == user
    # The conditions of the flag are further ones: what pins cannot get lost.
    assert [row.claim for row in rule.conditions.order_by("pk")] == [
        "repository_owner_id",
        "repository_id",
        "event_name",
        "ref",
        "ref_protected",
        "environment",
    ]
    assert "unchanged" in run(*GITHUB, *IDS, *flags, *SCOPES).out


def test_keys_from_elsewhere(run, tmp_path, flags_for):
    path = tmp_path / "keys.json"
    path.write_text(rsa_key().pem())
    preset = get_preset("kubernetes")
    answers = [
        part for name, value in answers_for(preset).items() for part in ("--answer", f"{name}={value}")
    ]
    done = run("trustissuer", "--preset", "kubernetes", *answers, "--jwks", str(path), *SCOPES)
    assert done.status == 0
    issuer = TrustedIssuer.objects.get()
    assert (issuer.key_source, issuer.jwks) == ("inline", normalise_jwks(rsa_key().pem()))
    # Said again without them, they stay, and that is said.
    again = run("trustissuer", "--preset", "kubernetes", *answers, *SCOPES)
    told = again.err.splitlines()[0]
    assert told == "The issuer was trusted already. It keeps values that differ from the preset: key source"
    assert TrustedIssuer.objects.get().key_source == "inline"


def test_issuer_is_said_by_its_own_flag_too(run):
    assert run(*GITHUB, *IDS, "--issuer", f"{ACTIONS}/acme", *SCOPES).status == 0
    assert TrustedIssuer.objects.get().issuer == f"{ACTIONS}/acme"
    google = ("trustissuer", "--preset", "google", "--answer", f"unique_id={'1' * 21}", *SCOPES)
    assert run(*google, "--issuer", "https://accounts.google.com").status == 0
    done = run(*google, "--issuer", "https://accounts.google.com/")
    assert done.err == "--issuer: by the preset google it is https://accounts.google.com"


def test_second_repository_is_a_second_rule_and_the_issuer_stays_as_it_is(run):
    run(*GITHUB, *IDS, *SCOPES)
    run("trustissuer", "--issuer", ACTIONS, "--max-lifetime", "300", "--name", "Ours")
    second = (*GITHUB, "--answer", "owner_id=90210", "--answer", "repository_id=2", *SCOPES)
    done = run(*second)
    assert done.out == f"Issuer {ACTIONS}: unchanged.\nRule 90210 2: created.\n"
    assert done.err.splitlines()[0].endswith("It keeps values that differ from the preset: --max-lifetime")
    issuer = TrustedIssuer.objects.get()
    assert (issuer.max_lifetime, issuer.name) == (300, "Ours")
    assert list(issuer.rules.values_list("position", "name")) == [(0, "90210 770123456"), (1, "90210 2")]
    # A flag changes it, and nothing is left to be said.
    done = run(*second, "--max-lifetime", "600")
    assert done.out.splitlines()[0] == f"Issuer {ACTIONS}: updated (max_lifetime)."
    assert "It keeps values" not in done.err


def test_said_otherwise_a_rule_has_other_conditions_and_keeps_the_rest(run, user):
    run(*GITHUB, *IDS, *SCOPES, "--service-user", "alice@example.com", "--scope-claim", "ignore")
    tags = ("--answer", "refs=refs/tags/v1", "--answer", "refs=refs/tags/v2")
    assert run(*GITHUB, *IDS, *tags).out.splitlines()[1] == "Rule 90210 770123456: updated (conditions)."
    rule = GrantRule.objects.get()
    assert rule.conditions.get(claim="ref").values == ["refs/tags/v1", "refs/tags/v2"]
    assert (rule.user, rule.subject_policy, rule.scope_claim) == (user, "service_user", "ignore")
    assert run(*GITHUB, *IDS, "--answer", "refs=").status == 0
    assert not rule.conditions.filter(claim="ref").exists()
    assert rule.conditions.filter(claim="repository_id").exists()


def test_issuer_for_another_kind_of_jwt_gets_no_rule_of_this_kind(run):
    run("trustissuer", "--issuer", "https://idp.example", "--discovery")
    flags = ["--answer", "issuer=https://idp.example", "--answer", "client=wiki", *SCOPES]
    done = run("trustissuer", "--preset", "id-jag", *flags)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("--answer issuer: It is trusted already, for another kind of JWTs: JWT bearer")
    assert not GrantRule.objects.exists()


@pytest.mark.parametrize(
    "keys", [["--discovery"], ["--jwks-url", "https://keys.example/jwks"], ["--jwks", "-"]]
)
def test_rule_that_hangs_on_keys_alone_is_made_for_no_other_keys(run, tmp_path, keys):
    """Else somebody else's assertions would come under a rule without conditions."""
    path = tmp_path / "robot.pem"
    path.write_text(ec_key().pem())
    flags = ["--answer", f"issuer={ACTIONS}", "--answer", f"jwks={path}", *SCOPES]
    robot = ("trustissuer", "--preset", "service-account", *flags)
    run("trustissuer", "--issuer", ACTIONS, *keys, stdin=rsa_key().pem())
    done = run(*robot)
    assert (done.status, done.out) == (1, "")
    assert done.err == "--answer issuer: It is trusted already, with other keys."
    TrustedIssuer.objects.all().delete()
    if keys != ["--jwks", "-"]:
        done = run(*robot, *keys)
        assert nothing_is_kept(done, "--preset service-account: its issuer is known by its own keys alone")


def test_long_answers_make_different_names(run):
    for path in ("a" * 120 + "1", "a" * 120 + "2"):
        answers = [
            "--answer",
            "issuer=https://oidc.example.org",
            "--answer",
            f"spiffe_id=spiffe://e.org/{path}",
        ]
        assert "created" in run("trustissuer", "--preset", "spiffe", *answers, *SCOPES).out.splitlines()[1]
    assert GrantRule.objects.count() == 2
    assert all(len(rule.name) == 100 for rule in GrantRule.objects.all())


def test_robot_user_is_made_once(run, application):
    wanted = (*GITHUB, *IDS, *SCOPES, "--rule", "Nightly", "--application", "tool", "--robot-user")
    done = run(*wanted)
    rule = GrantRule.objects.get()
    name = rule.user.get_username()
    assert name.startswith("nightly@robots.")
    assert f"Rule Nightly: created. Its user {name} is new." in done.out
    assert not rule.user.has_usable_password()
    assert [line.rpartition(" ")[2] for line in run(*wanted).out.splitlines()] == ["unchanged.", "unchanged."]
    rule.user.delete()
    assert "Rule Nightly: updated (user)." in run(*wanted).out
    assert get_user_model().objects.count() == 1


def test_robot_user_takes_no_user_over_and_nothing_is_kept(run):
    users = get_user_model().objects
    wanted = (*GITHUB, *IDS, "--rule", "x" * 90, "--robot-user")
    assert nothing_is_kept(run(*wanted), "--scopes")
    assert not users.exists()
    users.create_user(robot_name("x" * 90))
    assert nothing_is_kept(run(*wanted, *SCOPES), "--robot-user: there is a user xxx")
    assert robot_name("x" * 90) != robot_name("x" * 91)
    assert robot_name("\N{SNOWMAN}").startswith("robot@")
