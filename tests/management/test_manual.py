"""``docs/commands.md`` against the commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import load_command_class
from django.core.management.base import BaseCommand

from oauth_jwt_grant.management.conditions import parse_condition

MANUAL = (Path(__file__).parent.parent.parent / "docs" / "commands.md").read_text()
COMMANDS = [
    "trustissuer",
    "linksubjects",
    "explainassertion",
    "mintassertion",
    "refreshkeys",
    "checkissuers",
    "cleardecisions",
]
#: Those of every command of Django's.
COMMON = set(BaseCommand().create_parser("", "any")._option_string_actions)


def section(command: str) -> str:
    return MANUAL.partition(f"\n## `{command}`\n")[2].partition("\n## ")[0]


def flags(command: str) -> set[str]:
    return set(
        load_command_class("oauth_jwt_grant", command).create_parser("", command)._option_string_actions
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_flag_is_explained(command):
    written = set(re.findall(r"--[a-z][a-z-]+", section(command)))
    unexplained = flags(command) - COMMON - written
    assert {flag for flag in unexplained if not flag.startswith("--no-")} == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_no_other_flag_is_named(command):
    others = set().union(*map(flags, COMMANDS)) if command == "mintassertion" else flags(command)
    assert set(re.findall(r"--[a-z][a-z-]+", section(command))) - others == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_table(command):
    assert f"| `{command}` |" in MANUAL


def test_every_condition_in_the_table_is_one():
    table = section("trustissuer").partition("| condition |")[2]
    conditions = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    assert len(conditions) == 11
    assert all(parse_condition(condition) for condition in conditions)
