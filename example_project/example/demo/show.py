"""Sending HTTP requests and showing what went over the wire, with assertions and tokens cut short."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import requests

Out = Callable[[str], None]

_SHOWN_HEADERS = ("Content-Type", "Authorization", "WWW-Authenticate", "Cache-Control", "Retry-After")
_SECRET = re.compile(r"[\w-]+(?:\.[\w-]+){2}|(?<=Bearer )\w+|(?<=\"access_token\": \")\w+", re.ASCII)


def exchange(out: Out, request: requests.Request) -> requests.Response:
    """Send ``request`` and show it and its answer. The environment's proxies are left alone."""
    with requests.Session() as session:
        session.trust_env = False
        prepared = session.prepare_request(request)
        response = session.send(prepared, timeout=30)
    out(f"    {prepared.method} {prepared.path_url} HTTP/1.1")
    _show(out, prepared.headers, _form(str(prepared.body or "")))
    out("")
    out(f"    HTTP/1.1 {response.status_code} {response.reason}")
    _show(out, response.headers, _pretty(response))
    out("")
    return response


def shorten(text: str) -> str:
    """``text`` with what would let its reader in cut to its ends."""
    return _SECRET.sub(_cut, text)


def _cut(match: re.Match[str]) -> str:
    text = match[0]
    return text if len(text) < 24 else f"{text[:10]}...{text[-6:]} ({len(text)} characters)"


def _form(body: str) -> str:
    """A form body, decoded, one parameter a line."""
    return "\n&".join(f"{name}={value}" for name, value in parse_qsl(body))


def _pretty(response: requests.Response) -> str:
    """The body: JSON laid out, anything else as it is."""
    try:
        return json.dumps(response.json(), indent=2)
    except requests.JSONDecodeError:
        return response.text


def _show(out: Out, headers: Mapping[str, Any], body: str) -> None:
    lines = [f"{name}: {headers[name]}" for name in _SHOWN_HEADERS if name in headers]
    lines += ["", *body.splitlines()] if body else []
    for line in lines:
        out(f"    {shorten(line)}" if line else "")
