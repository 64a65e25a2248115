"""What an import would do, in words and tables of a size that can be looked through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from ...subject_links import Outcome, Plan, PlannedLink, Problem, shown
from ...subject_links.plan import Current

#: Lines of each table.
MOST = 100


@dataclass(frozen=True, slots=True)
class Table:
    """The first lines of something, and how many more there are."""

    title: str
    level: str
    columns: Sequence[str]
    rows: list[tuple[Any, ...]]
    more: int


def preview_of(plan: Plan) -> dict[str, Any]:
    """Numbers and tables: first what is wrong, then what would change hands, what to look at, what is new."""
    wrong, replaced = plan.problems, plan.replaced
    tables = [
        _table(_("Errors"), "off", [_("Error")], list(map(_problem, wrong))),
        _table(
            _("Linked to another user"),
            "warning",
            [_("Subject"), _("Issuer"), _("User now"), _("User in the file")],
            [_replacement(*pair) for pair in replaced],
        ),
        _table(_("Please note"), "warning", [_("Note")], list(map(_problem, plan.warnings))),
        _table(
            _("To be added"),
            "ok",
            [_("Subject"), _("Issuer"), _("User")],
            list(map(_addition, plan.of(Outcome.ADD))),
        ),
    ]
    return {
        "errors": len(wrong),
        "numbers": [
            (_("Errors"), len(wrong)),
            (_("To be added"), len(plan.of(Outcome.ADD))),
            (_("Linked to another user"), len(replaced)),
            (_("Unchanged"), len(plan.of(Outcome.UNCHANGED))),
        ],
        "changes": len(plan.changes),
        "replaced": len(replaced),
        "tables": [table for table in tables if table.rows],
    }


def _table(title: str, level: str, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> Table:
    return Table(title, level, [_("Line"), *columns], rows[:MOST], max(0, len(rows) - MOST))


def _problem(problem: Problem) -> tuple[Any, ...]:
    return problem.line or _("all"), problem.text


def _addition(link: PlannedLink) -> tuple[Any, ...]:
    return link.row.line, shown(link.row.subject, 512), link.issuer, shown(link.row.user)


def _replacement(current: Current, link: PlannedLink) -> tuple[Any, ...]:
    line, subject, issuer, user = _addition(link)
    return line, subject, issuer, shown(current.username), user
