"""README and docs, held against the code: names, defaults, answers, commands, links, examples that run."""

from __future__ import annotations

import ast
import io
import itertools
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command, get_commands, load_command_class
from django.dispatch import Signal
from django.urls import reverse

import oauth_jwt_grant
from oauth_jwt_grant import signals
from oauth_jwt_grant.assertion import ANSWERS, Reason
from oauth_jwt_grant.checks import CheckId
from oauth_jwt_grant.conf import settings as conf
from oauth_jwt_grant.models import ClaimCondition, Decision, GrantRule, TrustedIssuer

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


def all_blocks(language: str) -> list[pytest.param]:
    return [
        pytest.param(block, id=f"{page}-{number}")
        for page in PAGES
        for number, block in enumerate(blocks(page, language))
    ]


def rows(page: str, heading: str) -> list[list[str]]:
    """The cells of the first table after ``heading``, without its head."""
    lines = PAGES[page].partition(heading)[2].splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("|"))
    table = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split("|")])
    return table[2:]


def test_readme_lists_every_setting_with_its_default():
    listed = {cells[0].strip("`"): cells[2] for cells in rows("README.md", "\n## Settings\n")}
    assert listed.keys() == conf.DEFAULTS.keys()
    in_words = listed.pop("ALGORITHMS")
    assert "none" not in in_words
    assert listed == {name: f"`{written(conf.DEFAULTS[name])}`" for name in listed}


def written(value: object) -> str:
    """A default as the pages have it: as JSON, but for what Python writes otherwise."""
    return str(value) if isinstance(value, bool) else json.dumps(value)


@pytest.mark.parametrize("name", conf.DEFAULTS)
def test_settings_page_has_a_section_for_each(name):
    heading = re.search(rf"^## `{name}`: (.+)$", PAGES["docs/settings.md"], re.M)
    assert heading
    if name != "ALGORITHMS":
        assert heading[1].endswith(f", default `{written(conf.DEFAULTS[name])}`")


def test_settings_page_lists_the_default_algorithms():
    section = PAGES["docs/settings.md"].partition("## `ALGORITHMS`")[2].partition("\n## ")[0]
    assert re.findall(r"`(\w+)`[,.]", section.partition("Default: ")[2]) == conf.DEFAULTS["ALGORITHMS"]


@pytest.mark.parametrize("reason", Reason)
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


def test_readme_lists_every_answer():
    listed = {(cells[0], cells[1].strip("`")) for cells in rows("README.md", "\n## Errors\n")}
    assert listed == {(str(answer.status), answer.error) for answer in ANSWERS.values()}


@pytest.mark.parametrize("check_id", CheckId)
def test_every_check_is_explained(check_id):
    assert f"`{check_id}`" in PAGES["docs/checks.md"]


@pytest.mark.parametrize("name", sorted(n for n, value in vars(signals).items() if isinstance(value, Signal)))
def test_every_signal_is_explained(name):
    assert f"`{name}`" in CONCEPTS


OWN_BUSINESS = {"id", "created", "updated", "jti_digest", "access_token", "replay_until", "iss"}
FIELDS = sorted(
    f"{model.__name__}.{field.name}"
    for model in (TrustedIssuer, GrantRule, ClaimCondition, Decision)
    for field in (*model._meta.fields, *model._meta.many_to_many)
    if field.name not in OWN_BUSINESS and not (field.many_to_one and model is not GrantRule)
)


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_is_explained(field):
    name = field.partition(".")[2]
    assert f"`{name}`" in CONCEPTS or name in ("issuer", "rule")


CHOICES = sorted(
    {
        str(value)
        for model in (TrustedIssuer, GrantRule, ClaimCondition, Decision)
        for field in model._meta.fields
        for value, _ in field.choices or ()
    }
)


@pytest.mark.parametrize("choice", CHOICES)
def test_every_choice_is_explained(choice):
    assert f"`{choice}`" in CONCEPTS


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_explained(name):
    assert any(f"`{name}`" in text or f"manage.py {name}" in text for text in PAGES.values())


def command_lines() -> list[pytest.param]:
    """Each ``manage.py ...`` that stands in a block of code, its continued lines joined."""
    found = []
    for page, text in PAGES.items():
        code = "\n".join(re.findall(r"^(?:    .*|```(?:sh|console)\n(?:.*\n)*?```)$", text, re.M))
        joined = code.replace("\\\n", " ")
        found += [(page, line) for line in re.findall(r"manage\.py ([a-z]\w*.*)$", joined, re.M)]
    return [pytest.param(line, id=f"{page}-{number}") for number, (page, line) in enumerate(found)]


@pytest.mark.parametrize("line", command_lines())
def test_commands_in_the_docs_exist_and_take_these_arguments(line):
    name, *arguments = shlex.split(re.split(r" [<>|] ", line)[0], comments=True)
    apps = get_commands() | {"demo": "example", "runserver": "django.core"}
    assert name in apps
    if name == "demo":  # run by the tests of the example site
        assert set(arguments) <= {"--once"}
        return
    command = load_command_class(apps[name], name)
    command.create_parser("manage.py", name).parse_args(arguments)


@pytest.mark.parametrize("block", all_blocks("python"))
def test_python_in_the_docs_compiles(block):
    ast.parse(block)


@pytest.mark.parametrize("block", all_blocks("json"))
def test_json_in_the_docs_is_json(block):
    json.loads(block)


@pytest.mark.parametrize("page", PAGES)
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


def anchors(text: str) -> set[str]:
    """What the headings of a page can be reached by."""
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_can_be_reached_from_the_readme():
    linked = set(re.findall(r"\]\((docs/[\w/-]+\.md)", README))
    assert linked == {page for page in PAGES if page.startswith("docs/")}


SITE = """
SECRET_KEY = "only-for-this-test-0123456789-0123456789-0123456789"
ALLOWED_HOSTS = ["as.example.com"]
ROOT_URLCONF = "readme_urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "readme.sqlite3"}}
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]},
}]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
"""


def test_a_site_with_readmes_settings_and_urls_passes_every_check(tmp_path):
    settings_block, urls_block = blocks("README.md", "python")
    (tmp_path / "readme_settings.py").write_text(SITE + settings_block)
    (tmp_path / "readme_urls.py").write_text(urls_block)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "OJG_"))}
    package = Path(oauth_jwt_grant.__file__).parent.parent
    environment = kept | {
        "DJANGO_SETTINGS_MODULE": "readme_settings",
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{package}",
    }
    for arguments in (["check", "--fail-level", "INFO"], ["migrate", "--verbosity", "0"]):
        result = subprocess.run(
            [sys.executable, "-m", "django", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert result.returncode == 0, result.stderr


@pytest.mark.django_db
def test_readmes_commands_lead_to_readmes_answer(client, settings, tmp_path, monkeypatch):
    settings.OAUTH2_PROVIDER = settings.OAUTH2_PROVIDER | {"SCOPES": {"deployments:read": "See deployments"}}
    monkeypatch.chdir(tmp_path)
    user_model = get_user_model()
    user_model.objects.create(**{user_model.USERNAME_FIELD: "deploy-bot"})
    for name in ("createapplication", "trustissuer", "mintassertion", "trustissuer --issuer"):
        run_as_readme_says(name)
    (command,) = blocks("README.md", "sh")
    url, form = read_curl(command.replace("$JWT", Path("assertion.jwt").read_text().strip()))
    assert url == "https://as.example.com" + reverse("oauth2_provider:token")
    response = client.post(
        url.removeprefix("https://as.example.com"),
        form,
        content_type="application/x-www-form-urlencoded",
        headers={"host": "as.example.com"},
        secure=True,
    )
    (shown,) = blocks("README.md", "json")
    assert response.status_code == 200, response.content
    assert response.json() | {"access_token": "xq3..."} == json.loads(shown)


def run_as_readme_says(beginning: str) -> None:
    """Run the README's first command line that begins so, with its output in the file that it names."""
    line = re.search(rf"^    python manage\.py ({beginning} (?:.*\\\n)*.*)", README, re.M)
    command, _, file = line[1].replace("\\\n", " ").partition(" > ")
    output = io.StringIO()
    call_command(*shlex.split(command), stdout=output)
    if file:
        Path(file).write_text(output.getvalue())


def read_curl(command: str) -> tuple[str, str]:
    """The URL and the body that curl would send."""
    words = shlex.split(command.replace("\\\n", " "))
    return words[1], "&".join(value for flag, value in itertools.pairwise(words) if flag == "-d")


def test_examples_name_what_can_be_imported():
    for page in PAGES:
        for block in blocks(page, "python"):
            for node in ast.walk(ast.parse(block)):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("oauth_jwt_grant"):
                    module = import_from(node.module or "")
                    assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []


def import_from(name: str) -> ModuleType:
    __import__(name)
    return sys.modules[name]
