"""Many rows at once: what is written is what Django's own methods write, and what they refuse is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DataError, connection, transaction

from oauth_jwt_grant.database import ManyInserts, ManyUpdates, raw_rows
from oauth_jwt_grant.database.many import _arrays, _type
from oauth_jwt_grant.models import GrantRule, TrustedIssuer
from tests.support import make_application, make_user

pytestmark = pytest.mark.django_db

#: More than one statement has.
NUMBER = 1201


def values_of(model: Any, *without: str) -> list[dict[str, Any]]:
    rows = model.objects.order_by("pk").values()
    return [{key: value for key, value in row.items() if key not in without} for row in rows]


def issuers(number: int) -> list[TrustedIssuer]:
    return [
        TrustedIssuer(
            name="100 % é \"' \\",
            issuer=f"https://i{count}.example",
            valid_from=datetime(2030, 1, 2, 3, 4, 5, 678901, tzinfo=UTC) if count % 2 else None,
            conditions=[{"a": '"', "%s": [count, None, 1.5]}],
            max_lifetime=count,
        )
        for count in range(number)
    ]


def rules(of: list[TrustedIssuer]) -> list[GrantRule]:
    shared = {"default_application": make_application(), "user": make_user()}
    return [GrantRule(issuer=one, name="a", scopes="read", resources=["https://r"], **shared) for one in of]


def test_rows_are_inserted_as_by_django_with_the_keys_of_the_rows_before() -> None:
    ManyInserts(TrustedIssuer, of := issuers(NUMBER)).run()
    assert TrustedIssuer.objects.count() == NUMBER
    for row, stored in zip(of, TrustedIssuer.objects.order_by("pk"), strict=True):
        row.pk = row.pk or stored.pk  # MySQL does not return it
        assert (row.pk, row.issuer) == (stored.pk, stored.issuer)
    written = values_of(TrustedIssuer, "id", "created", "updated")
    TrustedIssuer.objects.all().delete()
    TrustedIssuer.objects.bulk_create(issuers(NUMBER))
    assert values_of(TrustedIssuer, "id", "created", "updated") == written


def test_what_is_late_is_taken_when_it_is_run() -> None:
    of = issuers(2)
    # Made before their issuers have primary keys.
    inserts = ManyInserts(GrantRule, new := rules(of), late=["name"])
    for one in of:
        one.save()
    for row in new:
        row.name, row.scopes = "late", "too late"
    inserts.run()
    found = GrantRule.objects.order_by("pk").values_list("issuer", "name", "scopes", "user")
    user = new[0].user_id
    assert list(found) == [(one.pk, "late", "read", user) for one in of]
    assert [row.issuer_id for row in new] == [one.pk for one in of]


def test_only_the_columns_that_are_named_are_written_and_each_row_gets_its_own() -> None:
    TrustedIssuer.objects.bulk_create(issuers(NUMBER))
    found = list(TrustedIssuer.objects.order_by("pk"))
    before = {row.pk: row.updated for row in found}
    for row in found:
        row.name, row.conditions, row.valid_from, row.enabled, row.leeway = (
            str(row.pk),
            {"k": row.pk},
            None,
            False,
            9,
        )
    fields = ["name", "conditions", "valid_from", "enabled", "updated"]
    ManyUpdates(TrustedIssuer, found[1:], fields).run()
    first, *others = TrustedIssuer.objects.order_by("pk")
    assert (first.enabled, first.updated) == (True, before[first.pk])
    for row in others:
        assert (row.name, row.conditions, row.valid_from) == (str(row.pk), {"k": row.pk}, None)
        assert (row.enabled, row.leeway) == (False, None)
        assert row.updated > before[row.pk]


def test_postgresql_gets_an_array_for_each_column() -> None:
    """On it, all tests of this module run so."""
    assert _arrays(["varchar", "jsonb"], [["a", 1], ["b", 2]]) == (
        "SELECT * FROM UNNEST((%s)::varchar[], (%s)::jsonb[])",
        [["a", "b"], [1, 2]],
    )
    name = TrustedIssuer._meta.get_field("name")
    updates = ManyUpdates(TrustedIssuer, [], ["name", "name"])
    sql, values = updates._joined([7, 8], [["a", "b"], ["c", "d"]])
    key, kind = (_type(field, connection) for field in (TrustedIssuer._meta.pk, name))
    sets, _, source = sql.replace("`", '"').partition(" FROM ")
    assert sets == 'UPDATE "oauth_jwt_grant_trustedissuer" SET "name" = new.v0, "name" = new.v1'
    assert source == (
        f"UNNEST((%s)::{key}[], (%s)::{kind}[], (%s)::{kind}[]) AS new (pk, v0, v1) "
        'WHERE "oauth_jwt_grant_trustedissuer"."id" = new.pk'
    )
    assert values == [[7, 8], ["a", "b"], ["c", "d"]]


def test_nothing_to_write_is_no_statement(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        ManyInserts(GrantRule, []).run()
        ManyUpdates(GrantRule, [], ["name"]).run()


def test_what_is_too_long_is_refused_not_cut() -> None:
    if connection.vendor == "sqlite":
        pytest.skip("not on sqlite: its columns have no length")
    (row,) = issuers(1)
    row.save()
    row.name = "x" * 101
    for write in (
        ManyUpdates(TrustedIssuer, [row], ["name"]),
        ManyInserts(GrantRule, [GrantRule(issuer=row, name="x" * 101, scopes="read")]),
    ):
        with pytest.raises(DataError), transaction.atomic():
            write.run()
    assert TrustedIssuer.objects.get().name != row.name


def test_raw_rows_differ_as_soon_as_one_column_does() -> None:
    (row,) = issuers(1)
    row.save()
    before = list(raw_rows(TrustedIssuer.objects.all()))
    assert list(raw_rows(TrustedIssuer.objects.all())) == before
    TrustedIssuer.objects.update(conditions=[True])
    assert list(raw_rows(TrustedIssuer.objects.all())) != before
