"""``manage.py explainassertion``: what the token endpoint would answer to an assertion, and why."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser

from ...assertion import Door, Step, Undecided
from ...conf import server_audiences
from ...decision import ExplainedStep, Explanation, Failure, Question, Status, explain, presented
from .. import base
from ..arguments import find_application, printable, read_text

_JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)
#: What the expected dates mean.
_DATES = {
    Step.EXP: "later than {}",
    Step.LIFETIME: "no later than {}",
    Step.NBF: "no later than {}",
    Step.IAT: "from {} to {}",
    Step.ISSUED_AFTER: "no earlier than {}",
}
_EXIT_STATUS = {"accepted": 0, "refused": 1, "undecided": 2}


class Command(base.Command):
    """A dry run of the decision: nothing is issued, stored or spent. Keys may be fetched.

    Exit status 0: accepted, 1: refused, 2: it could not be decided.
    """

    help = (
        "Show how the token endpoint would decide on an assertion, step by step. Nothing is issued or spent. "
        "Exit status 0: accepted, 1: refused, 2: could not be decided."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The assertion comes from a file: an argument would stay in the shell's history."""
        parser.add_argument("file", nargs="?", default="-", help="holds the JWT; default: standard input")
        parser.add_argument(
            "--accepted-as",
            choices=[door.value for door in Door],
            default=Door.AUTHORIZATION_GRANT.value,
            help="how the client presents it (default: authorization_grant)",
        )
        parser.add_argument(
            "--id-token", action="store_true", help="for subject_token: its type is id_token, not jwt"
        )
        parser.add_argument(
            "--client-id", help="as if this application had authenticated; default: no client"
        )
        parser.add_argument("--scope", help="the scope parameter")
        parser.add_argument(
            "--resource",
            action="append",
            default=[],
            metavar="URI",
            help="the resource parameter; repeatable",
        )
        parser.add_argument(
            "--audience",
            action="append",
            metavar="AUD",
            help="names this server, instead of the settings; repeatable",
        )
        parser.add_argument(
            "--proof-key",
            metavar="THUMBPRINT",
            help="as if a DPoP proof of the key with this thumbprint (jkt) had come along",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints the steps and the outcome, and exits with its status."""
        explanation = explain(_question(options), options["proof_key"])
        report = describe(explanation)
        if options["json"]:
            self.stdout.write(json.dumps(report, indent=2, ensure_ascii=True, default=str))
        else:
            for line in _lines(explanation, report):
                self.stdout.write(line)
        status = _EXIT_STATUS[report["outcome"]]
        if status:
            raise SystemExit(status)


def describe(explanation: Explanation) -> dict[str, Any]:
    """The whole explanation as JSON values; no part of the assertion but its claims is in it."""
    case, refused = explanation.case, explanation.refused
    undecided = isinstance(refused, Undecided)
    user = case.subject.user
    return {
        "accepted_as": case.question.door,
        "outcome": "accepted" if refused is None else "undecided" if undecided else "refused",
        "reason": refused.reason if refused else None,
        "section": refused.answer.section if refused else None,
        "detail": refused.explanation if refused else "",
        "failures": [_failure(failure) for failure in explanation.failures],
        "steps": [_step(step) for step in explanation.steps],
        "issuer": str(case.issuer) if case.issuer else None,
        "rule": str(case.rule) if case.rule else None,
        "rule_is_supposed": case.is_rule_supposed,
        "misses": [{"rule": str(miss.rule), "why": miss.why} for miss in case.misses],
        "application": case.application.client_id if case.application else None,
        "user": user.get_username() if user else None,
        "user_is_made": case.subject.to_be_provisioned,
        "scopes": case.scopes,
        "resources": explanation.permission.resources if explanation.permission else [],
        "answer": explanation.answer,
    }


def _question(options: dict[str, Any]) -> Question:
    if _JWT.fullmatch(options["file"]) and options["file"].startswith("eyJ"):
        raise CommandError(
            "Give the name of a file, or the JWT on standard input: arguments stay in the shell's history.",
            returncode=2,
        )
    client_id = options["client_id"]
    application = find_application("--client-id", client_id) if client_id else None
    audiences = options["audience"] or server_audiences()
    if not audiences:
        raise CommandError(
            "--audience: the settings do not name this server, and there is no request to derive it from",
            returncode=2,
        )
    return Question(
        assertion=read_text("file", options["file"]),
        **presented(options["accepted_as"], application, id_token=options["id_token"]),
        scope=options["scope"],
        resources=options["resource"],
        audiences=audiences,
        now=time.time(),
    )


def _lines(explanation: Explanation, report: dict[str, Any]) -> Iterator[str]:
    for step in explanation.steps:
        line = f"{step.status:<12}{step.step:<11}"
        if step.status is not Status.NOT_REACHED:
            line += f"expected: {_wanted(step)}; found: {_shown(step, step.actual)}"
        yield line.rstrip()
    yield ""
    yield from (printable(f"Rule {miss['rule']} does not match: {miss['why']}") for miss in report["misses"])
    for name in ("issuer", "rule", "application", "user"):
        if report[name] is not None:
            supposed = name == "rule" and report["rule_is_supposed"]
            note = " (it does not match; what follows is as if it did)" if supposed else ""
            yield f"{name.capitalize()}: {printable(report[name])}{note}"
    if report["user_is_made"]:
        yield "User: would be made"
    if report["scopes"]:
        yield printable(f"Scopes: {' '.join(report['scopes'])}")
    if report["resources"]:
        yield printable(f"Resources: {' '.join(report['resources'])}")
    for number, failure in enumerate(report["failures"], 1):
        yield f"{number}. {failure['reason']}: {printable(failure['detail'])}"
        yield f"   {printable(failure['remedy'])}"
    yield f"Answer: {printable(report['answer'])}"
    why = f": {report['reason']} ({report['section']})" if report["reason"] else ""
    detail = f", {printable(report['detail'])}" if report["detail"] else ""
    yield f"{report['outcome'].capitalize()}{why}{detail}"


def _failure(failure: Failure) -> dict[str, Any]:
    refused, remedy = failure.refused, failure.remedy
    return {
        "step": failure.step,
        "reason": refused.reason,
        "section": refused.answer.section,
        "detail": refused.explanation,
        "remedy": f"{remedy.meaning} {remedy.remedy}",
    }


def _step(step: ExplainedStep) -> dict[str, Any]:
    return {"step": step.step, "status": step.status, "expected": step.expected, "actual": step.actual}


def _wanted(step: ExplainedStep) -> str:
    if step.step not in _DATES:
        return _shown(step, step.expected)
    dates = step.expected if isinstance(step.expected, list) else [step.expected]
    return _DATES[step.step].format(*map(_date, dates))


def _shown(step: ExplainedStep, value: Any) -> str:
    """``value`` for people: dates as dates, lists as their members, nothing as ``-``."""
    if value is None or value == []:
        return "-"
    if isinstance(value, list):
        return ", ".join(_shown(step, member) for member in value)
    if step.step in _DATES and isinstance(value, int | float):
        return _date(value)
    return printable(value)


def _date(seconds: float) -> str:
    try:
        return f"{datetime.fromtimestamp(int(seconds), tz=UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        return printable(seconds)
