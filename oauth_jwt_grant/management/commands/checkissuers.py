"""``manage.py checkissuers``: a look at every issuer, for people and for monitoring."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from django.core.management.base import CommandParser

from ...models import TrustedIssuer
from ...trust import Finding, Health, Level, examine, health_as_json
from .. import base
from ..arguments import between, counted, fault, find_issuers, printable, whole

_EXIT_STATUS = {Level.WARNING: 1, Level.FAILING: 2}


class Command(base.Command):
    """Reports reachability, key ages, and what ends soon.

    Exit status 0: fine, 1: warnings, 2: failing, 3: it could not run, so nothing is known.
    """

    help = (
        "Examine the trusted issuers: can their keys be fetched, how old are they, what ends soon? "
        "Exit status 0: all is fine, 1: there are warnings, 2: an enabled issuer cannot be accepted, "
        "3: the command could not run."
    )
    # Whatever stops it has a status of its own, so that monitoring does not take it for a finding.
    error_status = 3
    stopped_by = (Exception,)

    def add_arguments(self, parser: CommandParser) -> None:
        """Which issuer, how far ahead, in which form."""
        parser.add_argument("--issuer", metavar="ISS", help="only this one")
        parser.add_argument(
            "--warn-days",
            type=between(0, 36_500),
            default=30,
            metavar="DAYS",
            help="warn of what ends within (default: 30)",
        )
        parser.add_argument(
            "--no-fetch", dest="fetch", action="store_false", help="look only at what is stored"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints the report and exits with the status of the worst issuer."""
        now = time.time()
        shown = health_as_json if options["json"] else lambda report: list(_lines(report, now))
        examined = [
            _examined(issuer, shown, now, warn_days=options["warn_days"], fetch=options["fetch"])
            for issuer in find_issuers(options["issuer"])
        ]
        if options["json"]:
            self.stdout.write(json.dumps({"issuers": [form for _, form in examined]}, indent=2))
        else:
            for line in (line for _, lines in examined for line in lines):
                self.stdout.write(line)
        status = max((_EXIT_STATUS.get(level, 0) for level, _ in examined), default=0)
        if status:
            raise SystemExit(status)


def _examined(
    issuer: TrustedIssuer, shown: Callable[[Health], Any], now: float, **options: Any
) -> tuple[Level, Any]:
    """Return the level of ``issuer``, and its report as ``shown`` formats it."""
    try:
        report = examine(whole(issuer), now, **options)
        return report.level, shown(report)
    except Exception as error:  # whatever it is, it is the fault of this issuer alone
        finding = Finding(Level.FAILING, f"cannot be examined: {fault(error)}")
        report = Health(issuer, findings=(finding,))
        return report.level, shown(report)


def _lines(report: Health, now: float) -> Iterator[str]:
    keys = report.keys
    facts = [counted(len(keys.keys), "key")] if keys.keys else []
    if keys.certificates:
        facts.append(counted(len(keys.certificates), "trust anchor"))
    if keys.fetched_at is not None:
        minutes = max(0, round((now - keys.fetched_at) / 60))
        facts.append(f"fetched {counted(minutes, 'minute')} ago")
    issuer = report.issuer
    about = f": {', '.join(facts)}" if facts else ""
    yield f"{report.level:<9}{printable(issuer.name)} ({printable(issuer.issuer)}){about}"
    for finding in report.findings:
        yield f"         {finding.level}: {printable(finding.text)}"
