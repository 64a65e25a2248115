"""Checks of the names and values in ``OAUTH_JWT_GRANT``."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from django.core.checks import CheckMessage, Error
from django.utils.module_loading import import_string

from ..assertion import ALGORITHMS
from ..conf import DEFAULTS, DOTTED_PATH, SETTINGS, STRING, STRINGS, conf
from .messages import CheckId


def check_names(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Every key of the dict is a known setting: a misspelt one would be ignored silently."""
    return [
        Error(
            f"OAUTH_JWT_GRANT has the key {name!r}, which is no setting of oauth_jwt_grant.",
            hint=_suggestion(name),
            id=CheckId.UNKNOWN_SETTING,
        )
        for name in _written()
        if name not in DEFAULTS
    ]


def check_values(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Every value is of the right type and in its range."""
    written: Any = conf.configured
    if not isinstance(written, dict):
        message = "OAUTH_JWT_GRANT must be a dict."
        hint = 'OAUTH_JWT_GRANT = {"AUDIENCES": ["https://as.example.com"]}'
        return [Error(message, hint=hint, id=CheckId.INVALID_SETTING)]
    wrong = {
        name: SETTINGS[name].kind.words for name, value in _known() if not SETTINGS[name].kind.accepts(value)
    }
    if not wrong.keys() & {"KEYS_MIN_AGE", "KEYS_MAX_AGE"} and conf.KEYS_MIN_AGE > conf.KEYS_MAX_AGE:
        wrong["KEYS_MIN_AGE"] = f"at most KEYS_MAX_AGE, which is {conf.KEYS_MAX_AGE}"
    return [
        Error(
            f"The setting {name} of OAUTH_JWT_GRANT must be {words}.",
            hint=f'OAUTH_JWT_GRANT = {{..., "{name}": {DEFAULTS[name]!r}}} is the default.',
            id=CheckId.INVALID_SETTING,
        )
        for name, words in wrong.items()
    ]


def check_algorithms(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Every algorithm is an asymmetric one that we know; at least one is left (RFC 8725 section 3.1)."""
    names = _written().get("ALGORITHMS", list(ALGORITHMS))
    if not STRINGS.accepts(names):
        return []  # reported by check_values
    unknown = sorted(set(names) - ALGORITHMS.keys())
    if names and not unknown:
        return []
    found = f"names {', '.join(unknown)}" if unknown else "is empty"
    rest = sorted(ALGORITHMS.keys() & set(names)) or ["RS256"]
    return [
        Error(
            f"The setting ALGORITHMS of OAUTH_JWT_GRANT {found}. Assertions are signed with a private key: "
            "symmetric algorithms and none are not accepted from anybody.",
            hint=f'OAUTH_JWT_GRANT = {{..., "ALGORITHMS": {rest}}}. Known are {", ".join(ALGORITHMS)}.',
            id=CheckId.ALGORITHMS,
        )
    ]


def check_paths(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Every dotted path leads to something that can be called."""
    return [
        Error(
            f"The setting {name} of OAUTH_JWT_GRANT names nothing that can be called: {problem}",
            hint=f'OAUTH_JWT_GRANT = {{..., "{name}": "{DEFAULTS[name]}"}} is the default.',
            id=CheckId.DOTTED_PATH,
        )
        for name, path in _known()
        if SETTINGS[name].kind is DOTTED_PATH and (problem := _import_problem(path))
    ]


def _written() -> dict[str, Any]:
    """Return the dict of the site; empty if it is not a dict (reported by check_values)."""
    written: Any = conf.configured
    return written if isinstance(written, dict) else {}


def _known() -> Iterator[tuple[str, Any]]:
    return ((name, value) for name, value in _written().items() if name in DEFAULTS)


def _import_problem(path: Any) -> str:
    if not STRING.accepts(path):
        return ""  # reported by check_values
    try:
        found = import_string(path)
    except ImportError as error:
        return str(error)
    return "" if callable(found) else f"{path} is {type(found).__name__}."


def _suggestion(name: object) -> str:
    near = get_close_matches(str(name).upper(), DEFAULTS, n=1)
    if near:
        return f'Did you mean OAUTH_JWT_GRANT = {{..., "{near[0]}": ...}}?'
    return f"Remove it. The settings are {', '.join(DEFAULTS)}."
