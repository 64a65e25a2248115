"""Programs for clients: whatever an operator has written, they stay what they are."""

from __future__ import annotations

import ast
import re
import shlex

import pytest

from oauth_jwt_grant.admin.clients import client_examples, terms_of
from oauth_jwt_grant.models import GrantRule, TrustedIssuer
from oauth_jwt_grant.service_accounts import create_service_account

yaml = pytest.importorskip("yaml", reason="not on this cell: PyYAML is not installed")
URL = "https://as.example.com/o/token/"
NASTY = [
    "https://a.example/'\"$(id)`id`\\",
    "https://a.example/\nimport os\n- x: y",
    "https://a.example/${{ secrets.X }}#",
    "https://a.example/\u2028\x7f\x85\U0001f600",
]


def programs_of(iss, *, audience=None, scopes="read 'x'$y", client_policy="listed", claims=(), doors=()):
    issuer = TrustedIssuer.objects.create(
        name=audience or "n", issuer=iss, audiences=[audience] if audience else []
    )
    rule = GrantRule.objects.create(
        issuer=issuer,
        name="r",
        accepted_as=list(doors),
        client_policy=client_policy,
        subject_policy="no_user",
        scopes=scopes,
    )
    for claim in claims:
        rule.conditions.create(claim=claim, values=["1"])
    return dict(client_examples(issuer, URL))


@pytest.mark.django_db
@pytest.mark.parametrize("nasty", NASTY)
def test_nothing_breaks_out(nasty):
    programs = programs_of("https://token.actions.githubusercontent.com", audience=nasty)
    ast.parse(programs["Python"])
    words = shlex.split(programs["curl"].replace("\\\n", ""), comments=True)
    assert words[:2] == ["curl", URL]
    assert "scope=read 'x'$y" in words
    assert len(words) == 10
    workflow = yaml.safe_load(programs["GitHub Actions"])
    assert workflow["permissions"] == {"id-token": "write"}
    env = workflow["jobs"]["call-api"]["steps"][0]["env"]
    assert env["AUDIENCE"].replace("${{ '${{' }}", "${{") == nasty
    assert env["SCOPE"] == "read 'x'$y"
    assert env["CLIENT_SECRET"] == "${{ secrets.CLIENT_SECRET }}"


@pytest.mark.django_db
@pytest.mark.parametrize("nasty", NASTY)
def test_nothing_breaks_out_of_a_job_of_gitlab(nasty):
    job = yaml.safe_load(programs_of("https://gitlab.com", audience=nasty)["GitLab CI"])["call-api"]
    assert job["id_tokens"] == {"ASSERTION": {"aud": nasty.replace("$", "$$")}}
    assert job["variables"]["SCOPE"] == {"value": "read 'x'$y", "expand": False}
    assert job["variables"]["TOKEN_URL"]["value"] == URL
    assert "$TOKEN_URL" in job["script"][0]


@pytest.mark.django_db
def test_self_managed_software_is_known_by_the_claims_of_the_rule():
    programs = programs_of(
        "https://git.acme.example",
        claims=["project_id", "namespace_id"],
        client_policy="anonymous",
    )
    assert "CLIENT_ID" not in "".join(programs.values())
    assert list(programs) == ["curl", "Python", "GitLab CI"]


@pytest.mark.django_db
def test_others_have_no_pipeline():
    assert list(programs_of("https://acme.example")) == ["curl", "Python"]


@pytest.mark.django_db
def test_account_has_a_program_for_the_library_of_google():
    account = create_service_account("bot", scopes="read write", token_uri=URL).issuer
    name, program = client_examples(account, URL)[0]
    ast.parse(program)
    assert name == "Python, with the key file"
    assert "from_service_account_file(\n    'bot.json', scopes=['read', 'write']\n)" in program
    assert "with_claims" not in program


@pytest.mark.django_db
@pytest.mark.parametrize("nasty", NASTY)
def test_nothing_breaks_out_of_the_program_of_an_account(nasty):
    account = create_service_account("bot", scopes="read", token_uri=URL, google_audience=False).issuer
    account.audiences = [nasty]
    account.rules.update(scopes="read 'x'$y\"z")
    program = dict(client_examples(account, URL))["Python, with the key file"]
    (claims,) = [node for node in ast.walk(ast.parse(program)) if isinstance(node, ast.Dict)]
    assert ast.literal_eval(claims) == {"aud": nasty}
    assert len(ast.parse(program).body) == 6


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("door", "parameters", "names_client"),
    [
        ("authorization_grant", {"grant_type", "assertion", "scope"}, True),
        ("subject_token", {"grant_type", "subject_token", "subject_token_type", "scope"}, True),
        ("client_assertion", {"grant_type", "client_assertion", "client_assertion_type", "scope"}, False),
    ],
)
def test_programs_are_for_the_door_of_the_rule(door, parameters, names_client):
    for iss in ("https://token.actions.githubusercontent.com", "https://gitlab.com"):
        for name, program in programs_of(iss, doors=[door], audience=iss).items():
            posted = set(re.findall(r"--data-urlencode [\"']?(\w+)=|^        '(\w+)':", program, re.M))
            # GitHub's own endpoint takes one more.
            assert set(map("".join, posted)) - {"audience"} == parameters, name
            assert ("CLIENT_SECRET" in program) == names_client, name


@pytest.mark.django_db
def test_the_first_audience_is_the_issuer_identifier(settings):
    names = ["https://b.example/o", "https://a.example"]
    settings.OAUTH_JWT_GRANT = settings.OAUTH_JWT_GRANT | {"AUDIENCES": names}
    assert (
        terms_of(TrustedIssuer.objects.create(name="n", issuer="https://acme.example"), URL).audience
        == names[0]
    )


@pytest.mark.django_db
@pytest.mark.parametrize("client_policy", ["anonymous", "listed"])
def test_a_credential_file_where_a_rule_admits_somebody_to_the_exchange(client_policy):
    programs = programs_of("https://acme.example", client_policy=client_policy, doors=["subject_token"])
    assert (len(programs) == 3) == (client_policy == "anonymous")
