"""Fills in the forms of a page as a browser would: posts what the page holds, changed where a test says."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from typing import Any


class _Forms(HTMLParser):
    """Collects the successful controls of every form of a page (HTML, section 4.10.22.4)."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, list[str]]] = {}
        self._form: dict[str, list[str]] | None = None
        self._select: tuple[str, bool] | None = None
        self._option: str | None = None
        self._textarea: str | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        if tag == "form":
            self._form = self.forms.setdefault(given.get("id") or "", {})
        elif self._form is None or "disabled" in given:
            return
        elif tag == "input" and name:
            self._input(name, given)
        elif tag == "select":
            self._select = (name, "multiple" in given)
            self._form.setdefault(name, [])
        elif tag == "option" and self._select:
            if "selected" in given or not (self._select[1] or self._form[self._select[0]]):
                values = self._form[self._select[0]] if self._select[1] else []
                self._form[self._select[0]] = [*values, given.get("value") or ""]
        elif tag == "textarea":
            self._textarea, self._text = name, ""

    def _input(self, name: str, given: dict[str, str | None]) -> None:
        assert self._form is not None
        kind = given.get("type", "text")
        if kind in ("submit", "button", "image") or (
            kind in ("checkbox", "radio") and "checked" not in given
        ):
            return
        default = "on" if kind == "checkbox" else ""
        self._form.setdefault(name, []).append(given.get("value") or default)

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea" and self._textarea is not None and self._form is not None:
            # A browser drops the line break right after the tag.
            self._form[self._textarea] = [self._text.removeprefix("\r").removeprefix("\n")]
            self._textarea = None


def forms_of(response: Any) -> dict[str, dict[str, list[str]]]:
    """The forms of a page by their ``id``: each control's name and the values that would be posted."""
    parser = _Forms()
    parser.feed(response.content.decode())
    return parser.forms


def fill_in(response: Any, form: str, **changes: Any) -> dict[str, Any]:
    """What a browser would post of the form called ``form``, with the controls in ``changes`` changed.

    ``None`` unticks a control. A name that the form does not have fails: nothing is posted that a person
    could not have.
    """
    controls = forms_of(response)[form]
    ticked = {
        name for name in changes if name not in controls and f'name="{name}"' in response.content.decode()
    }
    missing = changes.keys() - controls.keys() - ticked
    assert not missing, f"the form has no {missing}: {sorted(controls)}"
    data: dict[str, Any] = {**controls, **changes}
    return {name: value for name, value in data.items() if value is not None}


def said(response: Any) -> str:
    """The words of a page, messages included, with single spaces between them."""
    content = response.content.decode().partition("<main")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", content)).split())
