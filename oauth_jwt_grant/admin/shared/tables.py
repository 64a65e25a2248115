"""Tables of values that are there to be read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.html import format_html, format_html_join


def table(head: Sequence[Any], rows: Iterable[Sequence[Any]]) -> str:
    """A table with ``head`` above its ``rows``. On a narrow screen each row is a card."""
    cells = (
        (format_html_join("", '<td data-label="{}">{}</td>', zip(head, row, strict=True)),) for row in rows
    )
    return format_html(
        '<table class="ojg-table ojg-cards"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>',
        format_html_join("", '<th scope="col">{}</th>', ((name,) for name in head)),
        format_html_join("\n", "<tr>{}</tr>", cells),
    )


def light(level: str, words: Any) -> str:
    """Words with a light before them: ``ok``, ``warning``, ``off`` or ``not-reached``."""
    return format_html('<span class="ojg-state ojg-{}">{}</span>', level, words)
