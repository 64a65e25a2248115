"""Clients that pause inside their transactions, and an operator who disables and revokes meanwhile."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.models import Decision, GrantRule, TrustedIssuer
from tests.admin.forms import fill_in
from tests.factories import ec_key, mint
from tests.support import World

from .processes import Child

#: What a client waits, in seconds, before its decision is inserted and again before COMMIT.
PAUSES = ("0", "0.02", "0.3")
CLIENTS, REQUESTS = 4, 2
LIST = "admin:oauth_jwt_grant_trustedissuer_changelist"


def page_of(world: World, name: str) -> str:
    """The URL of a page of the issuer."""
    return reverse(f"admin:oauth_jwt_grant_trustedissuer_{name}", args=[world.issuer.pk])


def disable_and_revoke(browser: Client, world: World) -> None:
    """The action of the list, from its question to its answer."""
    asked = browser.post(reverse(LIST), {"action": "disable_and_revoke", "_selected_action": world.issuer.pk})
    _done(browser.post(reverse(LIST), fill_in(asked, "disable_and_revoke_form")))


def disable_and_revoke_in_filtered_list(browser: Client, world: World) -> None:
    """The same where the list shows enabled issuers alone."""
    url = f"{reverse(LIST)}?enabled__exact=1"
    asked = browser.post(url, {"action": "disable_and_revoke", "_selected_action": world.issuer.pk})
    _done(browser.post(url, fill_in(asked, "disable_and_revoke_form")))


def disable_and_revoke_rule(browser: Client, world: World) -> None:
    """The action of the list of rules; the issuer stays enabled."""
    url = reverse("admin:oauth_jwt_grant_grantrule_changelist")
    asked = browser.post(url, {"action": "disable_and_revoke", "_selected_action": world.rule.pk})
    _done(browser.post(url, fill_in(asked, "disable_and_revoke_form")))


def disable_then_revoke(browser: Client, world: World) -> None:
    """The other action of the list, then the page that revokes."""
    _done(browser.post(reverse(LIST), {"action": "disable", "_selected_action": world.issuer.pk}))
    revoke(browser, world)


def change_issuer_then_revoke(browser: Client, world: World) -> None:
    """The tick is taken from the issuer on its page."""
    url = page_of(world, "change")
    _done(browser.post(url, fill_in(browser.get(url), "trustedissuer_form", enabled=None)))
    revoke(browser, world)


def change_rule_then_revoke(browser: Client, world: World) -> None:
    """The tick is taken from the rule on its page; the issuer stays enabled."""
    url = reverse("admin:oauth_jwt_grant_grantrule_change", args=[world.rule.pk])
    _done(browser.post(url, fill_in(browser.get(url), "grantrule_form", enabled=None)))
    revoke(browser, world)


def command_then_revoke(browser: Client, world: World) -> None:
    """``trustissuer --no-enabled``."""
    call_command("trustissuer", issuer=world.issuer.issuer, enabled=False, stdout=StringIO())
    revoke(browser, world)


def from_now_on_then_revoke(browser: Client, world: World) -> None:
    """The issuer stays enabled, and what it has issued is refused."""
    url = page_of(world, "from_now_on")
    _done(browser.post(url, fill_in(browser.get(url), "from_now_on_form")))
    revoke(browser, world)


#: Every way to disable an issuer or a rule and to revoke its tokens.
WAYS: dict[str, Callable[[Client, World], None]] = {
    way.__name__: way
    for way in (
        disable_and_revoke,
        disable_and_revoke_in_filtered_list,
        disable_and_revoke_rule,
        disable_then_revoke,
        change_issuer_then_revoke,
        change_rule_then_revoke,
        command_then_revoke,
        from_now_on_then_revoke,
    )
}


def revoke(browser: Client, world: World) -> None:
    """Revoke all tokens of the issuer on its page."""
    url = page_of(world, "revoke")
    counted = browser.post(url, fill_in(browser.get(url), "revoke_tokens_form"))
    _done(browser.post(url, fill_in(counted, "revoke_tokens_form")))


def _done(response: HttpResponse) -> None:
    assert response.status_code == 302, response.content.decode()


@dataclass
class Round:
    """What became of one: the answers, the tokens that are left, and what the operator had to wait."""

    answers: Counter[str] = field(default_factory=Counter)
    survivors: int = 0
    without_decision: int = 0
    seconds: float = 0


def revoke_meanwhile(world: World, clients: list[Child], browser: Client, way: str) -> Round:
    """All clients post, the operator disables and revokes at some moment, and the answers are awaited."""
    enable_all()
    bodies = [urlencode(world.pairs(assertion=mint(ec_key()))) for _ in range(len(clients) * REQUESTS)]
    for number, body in enumerate(bodies):
        clients[number % len(clients)].write(body)
    time.sleep(random.uniform(0, 0.4))  # noqa: S311 - no secret
    done = Round()
    started = time.perf_counter()
    WAYS[way](browser, world)
    done.seconds = time.perf_counter() - started
    done.answers = Counter(clients[number % len(clients)].read() for number in range(len(bodies)))
    left = get_access_token_model().objects.all()
    done.survivors, done.without_decision = left.count(), left.filter(jwt_bearer_decision=None).count()
    return done


def enable_all() -> None:
    """Trust is given again; nothing is left of the round before."""
    TrustedIssuer.objects.update(enabled=True, issued_after=None)
    GrantRule.objects.update(enabled=True)
    Decision.objects.all().delete()
    get_access_token_model().objects.all().delete()


@contextmanager
def operator(*, atomic: bool) -> Iterator[Client]:
    """The browser of a superuser, on a site with or without ``ATOMIC_REQUESTS``."""
    name = "operator@example.com"
    user = get_user_model().objects.create_superuser(name, email=name, password=None)
    browser = Client()
    browser.force_login(user)
    settings = connection.settings_dict
    before, settings["ATOMIC_REQUESTS"] = settings["ATOMIC_REQUESTS"], atomic
    try:
        yield browser
    finally:
        settings["ATOMIC_REQUESTS"] = before
        user.delete()
