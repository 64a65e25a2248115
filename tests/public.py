"""What is public: read from the code and from the page of the Python API, as the lines of ``public.txt``.

``python -m tests.public`` writes the file. Do so if you have added something. CONTRIBUTING.md says what to do
before a line may change or go.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import re
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
LIST = Path(__file__).parent / "public.txt"
PAGE = ROOT / "docs" / "api.md"
PACKAGE = "oauth_jwt_grant"
MODELS = ["TrustedIssuer", "GrantRule", "ClaimCondition", "LinkedSubject", "Decision"]
#: What each signal is sent with, beside its sender; a test receives them.
SIGNALS = {
    "assertion_accepted": ["decision", "request"],
    "assertion_refused": ["decision", "reason", "request"],
    "trust_changed": ["action", "instances"],
}

_DIRECTIVE = re.compile(
    r"^\.\. (?P<kind>module|currentmodule|py:data|auto\w+):: (?P<name>[\w.]+)\S*(?P<options>(?:\n +:.*)*)",
    re.M,
)
_MEMBERS = re.compile(r":(?:special-)?members:(.*)")


def documented() -> dict[str, list[str] | None]:
    """The names of the page by their dotted path, each with the members that are shown; ``None``: all."""
    found: dict[str, list[str] | None] = {}
    module = ""
    for directive in _DIRECTIVE.finditer(PAGE.read_text()):
        name = directive["name"]
        if directive["kind"].endswith("module"):
            module = name
            continue
        members = _MEMBERS.search(directive["options"])
        shown = members[1].strip() if members else ""
        path = name if "." in name else f"{module}.{name}"
        found[path] = None if members and not shown else [each for each in shown.split(", ") if each]
    return found


def load(path: str) -> Any:
    """Return what a site gets that imports ``path``."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def lines() -> list[str]:
    """Every line of the list."""
    parts = {
        "Python": python(),
        "signals": signals(),
        "models": models(),
        "settings": settings(),
        "commands": commands(),
        "trust file": trust_file(),
        "reasons": reasons(),
        "checks": checks(),
        "URLs": urls(),
        "presets": presets(),
    }
    return [line for title, part in parts.items() for line in ("", f"# {title}", "", *part)][1:]


def python() -> Iterator[str]:
    for path, members in sorted(documented().items()):
        yield from _described(path, load(path), members)


def _described(path: str, value: Any, members: list[str] | None) -> Iterator[str]:
    if not inspect.isclass(value):
        yield f"{path}{_signature(value) if inspect.isfunction(value) else ''}"
        return
    if issubclass(value, Enum):
        yield path
        yield from (f"{path}.{member.name} = {member.value!r}" for member in value if members != [])
        return
    own = {
        name: each for base in reversed(value.__mro__) if _is_ours(base) for name, each in vars(base).items()
    }
    bases = [base.__name__ for base in value.__bases__ if base is not object and _is_shown(base)]
    yield f"{path}{_signature(value) if _has_own_init(value) else ''}{_listed(': ', bases)}"
    names = [name for name in own if not name.startswith("_")] if members is None else members
    for name in sorted(names):
        yield f"{path}.{name}{_signature(own[name]) if name in own else ''}"


def _is_ours(kind: type) -> bool:
    return kind.__module__.split(".")[0] == PACKAGE


def _is_shown(base: type) -> bool:
    """Whether a class is another project's, or one of ours that is public itself."""
    return not _is_ours(base) or any(path.endswith(f".{base.__name__}") for path in documented())


def _has_own_init(kind: type) -> bool:
    """Whether one of our classes says how it is made; of Django's and oauthlib's, versions differ."""
    maker = next((base for base in kind.__mro__ if "__init__" in vars(base)), object)
    return _is_ours(maker) and not getattr(kind, "_is_protocol", False)


def _signature(value: Any) -> str:
    value = getattr(value, "__func__", value)
    if isinstance(value, property) or not callable(value):
        return ""
    # Annotations are text here; Python quotes it, not in the same way in each version.
    return re.sub(r"['\"]|oauth_jwt_grant\.[\w.]*\.", "", str(inspect.signature(value)))


def _listed(before: str, values: Iterable[str]) -> str:
    """``values`` behind ``before``; nothing, if there are none."""
    listed = ", ".join(values)
    return f"{before}{listed}" if listed else ""


def signals() -> Iterator[str]:
    for name, arguments in SIGNALS.items():
        yield f"{name}: {', '.join(arguments)}"


def models() -> Iterator[str]:
    from oauth_jwt_grant import models as ours

    for name in MODELS:
        meta = getattr(ours, name)._meta
        for field in (*meta.fields, *meta.many_to_many):
            choices = [str(value) for value, _ in field.choices or ()]
            yield f"{name}.{field.name}: {type(field).__name__}{_listed(' ', choices)}"


def settings() -> Iterator[str]:
    from oauth_jwt_grant.conf import settings as conf

    for name, default in sorted(conf.DEFAULTS.items()):
        yield f"{name} = {default!r}"


def commands() -> Iterator[str]:
    for name, actions in own_options().items():
        for action in actions:
            yield f"{name} {_usage(action)}"


def own_options() -> dict[str, list[argparse.Action]]:
    """The arguments of each command of ours, without those of every command of Django."""
    from django.core.management import BaseCommand, get_commands, load_command_class

    common = {action.dest for action in BaseCommand().create_parser("manage.py", "any")._actions}
    names = sorted(name for name, app in get_commands().items() if app == PACKAGE)
    parsers = {name: load_command_class(PACKAGE, name).create_parser("manage.py", name) for name in names}
    return {
        name: [action for action in parser._actions if action.dest not in common]
        for name, parser in parsers.items()
    }


def _usage(action: argparse.Action) -> str:
    """One argument: its names, what it takes, and whether it must be there."""
    names = "|".join(action.option_strings) or action.dest
    takes = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}{action.nargs or ''}"
    repeats = " ..." if "Append" in type(action).__name__ else ""
    choices = _listed(" of ", map(str, action.choices or ()))
    return f"{names}{takes}{repeats}{choices}{' (required)' if action.required else ''}"


def trust_file() -> Iterator[str]:
    from oauth_jwt_grant.trust_file.schema import CONDITIONS, ISSUERS, LINKS, RULES

    tables = {
        "issuers": ISSUERS,
        "issuers.rules": RULES,
        "issuers.rules.conditions": CONDITIONS,
        "issuers.links": LINKS,
    }
    for name, table in tables.items():
        for column in table.columns.values():
            yield f"[[{name}]] {column.name}: {column.kind}"


def reasons() -> Iterator[str]:
    from oauth_jwt_grant.assertion import ANSWERS, Reason

    for reason in sorted(Reason):
        yield f"{reason}: {ANSWERS[reason].status} {ANSWERS[reason].error}"


def checks() -> Iterator[str]:
    from oauth_jwt_grant.checks import CheckId

    yield from sorted(CheckId)


def urls() -> Iterator[str]:
    for name in ("urls", "endpoints"):
        module = importlib.import_module(f"{PACKAGE}.{name}")
        for pattern in module.urlpatterns:
            namespace = f"{module.app_name}:" if pattern.name else ""
            yield f"{PACKAGE}.{name} {pattern.pattern} {namespace}{pattern.name or ''}".rstrip()


def presets() -> Iterator[str]:
    from oauth_jwt_grant.presets import all_presets

    for preset in all_presets():
        names = (f"{each.name}{'' if each.required else '?'}" for each in preset.questions)
        yield f"{preset.key}: {', '.join(names)}"


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    LIST.write_text("\n".join(lines()) + "\n")
