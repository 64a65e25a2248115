"""How long the pages of the admin take on a site that has grown: PostgreSQL, a million decisions.

Each page is asked for by a superuser through Django's test client. Quoted are the statements and the median
of the seconds; the status is 1 if a page takes longer than its bound. ``--cpu`` counts the time of the
processor, the database's included, for a busy machine; ``--keep`` leaves the database to the next run.
Run it with ``OJG_TEST_DB=postgres python -m tests.benchmarks.pages [--decisions N] [--issuers N]``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_application_model

from oauth_jwt_grant.models import Decision, GrantRule, LinkedSubject, TrustedIssuer

from .databases import test_databases
from .grant_cost import processor_time, server_task
from .pages_data import RARE_REASON, SUBJECT, fill, is_filled

#: Seconds: a page, a search, and the first and the last line of a file.
PAGE, SEARCH, FIRST, FILE = 0.3, 0.5, 1.0, 30.0
#: Where Django names all that goes with an issuer, thousands of linked subjects among it.
CONFIRM = 2.5

clock = time.perf_counter


@dataclass(frozen=True, slots=True)
class Page:
    """A page, and in how many seconds it has to be there."""

    name: str
    url: str
    bound: float = PAGE
    data: dict[str, Any] = field(default_factory=dict)


def main() -> int:
    """Fill, ask for each page, and say which are too slow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--decisions", type=int, default=1_000_000)
    parser.add_argument("--issuers", type=int, default=5_000)
    parser.add_argument("--requests", type=int, default=5, help="for each page")
    parser.add_argument("--only", default="", help="pages with this in their names")
    parser.add_argument("--cpu", action="store_true", help="time of the processor, the database's included")
    parser.add_argument("--keep", action="store_true", help="leave the database, and take what is there")
    options = parser.parse_args()
    if connection.vendor != "postgresql":
        raise SystemExit("Measured on PostgreSQL: OJG_TEST_DB=postgres")
    with test_databases(keep=options.keep):
        if not is_filled():
            fill(options.issuers, options.decisions)
        if options.cpu:
            _count_the_processor()
        return _measure(options.only, options.requests)


def _count_the_processor() -> None:
    global clock
    with connection.cursor() as cursor:
        cursor.execute("SET max_parallel_workers_per_gather = 0")  # their time is counted nowhere
    clock = partial(processor_time, server_task())


def _measure(only: str, requests: int) -> int:
    user = get_user_model().objects.filter(is_superuser=True).first()
    client = Client()
    client.force_login(user or get_user_model().objects.create_superuser("operator"))
    slow = 0
    for page in _pages():
        if only in page.name:
            slow += not _is_quick(client, page, requests)
    for name, url in _exports():
        if only in name:
            slow += not _is_streamed(client, name, url)
    print(f"{slow} too slow" if slow else "none too slow")
    return 1 if slow else 0


def _is_quick(client: Client, page: Page, requests: int) -> bool:
    with CaptureQueriesContext(connection) as captured:
        _ask(client, page)
        statements = list(captured)  # the next request forgets them
    times = []
    for _ in range(requests):
        started = clock()
        _ask(client, page)
        times.append(clock() - started)
    median = statistics.median(times)
    print(f"{page.name}: {len(statements)} statements, {median:.3f} s", flush=True)
    if median > page.bound:
        worst: Any = max(statements, key=lambda query: float(query["time"]))
        print(f"    above {page.bound} s; {worst['time']} s: {worst['sql'][:2000]}")
    return median <= page.bound


def _ask(client: Client, page: Page) -> None:
    response = client.post(page.url, page.data) if page.data else client.get(page.url)
    if response.status_code != 200:
        raise SystemExit(f"{page.name}: {response.status_code} from {page.url}")


def _is_streamed(client: Client, name: str, url: str) -> bool:
    """Whether the file begins and ends in time."""
    started = clock()
    response: Any = client.post(url) if "decision" in url else client.get(url)
    content = iter(response.streaming_content)
    size = len(next(content))
    first = clock() - started
    lines = 0
    for chunk in content:
        size, lines = size + len(chunk), lines + chunk.count(b"\n")
    whole = clock() - started
    print(f"{name}: begins after {first:.3f} s, {lines:,} lines, {size / 1e6:.0f} MB after {whole:.1f} s")
    return first <= FIRST and whole <= FILE


def _url(name: str, *args: Any, **query: Any) -> str:
    url = reverse(f"admin:{name}", args=args)
    return f"{url}?{urlencode(query)}" if query else url


def _pages() -> Iterator[Page]:
    yield Page("index", _url("index"))
    yield from _decisions()
    yield from _issuers()
    yield from _rules()
    yield from _subjects()
    yield from _others()


def _decisions() -> Iterator[Page]:
    log = partial(_url, "oauth_jwt_grant_decision_changelist")
    busy, gone, usual = TrustedIssuer.objects.order_by("pk")[:3]
    day = timezone.now().date() - timedelta(days=40)
    some = Decision.objects.filter(time__gte=timezone.now() - timedelta(days=40)).order_by("time")[0]
    application = some.application_id
    queries: dict[str, dict[str, Any]] = {
        "first page": {},
        "page in the middle": {"p": 50},
        "last page": {"p": 100},
        "oldest first": {"o": 1},
        "oldest first, last page": {"o": 1, "p": 100},
        "last 24 hours": {"when": "24h"},
        "last 30 days": {"when": "30d"},
        "last 30 days, last page": {"when": "30d", "p": 100},
        "a day": {"when": day},
        "a day, page in the middle": {"when": day, "p": 50},
        "a day of refusals": {"when": day, "outcome__exact": "refused"},
        "a day of a reason": {"when": day, "reason": "expired"},
        "a day of an application": {"when": day, "application": application},
        "a day of the busy issuer": {"when": day, "issuer": busy.pk},
        "accepted": {"outcome__exact": "accepted"},
        "refused": {"outcome__exact": "refused"},
        "refused, last page": {"outcome__exact": "refused", "p": 100},
        "undecided": {"outcome__exact": "undecided"},
        "another door": {"accepted_as__exact": "subject_token"},
        "a frequent reason": {"reason": "expired"},
        "a rare reason": {"reason": RARE_REASON},
        "a reason that never occurs": {"reason": "id_token"},
        "an application": {"application": application},
        "the busy issuer": {"issuer": busy.pk},
        "the busy issuer, last page": {"issuer": busy.pk, "p": 100},
        "the issuer that is gone": {"issuer": gone.pk},
        "a usual issuer": {"issuer": usual.pk},
        "the busy issuer, refused": {"issuer": busy.pk, "outcome__exact": "refused"},
        "the busy issuer, a rare reason": {"issuer": busy.pk, "reason": RARE_REASON},
        "the issuer that is gone, an application": {"issuer": gone.pk, "application": application},
        "of a subject and issuer": {"issuer": some.issuer_id, "subject": some.subject},
        "of a user": {"user": Decision.objects.exclude(user=None)[0].user_id},
    }
    yield from (Page(f"decisions, {name}", log(**query)) for name, query in queries.items())
    searches = {
        **{"a subject": SUBJECT, "the beginning of subjects": "repo:org-77/*", "of many subjects": "repo:*"},
        **{"a jti": "jti-4711", "a digest": some.jti_digest, "nothing": "nobody"},
        **{"a key ID": f"key-{usual.pk}", "a frequent key ID": "busy-key", "an old key ID": "old-key"},
    }
    for name, text in searches.items():
        yield Page(f"decisions, search: {name}", log(q=text), SEARCH)
    yield Page("decisions, search: a key ID, last page", log(q="busy-key", p=100), SEARCH)
    yield Page("decisions, search: a subject of an issuer", log(q=SUBJECT, issuer=busy.pk), SEARCH)
    yield Page("decisions, search: a key ID, one day", log(q="busy-key", when=day), SEARCH)
    refused = Decision.objects.filter(outcome="refused").order_by("time")[0]
    yield Page("decision, accepted", _url("oauth_jwt_grant_decision_change", some.pk))
    yield Page("decision, refused", _url("oauth_jwt_grant_decision_change", refused.pk))
    yield Page("decision, delete", _url("oauth_jwt_grant_decision_delete", refused.pk))
    listed = list(Decision.objects.filter(outcome="refused").values_list("pk", flat=True)[:100])
    chosen = {"action": "delete_selected", "_selected_action": listed}
    yield Page("decisions, delete a page of them", log(outcome__exact="refused"), data=chosen)


def _issuers() -> Iterator[Page]:
    issuers = partial(_url, "oauth_jwt_grant_trustedissuer_changelist")
    queries: dict[str, dict[str, Any]] = {
        "first page": {},
        "page in the middle": {"p": 50},
        "last page": {"p": 100},
        "by name, Z to A": {"o": "-1"},
        "enabled": {"enabled__exact": "1"},
        "service accounts": {"kind": "account"},
        "other issuers": {"kind": "other"},
        "a key source": {"key_source__exact": "discovery"},
        "a profile": {"profile__exact": "id_jag"},
        "a policy of single use": {"replay_policy__exact": "once"},
    }
    yield from (Page(f"issuers, {name}", issuers(**query)) for name, query in queries.items())
    for name, text in {"a name": "Issuer 4711", "an identifier": "https://4711.example"}.items():
        yield Page(f"issuers, search: {name}", issuers(q=text), SEARCH)
    for name, issuer in zip(("busy", "gone", "usual"), TrustedIssuer.objects.order_by("pk")[:3], strict=True):
        for view in ("change", "delete", "history", "revoke", "from_now_on"):
            bound = CONFIRM if view == "delete" else PAGE
            url = _url(f"oauth_jwt_grant_trustedissuer_{view}", issuer.pk)
            yield Page(f"issuer ({name}), {view}", url, bound)
    chosen = list(TrustedIssuer.objects.order_by("pk").values_list("pk", flat=True)[:50])
    for action, bound in (("disable_and_revoke", PAGE), ("delete_selected", CONFIRM)):
        data = {"action": action, "_selected_action": chosen}
        yield Page(f"issuers, {action} of a page", issuers(), bound, data)
    yield Page("issuer, add", _url("oauth_jwt_grant_trustedissuer_add"))
    yield Page("issuer, add by a preset", _url("oauth_jwt_grant_trustedissuer_preset", "github-actions"))
    yield Page("issuer, add a service account", _url("oauth_jwt_grant_trustedissuer_add_account"))
    yield Page("test an assertion", _url("oauth_jwt_grant_trustedissuer_test"))


def _rules() -> Iterator[Page]:
    rules = partial(_url, "oauth_jwt_grant_grantrule_changelist")
    queries: dict[str, dict[str, Any]] = {
        "first page": {},
        "page in the middle": {"p": 50},
        "last page": {"p": 100},
        "by name": {"o": 1},
        "by issuer": {"o": 2},
        "enabled": {"enabled__exact": "1"},
        "a policy of clients": {"client_policy__exact": "listed"},
        "a policy of users": {"subject_policy__exact": "no_user"},
    }
    yield from (Page(f"rules, {name}", rules(**query)) for name, query in queries.items())
    for name, text in {"a name": "deploy", "an issuer": "https://4711.example"}.items():
        yield Page(f"rules, search: {name}", rules(q=text), SEARCH)
    rule = GrantRule.objects.order_by("pk")[0]
    for view in ("change", "delete", "history"):
        yield Page(f"rule, {view}", _url(f"oauth_jwt_grant_grantrule_{view}", rule.pk))
    chosen = list(GrantRule.objects.order_by("pk").values_list("pk", flat=True)[:100])
    data = {"action": "delete_selected", "_selected_action": chosen}
    yield Page("rules, delete a page of them", rules(), PAGE, data)


def _subjects() -> Iterator[Page]:
    links = partial(_url, "oauth_jwt_grant_linkedsubject_changelist")
    busy = TrustedIssuer.objects.order_by("pk")[0]
    queries: dict[str, dict[str, Any]] = {
        "first page": {},
        "page in the middle": {"p": 50},
        "last page": {"p": 100},
        "of the busy issuer": {"issuer": busy.pk},
        "of the busy issuer, last page": {"issuer": busy.pk, "p": 100},
    }
    yield from (Page(f"subjects, {name}", links(**query)) for name, query in queries.items())
    searches = {
        "a subject": SUBJECT,
        "beginnings": "repo:org-77/*",
        "a user": "user4711",
        "an issuer": busy.issuer,
        "nothing": "nobody",
    }
    for name, text in searches.items():
        yield Page(f"subjects, search: {name}", links(q=text), SEARCH)
    link = LinkedSubject.objects.order_by("pk")[0]
    for view in ("change", "delete"):
        yield Page(f"subject, {view}", _url(f"oauth_jwt_grant_linkedsubject_{view}", link.pk))
    yield Page("subject, add", _url("oauth_jwt_grant_linkedsubject_add"))
    yield Page("subjects, import", _url("oauth_jwt_grant_linkedsubject_import"))


def _others() -> Iterator[Page]:
    application = get_application_model().objects.order_by("pk")[0]
    token = get_access_token_model().objects.order_by("pk")[0]
    yield Page("application", _url("oauth2_provider_application_change", application.pk))
    yield Page("application, delete", _url("oauth2_provider_application_delete", application.pk))
    yield Page("access token", _url("oauth2_provider_accesstoken_change", token.pk))
    for name, model, column in (
        ("issuer of a rule", "grantrule", "issuer"),
        ("application of a rule", "grantrule", "applications"),
        ("user of a rule", "grantrule", "user"),
        ("issuer of a subject", "linkedsubject", "issuer"),
        ("user of a subject", "linkedsubject", "user"),
    ):
        for term in ("", "4711"):
            query = {"app_label": "oauth_jwt_grant", "model_name": model, "field_name": column, "term": term}
            yield Page(f"autocomplete, {name}: {term or 'nothing typed'}", _url("autocomplete", **query))


def _exports() -> Iterator[tuple[str, str]]:
    export = partial(_url, "oauth_jwt_grant_decision_export")
    yield "export, decisions", export()
    yield "export, refused decisions", export(outcome__exact="refused")
    yield (
        "export, decisions of the issuer that is gone",
        export(issuer=TrustedIssuer.objects.order_by("pk")[1].pk),
    )
    yield (
        "export, decisions of an application",
        export(application=get_application_model().objects.all()[0].pk),
    )
    yield "export, decisions with a key ID", export(q="old-key")
    yield "export, subjects", _url("oauth_jwt_grant_linkedsubject_export")


if __name__ == "__main__":
    raise SystemExit(main())
