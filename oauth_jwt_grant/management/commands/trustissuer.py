"""``manage.py trustissuer``: trust an issuer, and set what its assertions may do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.db import router, transaction
from django.db.models import Model
from django.utils import timezone

from ...models import GrantRule, LinkedSubject, TrustedIssuer, written
from ...presets import Applied, Preset, all_presets, check_pinned, check_pins_stay
from ...rules import as_json
from ...service_accounts import ServiceAccountError, new_robot, robot_name
from ...trust import applications_of_operators, key_source_of, obstacles_of, withdrawal
from .. import base
from ..arguments import (
    counted,
    find_application,
    find_group,
    find_issuers,
    find_user,
    printable,
    read_date,
    read_text,
)
from ..conditions import conditions_of, parse_condition, set_conditions, wanted_conditions
from ..preset_answers import by_preset, described, find_preset, flags_of, read_answers
from ..trust_flags import (
    ISSUER_FLAGS,
    RULE_FLAGS,
    add_issuer,
    add_keys,
    add_policies,
    add_preset,
    add_rule,
    given_values,
    key_source_values,
)
from ..upsert import Change

M = TypeVar("M", bound=Model)
_SUBJECTS = GrantRule.SubjectPolicy

#: Any of these arguments makes or changes a rule.
_ABOUT_A_RULE = (
    *("rule", "conditions", "all_applications", "robot_user"),
    *(name for name in RULE_FLAGS if name != "name"),
)
_FILES = ("jwks", "trust_anchors", "ca_bundle")
_DATES = ("valid_from", "valid_until", "issued_after")
#: Besides --all and --issued-after: what is not set for all issuers.
_OF_ONE = (
    "preset",
    "answers",
    "link",
    *_ABOUT_A_RULE,
    *(name for name in ISSUER_FLAGS if name != "issued_after"),
)


class Command(base.Command):
    """Creates or updates one issuer and, if a flag is about a rule, one of its rules.

    Values without a flag stay as they are, so the command may be run again with any arguments.
    """

    help = (
        "Trust an issuer of JWTs, and set what its assertions may do. Run again, it changes what flags name."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Flags for a preset, the issuer, its keys, one rule, and links of subjects."""
        add_preset(parser)
        add_issuer(parser)
        add_keys(parser)
        add_rule(parser)
        add_policies(parser)
        parser.add_argument(
            "--link", action="append", metavar="SUBJECT=USER", help="the user that a subject stands for"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """All or nothing; prints one line for each row, and warnings for what may not be meant so."""
        if options["list_presets"]:
            self.stdout.write("\n".join(described(all_presets())))
            return
        if options["all"]:
            self._limit_all(options)
            return
        preset = _preset(options)
        # Before the transaction: what writes to a pipe may take its time, and SQLite has one lock for all.
        _read_files(options, preset)
        flags: Mapping[str, str]
        warnings: list[str]
        with transaction.atomic(using=router.db_for_write(TrustedIssuer)):
            if preset is None:
                wanted, flags, warnings = _by_flags(options["issuer"]), ISSUER_FLAGS, []
            else:
                flags = flags_of(preset, options)
                wanted, warnings = by_preset(preset, options, flags)
            issuer = wanted.issuer
            changes = [_issuer(issuer, options, flags)]
            if preset or any(options[name] is not None for name in _ABOUT_A_RULE):
                changes.append(_rule(wanted, options))
            _check_pins_stay(issuer, changes[1:])
            changes += _links(issuer, options["link"] or ())
            # By now everything is checked.
            reports = [change.save() for change in changes]
            warnings += [printable(obstacle.text) for obstacle in obstacles_of(issuer)]
            warnings += _left_out(issuer)
            withdrawal.wait_after_commit(issuer.pk)
        self.stdout.write("\n".join(map(printable, reports)))
        for warning in warnings:
            self.stderr.write(self.style.WARNING(warning))

    def _limit_all(self, options: dict[str, Any]) -> None:
        """Set ``issued_after`` of all issuers that have no later one."""
        if not options["issued_after"] or any(options[name] is not None for name in _OF_ONE):
            raise CommandError("--all: only beside --issued-after, with a time or now")
        text = options["issued_after"]
        since = None if text == "now" else read_date("--issued-after", text)
        changed, settled = withdrawal.from_now_on(find_issuers(None), since)
        on = "now plus its leeway" if since is None else since.isoformat()
        self.stdout.write(f"{counted(len(changed), 'issuer')}: accepts what is issued from {on} on.")
        if not settled:
            text = "A request that began before may still be under way. Run the command again in a minute."
            self.stderr.write(self.style.WARNING(text))


def _read_files(options: dict[str, Any], preset: Preset | None) -> None:
    """Put the texts of files in the place of their names."""
    if preset is not None:
        options["answers"] = read_answers(preset, options["answers"] or ())
    for name in _FILES:
        if options.get(name):
            options[name] = read_text(ISSUER_FLAGS[name], options[name])


def _left_out(issuer: TrustedIssuer) -> list[str]:
    """The stored keys that are not used, with the reasons."""
    if issuer.key_source != TrustedIssuer.KeySource.INLINE:
        return []
    texts = (str(left_out) for left_out in key_source_of(issuer).status().left_out)
    return [printable(f"{text[:1].upper()}{text[1:]}.") for text in texts]


def _issuer(row: TrustedIssuer, options: dict[str, Any], flags: Mapping[str, str]) -> Change:
    values = given_values((name for name in ISSUER_FLAGS if name != "conditions"), options)
    for name in _DATES:
        if name in values:
            values[name] = _date(row, name, values) if values[name] else None
    values |= key_source_values(options)
    if options["issuer_conditions"] is not None:
        flag = ISSUER_FLAGS["conditions"]
        values["conditions"] = [
            as_json(parse_condition(text, flag)) for text in options["issuer_conditions"] if text
        ]
    return Change(f"Issuer {row.issuer}", row, values, flags)


def _date(row: TrustedIssuer, name: str, values: Mapping[str, Any]) -> datetime:
    if (name, values[name]) == ("issued_after", "now"):
        return withdrawal.limit_from(timezone.now(), values.get("leeway", row.leeway))
    return read_date(ISSUER_FLAGS[name], values[name])


def _rule(wanted: Applied, options: dict[str, Any]) -> Change:
    name = options["rule"] or wanted.rule.name
    wanted.rule.name, wanted.rule.issuer = name, wanted.issuer
    row = _of(wanted.issuer, GrantRule, name=name) or wanted.rule
    # A replica, which the relation would ask, may not have the issuer yet.
    row.issuer = wanted.issuer
    values = _rule_values(options)
    robot = _robot(row, values) if options["robot_user"] else None
    change = Change(f"Rule {name}", row, values, RULE_FLAGS)
    if robot is not None:
        change.note = f" Its user {printable(robot.get_username())} is new."
    applications, groups = _applications(options), _groups(options)
    if applications is not None and set(applications) != _listed(row, "applications"):
        change.then("applications", lambda: row.applications.set(applications))
    if groups is not None and set(groups) != _listed(row, "groups"):
        change.then("groups", lambda: row.groups.set(groups))
    conditions = [condition.condition for condition in wanted.conditions]
    conditions += [parse_condition(text) for text in options["conditions"] or () if text]
    if wanted.conditions or options["conditions"] is not None:
        rows = wanted_conditions(row, conditions)
        if rows is not None:
            change.then("conditions", lambda: set_conditions(row, rows))
    else:
        conditions = [stored.condition for stored in conditions_of(row)]
    try:
        check_pinned(row, conditions)
    except ValidationError as error:
        raise CommandError(f"--condition: {error.message}") from error
    if options["all_applications"]:
        change.note += f" It lists {_names(applications)}."
    return change


def _check_pins_stay(issuer: TrustedIssuer, of_rules: Iterable[Change]) -> None:
    """The rules that the command does not change keep what pins them."""
    try:
        check_pins_stay(issuer, [change.row.pk for change in of_rules if change.row.pk is not None])
    except ValidationError as error:
        raise CommandError(f"{ISSUER_FLAGS['conditions']}: {error.message}") from error


def _robot(rule: GrantRule, values: dict[str, Any]) -> Any:
    """Set the user made for ``rule`` among its ``values``; return it if it is new, and saved by now."""
    values["subject_policy"] = _SUBJECTS.SERVICE_USER
    if rule.user is not None and rule.user.get_username() == robot_name(rule.name):
        values["user"] = rule.user
        return None
    try:
        robot = new_robot(rule.name)
    except ServiceAccountError as error:
        raise CommandError(f"--robot-user: {error}") from error
    robot.save()
    values["user"] = robot
    return robot


def _links(issuer: TrustedIssuer, texts: Iterable[str]) -> Iterator[Change]:
    users: dict[str, str] = {}
    for text in texts:
        subject, separator, username = text.rpartition("=")
        if not separator:
            raise CommandError(f"--link: not SUBJECT=USER: {text}")
        if users.setdefault(subject, username) != username:
            raise CommandError(f"--link: {subject} is given two users")
    for subject, username in users.items():
        row = _of(issuer, LinkedSubject, subject=subject) or LinkedSubject(issuer=issuer, subject=subject)
        values = {"user": find_user("--link", username)}
        flags = {"subject": "--link", "user": "--link"}
        yield Change(f"Subject {subject} is {username}", row, values, flags)


def _of(issuer: TrustedIssuer, model: type[M], **values: str) -> M | None:
    """The row of ``model`` that belongs to ``issuer``, where both are there."""
    return None if issuer._state.adding else written(model).filter(issuer=issuer, **values).first()


def _listed(rule: GrantRule, name: str) -> set[Any]:
    """The applications or groups that ``rule`` lists now."""
    if rule._state.adding:
        return set()
    rows: Any = getattr(rule, name)
    return set(rows.using(router.db_for_write(rows.through)))


def _groups(options: dict[str, Any]) -> list[Group] | None:
    """The groups of users whom the rule creates, or ``None`` without a flag for them."""
    if options["groups"] is None:
        return None
    return [find_group("--group", name) for name in options["groups"] if name]


def _field_and_claim(text: str) -> tuple[str, str]:
    name, separator, claim = text.partition("=")
    if not separator:
        raise CommandError(f"--user-claim: not FIELD=CLAIM: {text}")
    return name, claim


def _preset(options: dict[str, Any]) -> Preset | None:
    """The preset that is asked for, if there is one; without one there must be an issuer."""
    if options["preset"] is not None:
        return find_preset(options["preset"])
    if options["answers"] is not None:
        raise CommandError("--answer: to which preset? Add --preset.")
    if options["issuer"] is None:
        raise CommandError("--issuer is required, unless a --preset knows it", returncode=2)
    return None


def _by_flags(iss: str) -> Applied:
    """The issuer as it is or a new one, and a new rule that asks for nothing."""
    row = written(TrustedIssuer).filter(issuer=iss).first() or TrustedIssuer(issuer=iss, name=iss[:100])
    return Applied(row, GrantRule(name="default"), [])


def _rule_values(options: dict[str, Any]) -> dict[str, Any]:
    """The columns of the rule that the flags set, with rows instead of names."""
    others = ("name", "applications", "groups")
    values = given_values((name for name in RULE_FLAGS if name not in others), options)
    if "user_fields" in values:
        values["user_fields"] = dict(map(_field_and_claim, values["user_fields"]))
    if values.get("user"):
        values["subject_policy"] = _SUBJECTS.SERVICE_USER
    if values.get("user_field"):
        values["subject_policy"] = _SUBJECTS.USER_FIELD
    for name, find in (("user", find_user), ("default_application", find_application)):
        if name in values:
            values[name] = find(RULE_FLAGS[name], values[name]) if values[name] else None
    return values


def _applications(options: dict[str, Any]) -> list[Any] | None:
    """The applications that the rule is to list, or ``None`` without a flag for them."""
    if options["all_applications"]:
        return list(applications_of_operators())
    if options["applications"] is None:
        return None
    return [
        find_application("--application", client_id) for client_id in options["applications"] if client_id
    ]


def _names(applications: Iterable[Any] | None) -> str:
    return ", ".join(printable(row.client_id) for row in applications or ()) or "no application"
