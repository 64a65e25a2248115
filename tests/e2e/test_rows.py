"""A row that was written past every validation: a clear refusal at the token endpoint, never a server error.

Such rows come by ``update()``, SQL, ``loaddata`` or from an earlier release. What another issuer's
assertions get does not change.
"""

from __future__ import annotations

import contextlib
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import DatabaseError, DataError, IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from oauth_jwt_grant.keys.notes import memory
from oauth_jwt_grant.models import ClaimCondition, GrantRule, IssuerKeys, TrustedIssuer
from oauth_jwt_grant.trust.sources import _source_of
from tests.factories import ec_key, jwk, mint, rsa_key
from tests.jwks_server import JwksServer
from tests.keys.test_pem import ODD, STRAY
from tests.support import World, assert_granted, case, case_undone, cases, make_issuer, make_rule

OTHER = "https://other.example"
#: What a text column may hold.
TEXTS = [
    "", " ", "x", "\ufeff", "\u00e9", "\u200b", "\x7f", "https://", "https://[::1", "https://a:99999/", "//",
    "https://[fe80::1%25eth0]/", "https://*/", "https://a b/", "https://\u00e9.example/", "file:///etc/passwd",
    "https://" + "a" * 70 + ".example/", "https://a..example/", "https://issuer.example/\n", "-----BEGIN",
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "# \u00e9\n", "https://issuer.example/?a#b",
]  # fmt: skip
#: What a JSON column may hold.
VALUES: list[Any] = [
    None, True, 0, -1, 1.5, "", "x", "RS256", [], [None], [True], [1], [[]], [{}], [""], ["x"],
    ["ES256", None], [["ES256"]], {}, {"keys": None}, {"keys": {}}, {"keys": "x"}, {"keys": [None]},
    {"keys": [1, "x", []]},
    {"keys": [{}]}, {"keys": [{"kty": None}]}, {"keys": [{"kty": "EC", "crv": [], "x": {}, "y": 1}]},
    {"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}, {"kty": "EC"}, {"ES256": 1}, {"a": "b"},
    "dns=x", ["dns="], ["subject=x"], ["subject=CN=\x00"], ["sha256=x"], [1e300], 10**30, ["\u00e9"],
]  # fmt: skip
NUMBERS = [0, 1, 2**31 - 1]
ISSUER_FIELDS: dict[str, list[Any]] = {
    "profile": [*TEXTS[:3], "ID-JAG", "JWT-BEARER"],
    "key_source": [*TEXTS[:3], "INLINE", "jwks_url", "discovery", "certificates"],
    "jwks_url": [text for text in TEXTS if text],
    "discovery_url": TEXTS,
    "jwks": VALUES,
    "trust_anchors": [text for text in TEXTS if text],
    "certificate_bindings": VALUES,
    "ca_bundle": TEXTS,
    "algorithms": VALUES,
    "audiences": VALUES,
    "max_lifetime": NUMBERS,
    "leeway": NUMBERS,
    "replay_policy": [*TEXTS[:3], "ONCE"],
}
RULE_FIELDS: dict[str, list[Any]] = {
    "client_policy": [*TEXTS[:3], "registered"],
    "subject_policy": [*TEXTS[:3], "LINKED", "user_field", "service_user", "provision"],
    "subject_claim": TEXTS,
    "user_field": TEXTS,
    "scopes": [*TEXTS, "read  write", '"', "\\"],
    "default_scopes": [*TEXTS, "read  write", '"', "\\"],
    "scope_claim": TEXTS[:3],
    "access_token_lifetime": NUMBERS,
    "resources": VALUES,
    "recorded_claims": VALUES,
}
CONDITION_FIELDS: dict[str, list[Any]] = {
    "claim": [*TEXTS, "/", "/~", "/a/0", "/" + "/" * 200],
    "operator": [*TEXTS[:3], "EQUALS"],
    "values": VALUES,
}


#: What a source must have so that the field is looked at.
SOURCES: dict[str, dict[str, Any]] = {
    "jwks_url": {"key_source": "jwks_url"},
    "discovery_url": {"key_source": "discovery"},
    "ca_bundle": {"key_source": "jwks_url"},
    "trust_anchors": {"key_source": "certificates"},
    "certificate_bindings": {"key_source": "certificates"},
}


@pytest.fixture
def world(world: World) -> World:
    """Two issuers, of which one is well."""
    other = make_issuer(rsa_key(), issuer=OTHER, name="Other")
    make_rule(other, world.application, subject_policy="no_user", resources=[])
    return world


def answered(world: World) -> dict[str, Any]:
    """The answer about the odd issuer, if it is a proper one; the other issuer's is always a token."""
    response = world.post()
    assert response.status_code in (200, 400, 401, 503), response.content
    answer: dict[str, Any] = json.loads(response.content)
    assert_granted(world.post(assertion=mint(rsa_key(), iss=OTHER)))
    return answer


def write(row: Any, **fields: Any) -> None:
    """Write ``fields`` past the model; what the database refuses cannot be there."""
    try:
        with transaction.atomic():
            type(row).objects.filter(pk=row.pk).update(**fields)
    except (DataError, IntegrityError):
        pytest.skip("not on this database: the column takes no such value")


def answered_with_each(world: World, row: Any, field: str, values: list[Any]) -> None:
    """Have the world answer with ``row`` as each of the ``values`` leaves it."""
    for value in values:
        with case_undone(field, value), contextlib.suppress(pytest.skip.Exception):
            write(row, **{field: value})
            answered(world)
        cache.clear()
        memory.clear()


@cases("field", ISSUER_FIELDS)
def test_an_issuer_written_past_validation(world: World, field: str) -> None:
    source = SOURCES.get(field, {})
    base = {"jwks_url": "https://127.0.0.1:1/", "allow_private_network": True, "trust_anchors": "x"}
    write(world.issuer, **({**base, **source} if source or field == "key_source" else {}))
    answered_with_each(world, world.issuer, field, ISSUER_FIELDS[field])


@cases("field", RULE_FIELDS)
def test_a_rule_written_past_validation(world: World, field: str) -> None:
    answered_with_each(world, world.rule, field, RULE_FIELDS[field])


@cases("field", CONDITION_FIELDS)
def test_a_condition_written_past_validation(world: World, field: str) -> None:
    condition = ClaimCondition.objects.create(
        rule=world.rule, claim="sub", operator="equals", values=["alice"]
    )
    answered_with_each(world, condition, field, CONDITION_FIELDS[field])


#: What no field would write: numbers and depths that Python does not read.
RAW = {"long number": '{"keys": [%s]}' % ("1" * 5000), "depth": "[" * 900 + "]" * 900}


@pytest.mark.parametrize("raw", RAW)
@pytest.mark.parametrize(
    "model_and_column",
    [
        (TrustedIssuer, "jwks"),
        (TrustedIssuer, "algorithms"),
        (GrantRule, "resources"),
        (ClaimCondition, "values"),
    ],
    ids=lambda pair: pair[1],
)
def test_json_written_by_sql(world: World, raw: str, model_and_column: tuple[Any, str]) -> None:
    model, column = model_and_column
    row = {
        TrustedIssuer: world.issuer,
        GrantRule: world.rule,
        ClaimCondition: ClaimCondition.objects.create(rule=world.rule, claim="sub", values=["alice"]),
    }[model]
    try:
        by_sql(row, column, RAW[raw])
    except DatabaseError:
        pytest.skip("not on this database: it refuses such JSON")
    assert answered(world)["error"] == "invalid_grant"


def test_a_date_written_by_sql(world: World, caplog: pytest.LogCaptureFixture) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("not on this database: columns have types")
    by_sql(world.issuer, "valid_until", "2026-13-45 00:00:00")
    assert answered(world)["error"] == "invalid_grant"
    assert "cannot be used" in caplog.text


def kinds(fields: dict[str, list[Any]]) -> list[tuple[str, Any]]:
    """For each field one value of each type, empty and not."""
    found = {(name, type(value), bool(value)): value for name, values in fields.items() for value in values}
    return [(name, value) for (name, _, _), value in found.items()]


@pytest.fixture
def odd(world: World) -> list[TrustedIssuer]:
    """Issuers with one odd field each, enabled, between two good ones."""
    rows = []
    for number, (field, value) in enumerate(kinds(ISSUER_FIELDS)):
        row = make_issuer(issuer=f"https://odd.example/{number:03}", name=f"M{number:03}")
        make_rule(row, world.application)
        with contextlib.suppress(pytest.skip.Exception):
            write(row, **SOURCES.get(field, {}), trust_anchors="x", jwks_url="https://127.0.0.1:1/")
            write(row, **{field: value})
        rows.append(row)
    make_issuer(rsa_key(), issuer="https://zzz.example", name="Z")
    return rows


@pytest.fixture
def browser(db: None) -> Client:
    """A browser in which a superuser is logged in."""
    user = get_user_model().objects.create_superuser("root@example.com")
    client = Client()
    client.force_login(user)
    return client


def by_sql(row: Any, column: str, value: str) -> None:
    quote = connection.ops.quote_name
    table = quote(type(row)._meta.db_table)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {quote(column)} = %s WHERE id = %s", [value, row.pk])  # noqa: S608


def run(*arguments: str) -> tuple[int, str, str]:
    out, err = StringIO(), StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=err, no_color=True)
    except SystemExit as stop:
        return int(str(stop.code)), out.getvalue(), err.getvalue()
    except CommandError as error:
        return error.returncode, out.getvalue(), err.getvalue() + str(error)
    return 0, out.getvalue(), err.getvalue()


def test_commands_go_on_to_the_other_issuers(odd: list[TrustedIssuer]) -> None:
    if connection.vendor == "sqlite":
        by_sql(odd[0], "valid_until", "2026-13-45 00:00:00")
    status, out, err = run("refreshkeys")
    assert status == 1
    fetched = [
        row.issuer
        for row in odd
        if TrustedIssuer.objects.only("key_source").get(pk=row.pk).key_source in ("jwks_url", "discovery")
    ]
    assert [line.partition(": ")[0] for line in err.splitlines()[:-1]] == fetched

    status, out, err = run("checkissuers", "--json", "--no-fetch")
    reports = json.loads(out)["issuers"]
    assert status == 2
    assert len(reports) == len(odd) + 3
    levels = {report["issuer"]: report["level"] for report in reports}
    assert levels["https://zzz.example"] == "warning"  # it has no rule
    assert levels[OTHER] == "fine"
    assert run("checkissuers", "--no-fetch")[0] == 2


def test_what_cannot_be_read_at_all_is_reported(odd: list[TrustedIssuer]) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("not on this database: columns have types")
    TrustedIssuer.objects.filter(pk=odd[0].pk).update(key_source="jwks_url")
    by_sql(odd[0], "valid_until", "2026-13-45 00:00:00")
    assert f"{odd[0].issuer}: ValueError" in run("refreshkeys")[2]
    assert "cannot be examined: ValueError" in run("checkissuers", "--no-fetch")[1]
    status, out, _ = run("checkissuers", "--no-fetch", "--issuer", odd[0].issuer, "--json")
    (report,) = json.loads(out)["issuers"]
    assert (status, report["level"]) == (2, "failing")


def test_pages_show_every_issuer(odd: list[TrustedIssuer], browser: Client) -> None:
    """The list, and the page of each, where an operator corrects the row."""
    names = []
    pages, page = 1, 1
    while page <= pages:
        answer = browser.get(reverse("admin:oauth_jwt_grant_trustedissuer_changelist"), {"p": page})
        assert answer.status_code == 200
        pages, page = answer.context["cl"].paginator.num_pages, page + 1
        names += [row.name for row in answer.context["cl"].result_list]
    assert {row.name for row in odd} <= set(names)
    for row in odd:
        answer = browser.get(reverse("admin:oauth_jwt_grant_trustedissuer_change", args=[row.pk]))
        assert answer.status_code == 200, row.name


def pages_of(issuer: TrustedIssuer) -> list[str]:
    """The list of issuers, and the page of this one."""
    page = "admin:oauth_jwt_grant_trustedissuer"
    return [reverse(f"{page}_changelist"), reverse(f"{page}_change", args=[issuer.pk])]


KEPT: dict[str, list[Any]] = {
    "document": VALUES,
    "first_seen": [*VALUES, {"a": 1e300}, {"a": "b"}],
    "fetched_at": [-1e300, 0.0, 1e300],
    "expires_at": [-1e300, 0.0, 1e300],
    "etag": ["", "\u00e9", "x" * 255],
}


@pytest.mark.parametrize("field", KEPT)
def test_kept_keys_written_past_validation(world: World, browser: Client, field: str) -> None:
    """They are fetched again, or serve; the pages show the issuer either way."""
    shown = [value for name, value in kinds(KEPT) if name == field]
    with JwksServer() as server:
        server.publish(jwk(ec_key()))
        world.fetch_keys_from(server)
        assert_granted(world.post())
        for value in KEPT[field]:
            with contextlib.suppress(pytest.skip.Exception):
                write(IssuerKeys.objects.get(), **{field: value})
            cache.clear()
            if any(value is one for one in shown):
                answers = [browser.get(url).status_code for url in pages_of(world.issuer)]
                assert (value, answers) == (value, [200, 200])
            assert_granted(world.post())
            assert run("checkissuers", "--no-fetch")[0] in (0, 1, 2), value


def test_a_failure_of_another_form_in_the_cache(world: World, browser: Client) -> None:
    """The list shows the issuer, and the others."""
    world.fetch_keys_from(JwksServer())
    odd = {"source": "s", "count": 1, "since": "x", "at": 1, "error": "e", "retry_at": "x", "urgent_at": "x"}
    cache.set(f"oauth_jwt_grant:keys:3:{_source_of(world.issuer)._source}:failure", odd, 60)  # type: ignore[attr-defined]
    answer = browser.get(reverse("admin:oauth_jwt_grant_trustedissuer_changelist"))
    assert answer.status_code == 200
    assert "cannot be shown" in answer.content.decode()
    assert answered(world)["error"] == "invalid_grant"


def test_a_rule_that_refuses_all_is_a_finding(world: World, browser: Client) -> None:
    write(world.rule, access_token_lifetime=0)
    assert "access_token_lifetime is out of range" in run("checkissuers")[1]
    page = browser.get(reverse("admin:oauth_jwt_grant_trustedissuer_change", args=[world.issuer.pk]))
    assert "access_token_lifetime is out of range" in page.content.decode()


@pytest.mark.parametrize("form", [form for form in STRAY if "surrogate" not in form])
def test_a_ca_bundle_that_editors_have_been_at(world: World, form: str, tmp_path: Path) -> None:
    """Accepted by the command and used by the fetch; a row of an earlier release that has it is used too."""
    with JwksServer() as server:
        server.publish(jwk(ec_key()))
        world.fetch_keys_from(server)
        write(world.issuer, ca_bundle=STRAY[form](server.ca_pem))
        assert_granted(world.post())
        assert run("refreshkeys")[:2] == (0, f"{world.issuer.issuer}: 1 key\n")

        write(world.issuer, ca_bundle="")
        file = tmp_path / "bundle.pem"
        file.write_text(STRAY[form](server.ca_pem), encoding="utf-8", newline="")
        assert run("trustissuer", "--issuer", world.issuer.issuer, "--ca-bundle", str(file))[0] == 0
        assert run("checkissuers", "--issuer", world.issuer.issuer)[0] == 0


def test_a_ca_bundle_that_no_fetch_can_use(world: World, tmp_path: Path) -> None:
    file = tmp_path / "bundle.pem"
    file.write_text(ODD)
    status, _, err = run("trustissuer", "--issuer", world.issuer.issuer, "--ca-bundle", str(file))
    assert status == 1
    assert "Certificate 1 cannot be used by the TLS library" in err
    with JwksServer() as server:
        world.fetch_keys_from(server)
        write(world.issuer, ca_bundle=ODD)
        assert answered(world)["error"] == "temporarily_unavailable"


def test_pages_show_every_rule(world: World, browser: Client) -> None:
    """The page of each, and that of their issuer."""
    for field, value in kinds(RULE_FIELDS):
        rule = make_rule(world.issuer, world.application)
        with case(field, value), contextlib.suppress(pytest.skip.Exception):
            write(rule, **{field: value})
            assert (
                browser.get(reverse("admin:oauth_jwt_grant_grantrule_change", args=[rule.pk])).status_code
                == 200
            )
    answer = browser.get(reverse("admin:oauth_jwt_grant_trustedissuer_change", args=[world.issuer.pk]))
    assert answer.status_code == 200
    assert len(answer.context["inline_admin_formsets"][0].formset.initial_forms) > len(RULE_FIELDS)
    assert run("checkissuers", "--no-fetch")[0] in (0, 1)
