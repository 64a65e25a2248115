"""What the page of an issuer tells those who write clients; whatever an operator has written stays that."""

from __future__ import annotations

import ast
import html
import re
import shlex

import pytest
from django.urls import reverse
from oauth2_provider.models import get_application_model

from oauth_jwt_grant.admin.clients import for_clients, google_example
from oauth_jwt_grant.models import GrantRule, TrustedIssuer
from oauth_jwt_grant.service_accounts import create_service_account

pytestmark = pytest.mark.django_db
URL = "https://as.example.com/o/token/"
NASTY = [
    "https://a.example/'\"$(id)`id`\\",
    "https://a.example/\nimport os\n- x: y",
    "https://a.example/${{ secrets.X }}#",
    "https://a.example/\u2028\x7f\x85\U0001f600",
]


def rule_of(iss, *, clients=(), scopes="read 'x'$y", claims=(), doors=(), policy="listed", **fields):
    issuer, _ = TrustedIssuer.objects.get_or_create(name="n", issuer=iss, **fields)
    rule = GrantRule.objects.create(
        issuer=issuer,
        name=f"rule {issuer.rules.count()}",
        position=issuer.rules.count(),
        accepted_as=list(doors),
        client_policy=policy,
        subject_policy="no_user",
        scopes=scopes,
    )
    rule.applications.set(clients)
    for claim in claims:
        rule.conditions.create(claim=claim, values=["1"])
    return rule


def client(client_id, client_type="confidential"):
    return get_application_model().objects.create(
        client_id=client_id,
        client_type=client_type,
        client_secret="secret",
        authorization_grant_type="client-credentials",
    )


def told(issuer, url=URL):
    """For each rule, the values by their labels, and the command."""
    page = for_clients(issuer, url)
    row = re.compile(r'<th scope="row">(.*?)</th><td>(?:<code>)?(.*?)(?:</code>)?</td>', re.S)
    tables = [dict(row.findall(table)) for table in page.split("<h3>")[1:]]
    commands = re.findall(r"<pre.*?>(.*?)</pre>", page, re.S)
    return [
        ({name: html.unescape(value) for name, value in table.items()}, html.unescape(command))
        for table, command in zip(tables, commands, strict=True)
    ]


def words_of(command):
    """The words that a shell makes of it, comments left out."""
    return shlex.split(command.replace("\\\n", ""), comments=True)


@pytest.mark.parametrize("nasty", NASTY)
@pytest.mark.parametrize("iss", ["https://gitlab.com", "https://acme.example"])
def test_nothing_breaks_out(nasty, iss):
    rule = rule_of(iss, audiences=[nasty], clients=[client("a'b $(id)", "public")])
    ((values, command),) = told(rule.issuer)
    assert values["Audience (aud) of the JWT"] == nasty
    assert values["Scope"] == "read 'x'$y"
    words = words_of(command)
    assert words[:2] == ["curl", URL]
    assert words[-4:] == ["--data-urlencode", "client_id=a'b $(id)", "--data-urlencode", "scope=read 'x'$y"]
    assert len(words) == 10


def test_each_enabled_rule_has_its_own_values():
    one = rule_of("https://acme.example", clients=[client("tool", "public")], scopes="read")
    rule_of("https://acme.example", clients=[client("spare"), client("a:b")], scopes="write")
    rule_of("https://acme.example", policy="anonymous", scopes="", clients=[client("not needed")])
    rule_of("https://acme.example", scopes="admin")
    GrantRule.objects.filter(pk=rule_of("https://acme.example").pk).update(enabled=False)
    found = told(one.issuer)
    assert [values["Client ID"] for values, _ in found] == [
        "tool",
        "a:b with its secret or spare with its secret",
        "none is needed",
        "no application: nobody can use it",
    ]
    assert [values["Scope"] for values, _ in found] == ["read", "write", "-", "admin"]
    assert {values["Token URL"] for values, _ in found} == {URL}
    words = [words_of(command) for _, command in found]
    assert "client_id=tool" in words[0]
    assert "CLIENT_SECRET" not in found[0][1]
    # The colon of the client_id is not that of HTTP Basic.
    assert words[1][words[1].index("--user") + 1] == "a%3Ab:$CLIENT_SECRET"
    assert not [word for word in [*words[2], *words[3]] if word == "--user" or "client_id" in word]
    assert not [word for word in words[2] if word.startswith("scope=")]


def test_the_page_of_an_issuer_has_them_with_the_url_as_it_is_mounted(page):
    rule = rule_of("https://acme.example", clients=[client("tool", "public")])
    url = reverse("admin:oauth_jwt_grant_trustedissuer_change", args=[rule.issuer.pk])
    shown = page.get(url, HTTP_HOST="testserver").content.decode()
    assert f"<code>http://testserver{reverse('oauth2_provider:token')}</code>" in shown
    assert "<td>tool</td>" in shown


def test_without_an_enabled_rule_it_says_so():
    issuer = TrustedIssuer.objects.create(name="n", issuer="https://acme.example")
    assert "No rule is enabled" in for_clients(issuer, URL)


def test_vendor_is_linked_and_its_way_to_an_assertion_stands_in_the_command():
    rule = rule_of("https://gitlab.com", audiences=["https://as.example.com"])
    assert 'href="https://docs.gitlab.com/' in for_clients(rule.issuer, URL)
    assert "#   id_tokens: {ASSERTION: {aud: https://as.example.com}}" in told(rule.issuer)[0][1]


def test_self_managed_software_is_known_by_the_claims_of_the_rule():
    rule = rule_of("https://git.acme.example", claims=["project_id", "namespace_id"])
    assert 'href="https://docs.gitlab.com/' in for_clients(rule.issuer, URL)
    assert "href" not in for_clients(rule_of("https://acme.example", claims=["project_id"]).issuer, URL)


@pytest.mark.parametrize(
    ("door", "parameters"),
    [
        ("authorization_grant", {"grant_type", "assertion", "scope"}),
        ("subject_token", {"grant_type", "subject_token", "subject_token_type", "scope"}),
        ("client_assertion", {"grant_type", "client_assertion", "client_assertion_type", "scope"}),
    ],
)
def test_request_is_for_the_door_of_the_rule(door, parameters):
    rule = rule_of("https://acme.example", doors=[door], clients=[client("tool")])
    GrantRule.objects.filter(pk=rule.pk).update(default_application=client("federated"))
    ((values, command),) = told(rule.issuer)
    assert set(re.findall(r"--data-urlencode [\"']?(\w+)=", command)) == parameters
    assert ("--user" in command) == (door != "client_assertion")
    named = str(rule.issuer.rules.get().default_application)
    assert values["Client ID"] == (
        f"none: the JWT authenticates {named}" if door == "client_assertion" else "tool with its secret"
    )


def test_the_first_audience_is_the_issuer_identifier(settings):
    names = ["https://b.example/o", "https://a.example"]
    settings.OAUTH_JWT_GRANT = settings.OAUTH_JWT_GRANT | {"AUDIENCES": names}
    ((values, _),) = told(rule_of("https://acme.example").issuer)
    assert values["Audience (aud) of the JWT"] == names[0]


def test_account_has_a_program_for_the_library_of_google():
    account = create_service_account("bot", scopes="read write", token_uri=URL).issuer
    program = google_example(account, URL, "bot.json")
    ast.parse(program)
    assert "from_service_account_file(\n    'bot.json', scopes=['read', 'write']\n)" in program
    assert "with_claims" not in program
    account.rules.update(enabled=False)
    assert "'bot.json', scopes=[]\n" in google_example(account, URL, "bot.json")


@pytest.mark.parametrize("nasty", NASTY)
def test_nothing_breaks_out_of_the_program_of_an_account(nasty):
    account = create_service_account("bot", scopes="read", token_uri=URL, google_audience=False).issuer
    account.audiences = [nasty]
    account.rules.update(scopes="read 'x'$y\"z")
    program = google_example(account, URL, "bot.json")
    (claims,) = [node for node in ast.walk(ast.parse(program)) if isinstance(node, ast.Dict)]
    assert ast.literal_eval(claims) == {"aud": nasty}
    assert len(ast.parse(program).body) == 6
