"""Who may import whom: each file of the package has a rank, and no file imports one of a higher rank."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import oauth_jwt_grant

PACKAGE = Path(oauth_jwt_grant.__file__).parent

#: The first name below the package, without ``.py``, and its rank.
RANKS = {
    "dot": 0,
    "assertion": 0,
    "keys": 1,
    "rules": 1,
    "binding": 1,
    "grant": 1,
    "servers": 1,
    "conf": 2,
    "signals": 2,
    "fields": 2,
    "validators": 2,
    "querysets": 2,
    "models": 2,
    "presets": 2,
    "audiences": 2,
    "clock": 2,
    "dpop": 3,
    "middleware": 4,
    "prepared": 2,
    "inserts": 2,
    "clients": 3,
    "key_store": 3,
    "issuers": 3,
    "id_jag": 3,
    "subjects": 3,
    "subject_links": 3,
    "decisions": 3,
    "service": 3,
    "explain": 3,
    "service_accounts": 3,
    "oauth2_validators": 4,
    "oauth2_backends": 4,
    "admin": 4,
    "checks": 4,
    "management": 4,
    "apps": 4,
    "views": 4,
    "urls": 4,
    "endpoints": 4,
}
#: Frozen by Django: a migration names whatever the models of its day named.
UNRANKED = {"__init__", "migrations"}
#: Django finds these by name; nobody in the package imports them (files of one room may import each other).
LEAVES = {"admin", "checks", "management", "apps"}
#: Third-party modules with one door each. Migrations, which Django writes, name DOT's settings besides.
DOORS = {
    "joserfc": "assertion/jose.py",
    "oauth2_provider": "dot.py",
}
#: How a module or a name in it is written in a string.
DOTTED = re.compile(r"\w+(\.\w+)+")
#: Rooms that load without Django, and those that load without oauthlib too.
PURE = ["oauth_jwt_grant", "oauth_jwt_grant.assertion", "oauth_jwt_grant.keys", "oauth_jwt_grant.rules"]
WITHOUT_DJANGO = [*PURE, "oauth_jwt_grant.grant", "oauth_jwt_grant.servers"]


def files() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """Return the first name of ``path`` below the package: ``keys`` for ``keys/fetch.py``."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def is_leaf_wiring(source: str, target: str) -> bool:
    """Tell whether ``source`` may import the leaf ``target``: only ``apps`` does, to register the checks."""
    return source == target or (source, target) == ("apps", "checks")


def imports(source: str, module: str, *, is_package: bool) -> Iterator[str]:
    """Yield the absolute dotted name of everything that ``source``, the text of ``module``, imports.

    ``from a import b`` yields ``a.b``, as ``b`` may be a module. Imports inside functions and under
    ``TYPE_CHECKING`` count like any other.
    """
    parts = module.split(".")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = parts[: len(parts) - node.level + is_package] if node.level else []
            prefix = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{prefix}.{alias.name}" for alias in node.names)


@cache
def imports_of(path: Path) -> list[str]:
    dotted = [PACKAGE.name, *path.relative_to(PACKAGE).with_suffix("").parts]
    is_package = dotted[-1] == "__init__"
    module = ".".join(dotted[:-1] if is_package else dotted)
    return list(imports(path.read_text(), module, is_package=is_package))


def own_rooms(path: Path) -> set[str]:
    """Return the rooms of this package that ``path`` imports from."""
    names = (name.split(".") for name in imports_of(path))
    return {parts[1] for parts in names if parts[0] == PACKAGE.name and len(parts) > 1 and parts[1] in RANKS}


def outside(library: str) -> list[Path]:
    """Return the files that the door of ``library`` is for."""
    door = PACKAGE / DOORS[library]
    return [path for path in files() if path != door and room(path) != "migrations"]


def uses(path: Path, library: str) -> set[str]:
    """Return the modules and names of ``library`` that ``path`` imports, or names by their dotted paths."""
    nodes = ast.walk(ast.parse(path.read_text()))
    strings = (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
    paths = [string for string in strings if DOTTED.fullmatch(string)]
    return {name for name in [*imports_of(path), *paths] if f"{name}.".startswith(f"{library}.")}


def params(paths: list[Path]) -> list:
    return [pytest.param(path, id=path.relative_to(PACKAGE).as_posix()) for path in paths]


ranked = pytest.mark.parametrize("path", params([path for path in files() if room(path) not in UNRANKED]))
every = pytest.mark.parametrize("path", params(files()))


@pytest.mark.parametrize(
    ("line", "module", "is_package", "expected"),
    [
        ("import a.b", "p.q", False, ["a.b"]),
        ("from a import b, c", "p.q", False, ["a.b", "a.c"]),
        ("from . import b", "p.q.r", False, ["p.q.b"]),
        ("from .s import b", "p.q", True, ["p.q.s.b"]),
        ("from ..s import b", "p.q.r", False, ["p.s.b"]),
        ("def f():\n    from .s import b", "p.q", False, ["p.s.b"]),
    ],
)
def test_imports_are_read_as_python_reads_them(line, module, is_package, expected):
    assert list(imports(line, module, is_package=is_package)) == expected


@ranked
def test_file_has_a_rank(path):
    assert room(path) in RANKS, f"give {room(path)} a rank"


@ranked
def test_no_import_of_a_higher_rank(path):
    higher = {name for name in own_rooms(path) if RANKS[name] > RANKS[room(path)]}
    assert not higher


@every
def test_no_import_of_what_django_finds_by_name(path):
    leaves = {name for name in own_rooms(path) & LEAVES if not is_leaf_wiring(room(path), name)}
    assert not leaves


@pytest.mark.parametrize("library", DOORS)
def test_library_has_one_door(library):
    assert uses(PACKAGE / DOORS[library], library)
    assert {path: uses(path, library) for path in outside(library) if uses(path, library)} == {}


@pytest.mark.parametrize(
    ("module", "absent"),
    [*((module, "django") for module in WITHOUT_DJANGO), *((module, "oauthlib") for module in PURE)],
)
def test_room_loads_without(module, absent, tmp_path):
    script = f"import sys, {module}; sys.exit({absent!r} in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr or f"{module} loads {absent}"


@pytest.mark.parametrize("name", ["assertion", "keys", "rules"])
def test_sub_package_says_what_is_public(name):
    assert "__all__" in (PACKAGE / name / "__init__.py").read_text()


def unnamed_transactions(source: str) -> list[int]:
    """The lines of ``source`` on which something of ``django.db.transaction`` is used without ``using=``.

    It then means the database ``default``, wherever the router writes. So does ``django.db.connection``.
    """
    tree = ast.parse(source)
    named = {
        id(node.func)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and any(keyword.arg == "using" for keyword in node.keywords)
    }
    return sorted(
        node.lineno
        for node in ast.walk(tree)
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "transaction"
            and id(node) not in named
        )
        or (isinstance(node, ast.ImportFrom) and node.module == "django.db.transaction")
        or (
            isinstance(node, ast.ImportFrom)
            and node.module in ("django.db", "django.db.utils")
            and {"connection", "DEFAULT_DB_ALIAS"} & {alias.name for alias in node.names}
        )
    )


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
def test_a_transaction_that_names_no_database_is_found(line, is_named):
    assert (unnamed_transactions(line) == []) is is_named


@every
def test_every_transaction_names_its_database(path):
    assert unnamed_transactions(path.read_text()) == []
