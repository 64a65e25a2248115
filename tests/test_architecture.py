"""The rooms of the package: arrows (imports) point down, and there is no circle (docs/architecture.md)."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import oauth_jwt_grant

PACKAGE = Path(oauth_jwt_grant.__file__).parent
PAGE = Path(__file__).parent.parent / "docs" / "architecture.md"

#: The rooms by their floors, from the ground up.
FLOORS = [
    {"assertion"},
    {"keys", "rules", "conf", "database", "languages"},
    {"dpop"},
    {"models"},
    {"presets"},
    {"trust"},
    {"service_accounts", "subject_links"},
    {"trust_file"},
    {"decision"},
]
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
#: What Django, DOT, oauthlib, migrations or a settings file names. Its imports say on which floor it stands.
TOP = {
    *(
        "admin",
        "apps",
        "checks",
        "door_grants",
        "dot",
        "endpoints",
        "fields",
        "grant",
        "management",
        "middleware",
    ),
    *(
        "oauth2_backends",
        "oauth2_validators",
        "resources",
        "servers",
        "signals",
        "subjects",
        "testing",
        "urls",
    ),
    *("validators", "views"),
}
#: Django finds these by their names. Only ``apps`` imports one of them, to register the checks.
LEAVES = {"admin", "apps", "checks", "management"}
#: Each third-party library that matters, and the only files or rooms that import it or write its name.
LIBRARIES = {
    "authlib": ("keys/", "management/signing.py"),
    "cryptography": (
        *("assertion/jose.py", "keys/", "management/signing.py", "service_accounts/", "trust/health.py"),
        *("testing/issuer.py", "validators.py"),
    ),
    "joserfc": ("assertion/jose.py",),
    "oauth2_provider": ("dot.py",),
    "requests": ("keys/",),
    "requests_hardened": ("keys/",),
}
PURE = ["oauth_jwt_grant", *(f"oauth_jwt_grant.{room}" for room in ("assertion", "keys", "rules"))]

Arrows = Mapping[str, set[str]]


@cache
def nodes_of(path: Path) -> list[ast.AST]:
    """Return all nodes of a file of the package, which several tests look through."""
    return list(ast.walk(ast.parse(path.read_text())))


def names_in(path: Path) -> Iterator[str]:
    """Yield the dotted name of all that ``path`` imports: ``a.b`` for ``from a import b``."""
    parts = [PACKAGE.name, *path.relative_to(PACKAGE).parts[:-1]]
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = parts[: len(parts) - node.level + 1] if node.level else []
            prefix = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{prefix}.{alias.name}" for alias in node.names)


def file_of(name: str) -> str | None:
    """Return the file of this package that a dotted name leads to, or ``None``."""
    parts = name.split(".")
    while parts[0] == PACKAGE.name and len(parts) > 1:
        path = PACKAGE.joinpath(*parts[1:])
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                return file.relative_to(PACKAGE).as_posix()
        parts.pop()
    return None


@cache
def arrows() -> dict[str, set[str]]:
    """Return each file with the files that it imports; migrations, frozen as they are, left out."""
    paths = {path.relative_to(PACKAGE).as_posix(): path for path in PACKAGE.rglob("*.py")}
    paths = {file: path for file, path in paths.items() if not file.startswith("migrations/")}
    found = {file: {file_of(name) for name in names_in(path)} for file, path in paths.items()}
    return {file: {target for target in targets if target} for file, targets in found.items()}


def below(folder: str, graph: Arrows) -> dict[str, set[str]]:
    """Return the arrows among the children of ``folder`` (``"keys/"``, or ``""`` for the package)."""

    def child(file: str) -> str:
        return file.removeprefix(folder).split("/")[0].removesuffix(".py")

    found: dict[str, set[str]] = {}
    for file, targets in graph.items():
        if file.startswith(folder):
            inside = {child(target) for target in targets if target.startswith(folder)}
            found.setdefault(child(file), set()).update(inside - {child(file)})
    return found


def circle_in(graph: Arrows) -> list[str]:
    """Return the names along a circle of ``graph``, or nothing."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def reached(room: str, graph: Arrows) -> set[str]:
    """Return the rooms that ``room`` imports, directly or through modules of the top level."""
    found: set[str] = set()
    ahead = set(graph[room])
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead |= graph.get(name, set()) if name in TOP else set()
    return found - TOP


def upward(graph: Arrows) -> list[str]:
    """Return the arrows between rooms that do not lead to a lower floor."""
    return [
        f"{room} -> {target}"
        for room in sorted(FLOOR_OF.keys() & graph.keys())
        for target in sorted(reached(room, graph) & FLOOR_OF.keys())
        if FLOOR_OF[target] >= FLOOR_OF[room]
    ]


def test_the_top_level_holds_only_rooms_and_what_is_named_from_outside():
    assert below("", arrows()).keys() - FLOOR_OF.keys() - TOP == {"__init__"}


def test_arrows_point_down():
    found = upward(below("", arrows()))
    assert not found, found


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        ({"decision": {"trust"}, "trust": {"models"}, "models": set()}, []),
        ({"trust": {"decision"}}, ["trust -> decision"]),
        ({"trust": {"signals"}, "signals": {"views"}, "views": {"decision"}}, ["trust -> decision"]),
        ({"keys": {"rules"}}, ["keys -> rules"]),
    ],
)
def test_an_upward_arrow_is_found(graph, expected):
    assert upward(graph) == expected


def test_there_is_no_circle():
    folders = {"", *(f"{file.rpartition('/')[0]}/" for file in arrows() if "/" in file)}
    circles = {folder: circle for folder in sorted(folders) if (circle := circle_in(below(folder, arrows())))}
    assert not circles, circles


def test_a_circle_is_found():
    assert circle_in(below("keys/", {"keys/a.py": {"keys/b.py"}, "keys/b.py": {"keys/a.py"}}))
    assert circle_in(
        below("", {"keys/a.py": {"rules/b.py"}, "rules/b.py": set(), "rules/c.py": {"keys/a.py"}})
    )


def test_nobody_imports_what_django_finds_by_name():
    graph = below("", arrows())
    found = {name: targets & LEAVES - {name} for name, targets in graph.items() if targets & LEAVES - {name}}
    assert found == {"apps": {"checks"}}


def test_the_door_to_dot_is_on_the_ground():
    assert arrows()["dot.py"] == set()


@pytest.mark.parametrize("library", LIBRARIES)
def test_library_is_imported_where_it_belongs(library):
    users = {file for file in arrows() if names_of(library, PACKAGE / file)}
    assert users, "nobody imports it"
    assert {file for file in users if not file.startswith(LIBRARIES[library])} == set()


def names_of(library: str, path: Path) -> set[str]:
    """Return what ``path`` imports of ``library``, or names by a dotted path in a string."""
    constants = (node.value for node in nodes_of(path) if isinstance(node, ast.Constant))
    dotted = (text for text in constants if isinstance(text, str) and re.fullmatch(r"\w+(\.\w+)+", text))
    return {name for name in [*names_in(path), *dotted] if f"{name}.".startswith(f"{library}.")}


@pytest.mark.parametrize(
    ("modules", "absent"),
    [([*PURE, "oauth_jwt_grant.grant", "oauth_jwt_grant.servers"], "django"), (PURE, "oauthlib")],
)
def test_rooms_load_without(modules, absent, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, {', '.join(modules)}; sys.exit({absent!r} in sys.modules)"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr or f"{modules} load {absent}"


def test_a_room_says_what_is_public():
    rooms = FLOOR_OF.keys() & below("", arrows()).keys()
    assert rooms
    assert {room for room in rooms if "__all__" not in (PACKAGE / room / "__init__.py").read_text()} == set()


def test_the_page_shows_every_room_and_module():
    text = PAGE.read_text()
    assert {name for name in below("", arrows()) if name != "__init__" and f"`{name}" not in text} == set()


def test_the_page_names_what_is_there():
    """Files and folders, and names with a capital letter, which are classes and constants."""
    quoted = set(re.findall(r"`([\w./]+)(?:\(\))?`", PAGE.read_text()))
    paths = {name for name in quoted if "/" in name}
    words = {word for name in quoted - paths for word in name.split(".") if re.fullmatch(r"[A-Z]\w+", word)}
    assert paths
    assert words
    lost = {
        path for path in paths if not (PACKAGE / path).exists() and not (PAGE.parent.parent / path).exists()
    }
    source = "\n".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    lost |= {word for word in words if not re.search(rf"\b{word}\b", source)}
    assert not lost, lost


def unnamed_transactions(path: Path) -> list[int]:
    """Return the lines of ``path`` that use something of ``django.db.transaction`` without ``using=``.

    It then means the database ``default``, wherever the router writes. So does ``django.db.connection``.
    """
    nodes = nodes_of(path)
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    named = {id(call.func) for call in calls if any(keyword.arg == "using" for keyword in call.keywords)}
    unnamed = {"django.db.connection", "django.db.DEFAULT_DB_ALIAS", "django.db.utils.DEFAULT_DB_ALIAS"}
    found = [
        node.lineno
        for node in nodes
        if isinstance(node, ast.Attribute)
        and ast.unparse(node.value) == "transaction"
        and id(node) not in named
    ]
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            if node.module == "django.db.transaction" or names & unnamed:
                found.append(node.lineno)
    return found


@pytest.mark.parametrize(
    ("line", "is_named"),
    [
        ("with transaction.atomic(using=alias): pass", True),
        ("with transaction.atomic(durable=True, using=router.db_for_write(M)): pass", True),
        ("view = transaction.non_atomic_requests(using=alias)(view)", True),
        ("transaction.on_commit(work, using=alias)", True),
        ("from django.db import connections, router, transaction", True),
        ("with transaction.atomic(): pass", False),
        ("with transaction.atomic(durable=True): pass", False),
        ("@transaction.atomic\ndef f(): pass", False),
        ("view = transaction.non_atomic_requests(view)", False),
        ("transaction.on_commit(work)", False),
        ("transaction.set_rollback(True)", False),
        ("from django.db.transaction import atomic", False),
        ("from django.db import connection", False),
        ("from django.db import DEFAULT_DB_ALIAS, router", False),
        ("from django.db.utils import DEFAULT_DB_ALIAS", False),
    ],
)
def test_a_transaction_that_names_no_database_is_found(line, is_named, tmp_path):
    (tmp_path / "file.py").write_text(line)
    assert (unnamed_transactions(tmp_path / "file.py") == []) is is_named


def test_every_transaction_names_its_database():
    found = {file: unnamed_transactions(PACKAGE / file) for file in arrows()}
    assert {file: lines for file, lines in found.items() if lines} == {}


def test_decisions_are_made_from_values() -> None:
    """``decision/record.py`` alone knows rows: it writes the decision and fills its relations."""
    readers = {
        file
        for file, targets in arrows().items()
        if file.startswith("decision/") and any(target.startswith("models/") for target in targets)
    }
    assert readers == {"decision/record.py"}
