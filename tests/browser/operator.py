"""Somebody at the browser for the first time, who finds things by what is written on them; counted."""

from __future__ import annotations

import time
from itertools import takewhile
from typing import Any

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By

from tests.test_docs import PAGES

#: Seconds that any task may take at most, on however slow a machine.
BOUND = 120
_HEADING = "\n## What it takes\n"


def documented() -> dict[str, tuple[int, int]]:
    """For each task in ``docs/admin.md``: clicks, and fields that are typed into."""
    lines = PAGES["docs/admin.md"].partition(_HEADING)[2].splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("|"))
    # Below the head and the line under it. The seconds are those of one machine.
    table = takewhile(lambda line: line.startswith("|"), lines[start + 2 :])
    rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in table)
    return {task: (int(clicks), int(fields)) for task, clicks, fields, _seconds in rows}


def entry_of(browser: Any, text: str) -> Any:
    """The entry that says ``text`` of an open searchable list, once it has been looked up."""
    entries = ".select2-results__option[role=option]:not(.loading-results)"
    found: list[Any] = []

    def look() -> bool:
        try:
            found[:] = [entry for entry in browser.find_all(entries) if entry.text == text]
        except StaleElementReferenceException:
            return False  # found while the list is written again
        return bool(found)

    browser.wait(look)
    return found[0]


class Operator:
    """Works from the admin's index on. To choose from a list is two clicks: to open it, and to choose.

    To type into a field is one field, and no click: it can be reached by the Tab key.
    """

    def __init__(self, browser: Any) -> None:
        self.browser, self.clicks, self.fields = browser, 0, 0
        self.begun = time.monotonic()
        browser.visit("/admin/")

    def follow(self, text: str, within: str = "#content") -> None:
        """Click the link that says ``text``, or the first of several, and wait for its page."""
        place = self.browser.find(within)
        self.leave_by(
            next(link for link in place.find_elements(By.TAG_NAME, "a") if _says(link) == _plain(text))
        )

    def press(self, text: str, within: str = "#content") -> None:
        """Click the button that says ``text``, and wait for the page that comes."""
        buttons = self.browser.find(within).find_elements(By.CSS_SELECTOR, "button, [type=submit]")
        self.leave_by(next(button for button in buttons if _says(button) == _plain(text)))

    def leave_by(self, element: Any) -> None:
        """Click what leads to another page, and wait for that."""
        self.clicks += 1
        self.browser.leave_by(element)

    def tick(self, element: Any) -> None:
        """Click what stays on the page."""
        self.clicks += 1
        element.click()

    def type(self, label: str, text: str) -> None:
        """Write into the control with this ``label``."""
        self.fields += 1
        self._labelled(label).send_keys(text)

    def choose(self, control: Any, text: str) -> None:
        """Choose what says ``text`` from a list of the browser's own."""
        self.clicks += 2
        options = control.find_elements(By.TAG_NAME, "option")
        next(option for option in options if option.text == text).click()

    def pick(self, name: str, text: str) -> None:
        """Open the searchable list of the field called ``name``, and click the entry that says ``text``."""
        self.tick(self.browser.find(f'[name="{name}"] + .select2-container'))
        self.tick(entry_of(self.browser, text))

    def done(self, task: str) -> None:
        """Say what ``task`` has taken, and hold the documentation to it."""
        seconds = time.monotonic() - self.begun
        print(f"\n{task}: {self.clicks} clicks, {self.fields} fields, {seconds:.1f} s")
        assert documented()[task] == (self.clicks, self.fields)
        assert seconds < BOUND

    def _labelled(self, label: str) -> Any:
        marks = self.browser.find_all("label")
        mark = next(mark for mark in marks if mark.text.rstrip(":") == label)
        return self.browser.find(f"#{mark.get_attribute('for')}")


def _plain(text: str) -> str:
    return text.strip().casefold()


def _says(element: Any) -> str:
    return _plain(element.text or element.get_attribute("value") or "")
