"""A child in which an operator disables and revokes while its reads go to a replica that lags behind.

Prints as JSON how many tokens each way has left: ``{"way, state of the replica": tokens}``. What should be
disabled afterwards (or have a limit in time) and is not counts as a token.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.processes.replica_settings"

import django

django.setup()

from django.core.management import call_command
from django.db import connections
from django.test import Client
from django.test.utils import setup_test_environment

from oauth_jwt_grant.models import GrantRule, TrustedIssuer
from oauth_jwt_grant.service_accounts import add_key, create_service_account, find_service_account, key_uses
from tests.admin.accounts.support import ask, withdraw
from tests.single_use.revoking import WAYS, operator
from tests.support import World, assert_granted, build_world, tokens

from .replica_settings import copy, lagging


def main() -> None:
    setup_test_environment(debug=False)
    call_command("migrate", verbosity=0)
    world, account = build_world(), create_service_account("bot", scopes="read")
    with operator(atomic=False) as browser:
        copy("default", "good")
        results = {}
        for state in ("before", "disabled"):
            for name, way in ways(world, account.key_file).items():
                copy("good", "default")
                copy("good", "replica")
                if state == "disabled":
                    disable_in_replica()
                results[f"{name}, {state}"] = way(browser)
    print(json.dumps(results))


def disable_in_replica() -> None:
    """What it says has been so once, and is to be so again."""
    with connections["replica"].cursor() as cursor:
        cursor.execute("UPDATE oauth_jwt_grant_trustedissuer SET enabled = 0")
        cursor.execute("UPDATE oauth_jwt_grant_grantrule SET enabled = 0")


def ways(world: World, key_file: dict[str, str]) -> dict[str, Callable[[Client], int]]:
    """Each way to withdraw trust and revoke, by name."""
    return {
        **{name: partial(tokens_left, world, way) for name, way in WAYS.items()},
        "withdraw_key": withdraw_key,
        "withdraw_last_key": partial(withdraw_last_key, key_file),
    }


def tokens_left(world: World, way: Callable[[Client, World], None], browser: Client) -> int:
    """A token is there that the replica does not know."""
    assert_granted(world.post())
    with lagging(tokens_too=True):
        way(browser, world)
    issuer = TrustedIssuer.objects.get(pk=world.issuer.pk)
    is_trusted = (
        issuer.enabled and issuer.issued_after is None and GrantRule.objects.get(issuer=issuer).enabled
    )
    return tokens() + is_trusted


def withdraw_key(browser: Client) -> int:
    """The replica does not know the key either."""
    key_file = add_key("bot").key_file
    assert_granted(ask(key_file))
    kid = key_file["private_key_id"]
    with lagging(tokens_too=True):
        withdraw(browser, find_service_account("bot"), kid, do="withdraw-and-revoke")
    return tokens() + (kid in [use.kid for use in key_uses("bot")])


def withdraw_last_key(key_file: dict[str, str], browser: Client) -> int:
    """In the place of the last key, the account is disabled."""
    account = find_service_account("bot")
    with lagging(tokens_too=True):
        withdraw(browser, account, key_file["private_key_id"], do="disable")
    account.refresh_from_db()
    return int(account.enabled)


if __name__ == "__main__":
    main()
