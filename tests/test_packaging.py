"""The promises of ``pyproject.toml``, the matrix that keeps them, and what the wheel holds."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import itertools
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

import oauth_jwt_grant
from tests.conftest import SLOW

ROOT = Path(__file__).parent.parent
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = CONFIGURATION["project"]
TOX = (ROOT / "tox.ini").read_text()
CI = (ROOT / ".ci" / "run").read_text()
INSTALLED = Path(oauth_jwt_grant.__file__).parent
#: Python releases that a Django series runs on, from its release notes.
PYTHONS_OF_DJANGO = {"5.2": {"3.11", "3.12", "3.13", "3.14"}, "6.0": {"3.12", "3.13", "3.14"}}
PYTHONS_OF_DJANGO["6.1"] = PYTHONS_OF_DJANGO["6.0"]


def classified(prefix: str) -> set[str]:
    """Return the versions of the classifiers that begin with ``prefix``: ``3.11``, but not ``3``."""
    found = (re.fullmatch(re.escape(prefix) + r" :: (\d+\.\d+)", line) for line in PROJECT["classifiers"])
    return {match[1] for match in found if match}


def dotted(factors: list[str]) -> set[str]:
    """Return ``{"6.1"}`` for ``["61"]`` and ``{"3.11"}`` for ``["311"]``."""
    return {f"{factor[0]}.{factor[1:]}" for factor in factors}


def ci_cells() -> set[tuple[str, str]]:
    """Return the pairs of Python and Django that CI's cells name."""
    return {
        (f"{python[0]}.{python[1:]}", f"{django[0]}.{django[1:]}")
        for python, django in re.findall(r"\bpy(\d+)-dj(\d+)", CI)
    }


def test_version_is_written_once():
    assert PROJECT["dynamic"] == ["readme", "urls", "version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", oauth_jwt_grant.__version__)


def test_lowest_python_is_the_lowest_classified():
    lowest = min(classified("Programming Language :: Python"), key=lambda version: int(version.split(".")[1]))
    assert PROJECT["requires-python"] == f">={lowest}"


def test_tox_knows_each_django_series_that_is_classified():
    assert dotted(re.findall(r"^    dj(\d+):", TOX, re.M)) == classified("Framework :: Django")


def test_lowest_django_is_the_lowest_classified():
    assert f"django>={min(classified('Framework :: Django'))}" in PROJECT["dependencies"]


def test_ci_runs_each_django_series():
    assert {django for _, django in ci_cells()} == classified("Framework :: Django")


def test_ci_pairs_only_what_django_supports():
    wrong = {(python, django) for python, django in ci_cells() if python not in PYTHONS_OF_DJANGO[django]}
    assert not wrong


SERIES = sorted(classified("Framework :: Django"))
#: Each series meets both servers; SQLite, which every developer has, only the oldest and the newest.
PAIRS = [*itertools.product(SERIES, ["postgres", "mariadb"]), (SERIES[0], "sqlite"), (SERIES[-1], "sqlite")]


@pytest.mark.parametrize(("django", "database"), PAIRS)
def test_ci_runs_each_series_of_django_with_its_databases(django, database):
    factor = "dj" + django.replace(".", "")
    cells = re.findall(rf"^    py\d+-{factor}(-.+)?$", CI, re.M)
    found = {next((name for name in ("postgres", "mariadb") if name in cell), "sqlite") for cell in cells}
    assert database in found


def table(page: str) -> dict[str, list[str]]:
    """The rows of the first table of ``page``: what is supported, and its versions, or names of databases."""
    text = (ROOT / page).read_text().partition("| versions |")[2].partition("\n\n")[0]
    rows = (line.split(" | ") for line in text.splitlines() if line.startswith("| ") and "---" not in line)
    return {row[0].removeprefix("| "): row[1].removesuffix(" |").split(", ") for row in rows}


@pytest.mark.parametrize("page", ["README.md", "docs/compatibility.md"])
def test_the_tables_of_versions_are_the_classifiers_and_the_cells(page):
    rows = table(page)
    assert (
        set(rows["Python"])
        == classified("Programming Language :: Python")
        == {python for python, _ in ci_cells()}
    )
    assert set(rows["Django"]) == classified("Framework :: Django")
    bounds = dict(line.split(">=") for line in PROJECT["dependencies"])
    assert rows["django-oauth-toolkit"][0].split()[0] == bounds["django-oauth-toolkit"]
    assert rows.get("oauthlib", [bounds["oauthlib"]])[0].split()[0] == bounds["oauthlib"]
    named = {name.lower() for name in rows["database"]}
    factors = {"sqlite", *re.findall(r"^    \w+: OJG_TEST_DB = (\w+)$", TOX, re.M)}
    assert {{"postgresql": "postgres"}.get(name, name) for name in named} == factors


def test_readme_and_classifier_say_how_mature_it_is():
    (status,) = (line for line in PROJECT["classifiers"] if line.startswith("Development Status"))
    assert f"\nStatus: {status.rpartition(' - ')[2].lower()}. " in README


@pytest.mark.parametrize(
    "factor",
    ["oidc", "atomic", "swapped", "hashed", "prepared", "redis", "oldest", "psycopg2", "pymysql"],
)
def test_ci_runs_each_kind_of_site_and_each_driver(factor):
    assert f"    {factor}: " in TOX
    assert re.search(rf"\bpy\d+-\S*\b{factor}\b", CI)


@pytest.mark.parametrize("name", ["test_line", "demo_line"])
def test_readme_and_ci_run_the_same_line(name):
    line = re.search(rf"^{name}='(.+)'$", CI, re.M)
    assert line
    readme = (ROOT / "README.md").read_text()
    assert re.search(rf"^\s*{re.escape(line[1])}$", readme, re.M)


def test_the_site_is_built_strictly_by_tox_by_ci_and_by_its_host():
    host = yaml.safe_load((ROOT / ".readthedocs.yaml").read_text())
    assert host["sphinx"] == {"configuration": "docs/conf.py", "fail_on_warning": True}
    # With the package: the reference of the Python API imports it.
    assert "pip install --group docs ." in host["build"]["jobs"]["install"]
    assert "sphinx-build -W " in TOX
    assert re.search(r"^others=\(.* docs .*\)$", CI, re.M)


def workflow(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text()))


def test_the_forge_runs_the_tests_on_each_python_that_is_classified():
    suite = workflow("tests")["jobs"]["suite"]
    assert set(suite["strategy"]["matrix"]["python"]) == classified("Programming Language :: Python")
    assert re.search(rf"^test_line='{re.escape(suite['steps'][-1]['run'])}'$", CI, re.M)


def test_the_cells_of_the_forge_are_those_of_ci_and_one_for_mysql():
    cells = workflow("tests")["jobs"]["databases"]["strategy"]["matrix"]["include"]
    more = [cell["cell"] for cell in cells if not re.search(rf"^    {re.escape(cell['cell'])}$", CI, re.M)]
    assert more == ["py312-dj52-mysql-oidc-hashed"]
    assert [
        cell for cell in cells if not cell["cell"].startswith("py" + cell["python"].replace(".", ""))
    ] == []


def test_environments_that_the_forge_names_exist():
    jobs = workflow("tests")["jobs"] | workflow("release")["jobs"]
    named = [*jobs["others"]["strategy"]["matrix"]["environment"], "package"]
    assert [name for name in named if f"[testenv:{name}]" not in TOX] == []


def test_a_release_may_ask_for_one_token_only_where_it_publishes():
    jobs = workflow("release")["jobs"]
    assert workflow("release")["permissions"] == workflow("tests")["permissions"] == {"contents": "read"}
    assert {name: job["permissions"] for name, job in jobs.items() if "permissions" in job} == {
        "publish": {"id-token": "write"}
    }


@pytest.mark.parametrize("command", ["explainassertion --json", "check --deploy"])
def test_a_report_asks_for_the_output_of_commands_that_exist(command):
    form = (ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml").read_text()
    assert f"manage.py {command}`" in form
    assert command.split()[0] in get_commands()


def test_every_dependency_has_a_lower_bound_and_no_upper():
    assert [line for line in PROJECT["dependencies"] if not re.fullmatch(r"[a-z-]+>=[\d.]+", line)] == []


def test_oldest_cell_pins_every_lower_bound():
    pinned = dict(re.findall(r"^    oldest: ([a-z-]+)==([\d.]+)", TOX, re.M))
    bounds = dict(line.split(">=") for line in PROJECT["dependencies"])
    assert pinned.keys() == bounds.keys() - {"django"}
    assert {name: pinned[name] for name in pinned if not pinned[name].startswith(bounds[name])} == {}


def names_in(package: Path) -> set[str]:
    return {
        path.relative_to(package).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }


@pytest.mark.skipif(os.environ.get("OJG_TEST_WHEEL") != "1", reason="not on an installed wheel")
def test_wheel_is_what_is_tested_and_holds_every_file():
    assert INSTALLED.is_relative_to(os.environ["TOX_ENV_DIR"])
    assert names_in(INSTALLED) == names_in(ROOT / "oauth_jwt_grant")


def build(folder: Path, into: Path) -> dict[str, bytes]:
    """Return the archives that ``folder`` is built into, by their names."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-t", "wheel", "-d", str(into)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return {path.name: path.read_bytes() for path in into.iterdir()}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the two archives of this tree."""
    folder = tmp_path_factory.mktemp("built")
    build(ROOT, folder)
    return folder


@pytest.fixture(scope="module")
def unpacked(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the source archive holds, in an empty folder."""
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return next(folder.iterdir())


def test_archives_built_from_the_source_archive_are_the_same_to_the_byte(built, unpacked, tmp_path):
    again = build(unpacked, tmp_path / "again")
    assert len(again) == 2
    assert again == {path.name: path.read_bytes() for path in built.iterdir()}


def test_wheel_holds_the_package_and_its_licence_alone(built):
    names = zipfile.ZipFile(next(built.glob("*.whl"))).namelist()
    own = {f"oauth_jwt_grant/{name}" for name in names_in(ROOT / "oauth_jwt_grant")}
    metadata = f"oauth_jwt_grant-{oauth_jwt_grant.__version__}.dist-info"
    beside = ("METADATA", "RECORD", "WHEEL", "licenses/LICENSE")
    assert set(names) == own | {f"{metadata}/{name}" for name in beside}


def tracked() -> set[str]:
    """Return the files of the repository: those that are committed, and new ones that are not ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return {name for name in listed.split("\0") if (ROOT / name).is_file()}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not on a source archive: no repository around it")
def test_source_archive_holds_every_file_of_the_repository(unpacked):
    assert names_in(unpacked) == tracked() | {"PKG-INFO"}


def build_hook() -> ModuleType:
    """Return the module that makes the package page; it is beside the package, not in it."""
    specification = importlib.util.spec_from_file_location("package_page", ROOT / "docs" / "package_page.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


README = (ROOT / "README.md").read_text()
REPOSITORY = "https://git.example/acme/grant"
FILES = f"{REPOSITORY}/(?:blob|raw)/v1.2.3/"


def targets(page: str) -> list[str]:
    return re.findall(r"\]\(([^)]+)\)", page)


def test_package_page_links_to_the_files_of_its_version():
    page = build_hook().package_page(README, REPOSITORY, "1.2.3")
    own = [re.sub(FILES, "", target) for target in targets(page) if target.startswith(REPOSITORY)]
    assert [target for target in targets(page) if not target.startswith("https://")] == []
    assert own == [target for target in targets(README) if not target.startswith("https://")]
    assert [target for target in own if not (ROOT / target.partition("#")[0]).is_file()] == []
    assert f"]({REPOSITORY}/raw/v1.2.3/docs/images/flow.svg)\n\n" in page
    assert re.sub(FILES, "", page).split() == README.split()


def test_package_page_has_no_link_that_leads_nowhere_while_the_repository_has_no_address():
    page = build_hook().package_page(README, "", "1.2.3")
    assert "https://django-oauth-toolkit.readthedocs.io/" in targets(page)
    assert [target for target in targets(page) if not target.startswith("https://")] == []
    assert "GitHub Actions," in page
    assert "![" not in page


def test_package_page_lists_the_addresses_of_the_repository():
    hook = build_hook()
    assert hook.addresses("", "1.2.3") == {}
    listed = hook.addresses(REPOSITORY, "1.2.3")
    assert listed["Source"] == REPOSITORY
    own = [re.sub(FILES, "", address) for address in listed.values() if re.match(FILES, address)]
    assert sorted(own) == ["CHANGELOG.md", "docs/index.md"]


@pytest.mark.skipif(os.environ.get("OJG_TEST_WHEEL") != "1", reason="not on an installed wheel")
def test_metadata_has_the_package_page():
    metadata = importlib.metadata.metadata("oauth-jwt-grant")
    assert metadata["Description-Content-Type"] == "text/markdown"
    repository = CONFIGURATION["tool"]["hatch"]["metadata"]["hooks"]["custom"]["repository"]
    version, hook = oauth_jwt_grant.__version__, build_hook()
    assert metadata.get_payload().strip() == hook.package_page(README, repository, version).strip()
    listed = [f"{name}, {address}" for name, address in hook.addresses(repository, version).items()]
    assert metadata.get_all("Project-URL", []) == listed


def test_package_is_marked_as_typed():
    assert (INSTALLED / "py.typed").is_file()


def test_what_the_quick_loop_leaves_out_is_there():
    assert [name for name in SLOW if not (ROOT / "tests" / name).exists()] == []
