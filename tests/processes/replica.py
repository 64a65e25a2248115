"""A child whose reads go to a replica that lags behind; prints what came of each request, as JSON.

``{"case": [answer, tables that were read from the replica]}``
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.processes.replica_settings"

import django

django.setup()

from django.core.cache import cache
from django.core.management import call_command
from django.db import connections
from django.test.utils import setup_test_environment

from oauth_jwt_grant.models import TrustedIssuer
from oauth_jwt_grant.trust import key_source_of
from tests.factories import ec_key, jwk, mint, rsa_key
from tests.jwks_server import JwksServer
from tests.support import World, build_world, post

from .replica_settings import copy, lagging
from .test_processes import WITHDRAWALS


def main() -> None:
    setup_test_environment(debug=False)
    call_command("migrate", verbosity=0)
    with JwksServer() as server:
        world = build_world()
        copy("default", "replica")
        results = {"granted": ask(world)}
        spent = mint(ec_key())
        ask(world, assertion=spent)
        results["replayed"] = ask(world, assertion=spent)
        copy("default", "good")
        for name, withdraw in WITHDRAWALS.items():
            copy("good", "default")
            withdraw(world)
            results[f"withdrawn: {name}"] = ask(world)
            world = again()
        copy("good", "default")
        # Trust that the replica has not heard of.
        with connections["replica"].cursor() as cursor:
            cursor.execute("DELETE FROM oauth_jwt_grant_linkedsubject")
            cursor.execute("UPDATE oauth_jwt_grant_trustedissuer SET enabled = 0")
            cursor.execute("UPDATE oauth_jwt_grant_grantrule SET enabled = 0")
        results["given"] = ask(world)
        results["key withdrawn, cache flushed"] = old_key(world, server)
    print(json.dumps(results))


def again() -> World:
    """The world as the primary has it after it was put back."""
    copy("good", "default")
    issuer = TrustedIssuer.objects.get()
    rule = issuer.rules.get()
    [application] = rule.applications.all()
    return World(issuer, rule, application, issuer.linked_subjects.get().user)


def old_key(world: World, server: JwksServer) -> tuple[str, list[str]]:
    """The keys are fetched, replicated, fetched again without the one that signs; then the cache is lost."""
    server.publish(jwk(ec_key()))
    world.fetch_keys_from(server)
    key_source_of(world.issuer).refresh()
    copy("default", "replica")
    server.publish(jwk(rsa_key()))
    key_source_of(world.issuer).refresh()
    cache.clear()
    server.stop()
    return ask(world)


def ask(world: World, **changes: Any) -> tuple[str, list[str]]:
    """Post a good request with ``changes``, reading from the replica as the site does."""
    read: list[str] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        read.extend(re.findall(r'FROM "(\w+)"', sql))
        return execute(sql, params, many, context)

    pairs = world.pairs(**changes)
    with lagging(), connections["replica"].execute_wrapper(note):
        answer = json.loads(post(pairs).content)
    return str(answer.get("error", "granted")), sorted(set(read))


if __name__ == "__main__":
    main()
