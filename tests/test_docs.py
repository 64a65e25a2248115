"""README and docs, held against the code: names, defaults, answers, commands, links, examples that run."""

from __future__ import annotations

import ast
import difflib
import importlib
import itertools
import json
import re
import shlex
from collections.abc import Iterable
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.dispatch import Signal
from django.test import Client
from django.urls import reverse
from oauth2_provider.models import get_application_model

from oauth_jwt_grant import resources, signals, testing
from oauth_jwt_grant.assertion import ANSWERS, Reason
from oauth_jwt_grant.checks import CheckId
from oauth_jwt_grant.conf import settings as conf
from oauth_jwt_grant.models import ClaimCondition, Decision, GrantRule, TrustedIssuer
from oauth_jwt_grant.testing import TestIssuer
from oauth_jwt_grant.trust_file.schema import CONDITIONS, ISSUERS, LINKS, RULES, Column
from oauth_jwt_grant.trust_file.writing import toml
from tests.browser import pictures
from tests.public import LIST, documented, lines, load, own_options
from tests.support import case, cases

ROOT = Path(__file__).parent.parent
#: Every page: its path from the root, and its text.
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text()
    for path in (
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "example_project" / "README.md",
        *sorted((ROOT / "docs").rglob("*.md")),
    )
}
README = PAGES["README.md"]
CONCEPTS = PAGES["docs/concepts.md"]
COMMANDS = sorted(name for name, app in get_commands().items() if app == "oauth_jwt_grant")


def blocks(page: str, language: str) -> list[str]:
    """The fenced code blocks of ``page`` in ``language``."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGES[page], re.M | re.S)


def all_blocks(language: str) -> list[tuple[str, str]]:
    """Every such block, each after its page."""
    found = [(page, block) for page in PAGES for block in blocks(page, language)]
    assert found
    return found


def written(value: object) -> str:
    """A default as the pages have it: as JSON, but for what Python writes otherwise."""
    return str(value) if isinstance(value, bool) else json.dumps(value)


@cases("name", conf.DEFAULTS)
def test_settings_page_has_a_section_for_each(name):
    heading = re.search(rf"^## `{name}`: (.+)$", PAGES["docs/settings.md"], re.M)
    assert heading
    if name != "ALGORITHMS":
        assert heading[1].endswith(f", default `{written(conf.DEFAULTS[name])}`")


def test_settings_page_has_no_setting_of_its_own():
    assert set(re.findall(r"^## `(\w+)`", PAGES["docs/settings.md"], re.M)) == set(conf.DEFAULTS)


def test_settings_page_lists_the_default_algorithms():
    section = PAGES["docs/settings.md"].partition("## `ALGORITHMS`")[2].partition("\n## ")[0]
    assert re.findall(r"`(\w+)`[,.]", section.partition("Default: ")[2]) == conf.DEFAULTS["ALGORITHMS"]


@cases("reason", Reason)
def test_errors_page_says_what_a_client_is_told(reason):
    answer = ANSWERS[reason]
    row = re.search(rf"^\| `{reason}` \| (.+) \|$", PAGES["docs/errors.md"], re.M)
    assert row
    told, text, section, remedy = row[1].split(" | ")
    assert (told, section) == (f"{answer.status} `{answer.error}`", answer.section)
    assert text == answer.text.replace("{name}", "*name*")
    assert remedy.endswith(".")


def test_errors_page_has_no_reason_of_its_own():
    assert set(re.findall(r"^\| `(\w+)` \|", PAGES["docs/errors.md"], re.M)) == set(Reason)


def unexplained(names: Iterable[str], page: str) -> list[str]:
    """Those of ``names``, which are some, that ``page`` does not have as code."""
    names = sorted(names)
    assert names
    return [name for name in names if f"`{name}`" not in page]


def test_every_check_is_explained():
    assert unexplained(CheckId, PAGES["docs/checks.md"]) == []


def test_every_signal_is_explained():
    names = [name for name, value in vars(signals).items() if isinstance(value, Signal)]
    assert unexplained(names, CONCEPTS) == []


OWN_BUSINESS = {"id", "created", "updated", "jti_digest", "access_token", "replay_until", "iss"}
FIELDS = sorted(
    f"{model.__name__}.{field.name}"
    for model in (TrustedIssuer, GrantRule, ClaimCondition, Decision)
    for field in (*model._meta.fields, *model._meta.many_to_many)
    if field.name not in OWN_BUSINESS and not (field.many_to_one and model is not GrantRule)
)


def test_every_field_is_explained():
    names = {field.partition(".")[2] for field in FIELDS}
    assert unexplained(names - {"issuer", "rule"}, CONCEPTS) == []


CHOICES = sorted(
    {
        str(value)
        for model in (TrustedIssuer, GrantRule, ClaimCondition, Decision)
        for field in model._meta.fields
        for value, _ in field.choices or ()
    }
)


def test_every_choice_is_explained():
    assert unexplained(CHOICES, CONCEPTS) == []


@cases("name", COMMANDS)
def test_every_command_is_explained(name):
    assert any(f"`{name}`" in text or f"manage.py {name}" in text for text in PAGES.values())


def manual_of(command: str) -> str:
    """The section of ``command`` on the page of the commands, or the page that its row there links to."""
    page = PAGES["docs/commands.md"]
    section = re.search(rf"^## `{command}`\n(.*?)(?=^## |\Z)", page, re.M | re.S)
    link = re.search(rf"^\| .*`{command}`.*\]\(([\w-]+\.md)\)", page, re.M)
    assert section or link, f"docs/commands.md has no section and no link for {command}"
    return section[1] if section else PAGES[f"docs/{link[1]}"]


def test_every_option_is_in_the_manual_and_has_help():
    for command, actions in own_options().items():
        manual = manual_of(command)
        for action in actions:
            names = action.option_strings or [f"manage.py {command}"]
            with case(command, names):
                assert action.help
                assert [name for name in names if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", manual)]


def test_the_table_of_commands_has_each_of_them_and_no_other():
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| .* \| [^|]*\d[^|]* \|$", PAGES["docs/commands.md"], re.M)
    assert sorted(name for row in rows for name in re.findall(r"`(\w+)`", row)) == COMMANDS


def command_lines() -> list[pytest.param]:
    """Each ``manage.py ...`` that stands in a block of code, its continued lines joined."""
    found = []
    for page, text in PAGES.items():
        code = "\n".join(re.findall(r"^(?:    .*|```(?:sh|console)\n(?:.*\n)*?```)$", text, re.M))
        joined = code.replace("\\\n", " ")
        found += [(page, line) for line in re.findall(r"manage\.py ([a-z]\w*.*)$", joined, re.M)]
    return [pytest.param(line, id=f"{page}-{number}") for number, (page, line) in enumerate(found)]


@cases("line", command_lines())
def test_commands_in_the_docs_exist_and_take_these_arguments(line):
    name, *arguments = shlex.split(re.split(r" [<>|] ", line)[0], comments=True)
    apps = get_commands() | {"demo": "example", "runserver": "django.core"}
    assert name in apps
    if name == "demo":  # run by the tests of the example site
        assert set(arguments) <= {"--once"}
        return
    command = load_command_class(apps[name], name)
    command.create_parser("manage.py", name).parse_args(arguments)


@pytest.mark.parametrize("module", [resources, testing, signals], ids=lambda module: module.__name__)
def test_reference_has_all_names_of_the_modules_for_sites(module):
    names = getattr(module, "__all__", [n for n, value in vars(module).items() if isinstance(value, Signal)])
    documented = re.findall(r"^\.\. auto\w+:: (\w+)$", PAGES["docs/api.md"], re.M)
    assert names
    assert set(names) <= set(documented)


def test_what_is_public_is_what_the_list_has():
    listed = LIST.read_text().splitlines()
    changes = list(difflib.unified_diff(listed, lines(), "tests/public.txt", "the code", lineterm="", n=0))
    hint = "this is public: see CONTRIBUTING on deprecations. Then write the list: python -m tests.public"
    assert not changes, "\n".join([hint, *changes])


def test_a_documented_name_can_be_imported_from_its_path():
    for path in sorted(documented()):
        with case(path):
            load(path)


def test_names_that_settings_and_extensions_need_are_documented():
    """So that the list does not become empty without a sound."""
    wanted = {
        "oauth_jwt_grant.decision.Question",
        "oauth_jwt_grant.oauth2_validators.JWTBearerValidatorMixin",
        "oauth_jwt_grant.subjects.Provisioner",
        "oauth_jwt_grant.subjects.Resolver",
        "oauth_jwt_grant.testing.fixtures.jwt_issuer",
        "oauth_jwt_grant.trust.Issuer",
        "oauth_jwt_grant.views.JWTBearerTokenViewMixin",
    }
    assert wanted <= documented().keys()


def test_python_in_the_docs_compiles():
    for page, block in all_blocks("python"):
        with case(page, block):
            ast.parse(block)


def test_json_in_the_docs_is_json():
    for page, block in all_blocks("json"):
        with case(page, block):
            json.loads(block)


@cases("page", PAGES)
def test_links_lead_somewhere(page):
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", PAGES[page]):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        if not file.exists() or (anchor and anchor not in anchors(file.read_text())):
            dead.append(target)
    assert dead == []


@cases("page", PAGES)
def test_tests_that_a_page_names_exist(page):
    named = re.findall(r"`(tests/[\w/.-]+\.\w+)`", PAGES[page])
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_every_picture_is_shown_and_taken_by_a_test():
    names = pictures.shown()
    assert names == {path.stem for path in pictures.IMAGES.glob("*.png")}
    taken = "".join(Path(path).read_text() for path in pictures.files_that_take(names))
    assert [name for name in sorted(names) if f'shoot("{name}"' not in taken] == []


def test_each_attack_has_its_tests():
    attacks = PAGES["docs/threat-model.md"].split("\n### ")[1:]
    assert len(attacks) >= 25
    assert [attack.splitlines()[0] for attack in attacks if "`tests/" not in attack] == []


def anchors(text: str) -> set[str]:
    """What the headings of a page can be reached by."""
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_in_the_contents():
    index = PAGES["docs/index.md"]
    trees = re.findall(r"^```\{toctree\}\n(.*?)^```", index, re.M | re.S)
    listed = sorted(line for tree in trees for line in tree.splitlines() if re.fullmatch(r"[\w/-]+", line))
    linked = sorted(set(re.findall(r"\]\(([\w/-]+)\.md\)", index)))
    pages = sorted(page[len("docs/") : -len(".md")] for page in PAGES if page.startswith("docs/"))
    pages.remove("index")
    assert (listed, linked) == (pages, pages)
    assert "](docs/index.md)" in README


@pytest.mark.django_db
def test_readmes_two_requests_each_get_a_token(client, settings):
    settings.OAUTH2_PROVIDER = settings.OAUTH2_PROVIDER | {"SCOPES": {"deployments:read": "See deployments"}}
    applications = get_application_model().objects
    application = {"client_id": "deploy-tool", "client_secret": "good", "client_type": "confidential"}
    applications.create(**application, authorization_grant_type="client-credentials")
    before, after = (
        block for block in blocks("README.md", "sh") if "https://as.example.com/o/token/" in block
    )
    assert token_by(client, before.replace("$CLIENT_SECRET", "good")) == "deployments:read"
    applications.update(client_type="public")  # nothing is left that could be a secret
    issuer = TestIssuer()
    issuer.trust(scopes="deployments:read", applications=["deploy-tool"])
    assert token_by(client, after.replace("$JWT", issuer.mint())) == "deployments:read"


def token_by(client: Client, command: str) -> str:
    """The scope of the token that the server of the tests gives for ``command``."""
    url, form = read_curl(command)
    assert url == "https://as.example.com" + reverse("oauth2_provider:token")
    response = client.post(
        reverse("oauth2_provider:token"),
        form,
        content_type="application/x-www-form-urlencoded",
        headers={"host": "as.example.com"},
        secure=True,
    )
    assert response.status_code == 200, response.content
    return response.json()["scope"]


def read_curl(command: str) -> tuple[str, str]:
    """The URL and the body that curl would send."""
    words = shlex.split(command.replace("\\\n", " "))
    return words[1], "&".join(value for flag, value in itertools.pairwise(words) if flag == "-d")


def imported() -> set[tuple[str, str]]:
    """What the examples of the pages import of this package: module and name."""
    return {
        (node.module, alias.name)
        for _, block in all_blocks("python")
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("oauth_jwt_grant")
        for alias in node.names
    }


def test_examples_name_what_can_be_imported_and_what_the_reference_has():
    for module, name in sorted(imported()):
        with case(module, name):
            assert hasattr(importlib.import_module(module), name)
            is_model = module == "oauth_jwt_grant.models"  # docs/concepts.md has their fields
            assert is_model or re.search(rf"\b{name}\b", PAGES["docs/api.md"])


TABLES = {
    "issuers": ISSUERS,
    "issuers.rules": RULES,
    "issuers.rules.conditions": CONDITIONS,
    "issuers.links": LINKS,
}


def row_of_key(table: str, column: Column) -> str:
    """A key of a trust file as a row of the page."""
    field = column.field
    optional = field.null or field.blank or field.has_default()
    default = f"`{toml('' if column.default is None else column.default)}`" if optional else "must be there"
    return f"| `[[{table}]]` | `{column.name}` | {column.kind} | {default} |"


def test_the_keys_of_a_trust_file_are_those_of_the_schema():
    found = [line for line in PAGES["docs/trust-file.md"].splitlines() if line.startswith("| `[[issuers")]
    wanted = [row_of_key(name, column) for name, table in TABLES.items() for column in table.columns.values()]
    assert found == wanted, "docs/trust-file.md needs these rows:\n" + "\n".join(wanted)
