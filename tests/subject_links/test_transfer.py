"""Writing a plan: whole or not at all, and never over what somebody else has done meanwhile."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth import get_user_model
from django.db import DataError, OperationalError, connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from oauth_jwt_grant.models import LinkedSubject, TrustedIssuer
from oauth_jwt_grant.signals import trust_changed
from oauth_jwt_grant.subject_links import NotImported, export_links, import_links, make_plan
from tests.admin.conftest import make_user
from tests.factories import ISSUER

pytestmark = pytest.mark.django_db
HEAD = "issuer,subject,user\n"


@pytest.fixture
def plan(issuer, alice, bob):
    """Adds ``new`` to alice and gives bob's ``old`` to her."""
    LinkedSubject.objects.create(issuer=issuer, subject="old", user=bob)
    return make_plan(f"{HEAD}{ISSUER},new,{alice.get_username()}\n{ISSUER},old,{alice.get_username()}\n")


def links():
    return {link.subject: link.user.get_username() for link in LinkedSubject.objects.select_related("user")}


BEFORE = {"old": "bob@example.com"}
AFTER = dict.fromkeys(("new", "old"), "alice@example.com")


def test_links_are_added_and_replaced(plan):
    created = LinkedSubject.objects.get().created
    import_links(plan, replace=True)
    assert links() == AFTER
    assert LinkedSubject.objects.get(subject="old").created == created
    assert LinkedSubject.objects.get(subject="new").created > created


def test_nothing_is_replaced_unless_that_is_asked_for(plan):
    with pytest.raises(NotImported, match="1 subject is linked to another user"):
        import_links(plan, replace=False)
    assert links() == BEFORE


def test_nothing_is_imported_while_a_line_is_wrong(plan, alice):
    wrong = make_plan(f"{HEAD}{ISSUER},new,{alice.get_username()}\n{ISSUER},x,nobody\n")
    with pytest.raises(NotImported, match="1 error"):
        import_links(wrong, replace=True)
    assert links() == BEFORE


def test_dry_run_writes_nothing_and_complains_as_the_real_one(plan):
    import_links(plan, replace=True, dry_run=True)
    with pytest.raises(NotImported):
        import_links(plan, replace=False, dry_run=True)
    assert links() == BEFORE


def test_subject_that_somebody_has_linked_meanwhile_stays_theirs(plan, issuer, bob):
    LinkedSubject.objects.create(issuer=issuer, subject="new", user=bob)
    with pytest.raises(NotImported, match="changed meanwhile"):
        import_links(plan, replace=True)
    assert links() == BEFORE | {"new": "bob@example.com"}


def test_link_that_somebody_has_changed_meanwhile_stays_so(plan):
    carol = make_user("carol")
    LinkedSubject.objects.update(user=carol)
    with pytest.raises(NotImported, match="changed meanwhile"):
        import_links(plan, replace=True)
    assert links() == {"old": "carol@example.com"}


def test_link_that_somebody_has_deleted_meanwhile_stays_away(plan):
    LinkedSubject.objects.all().delete()
    with pytest.raises(NotImported, match="changed meanwhile"):
        import_links(plan, replace=True)
    assert links() == {}


def test_history_that_cannot_be_written_leaves_nothing_written(plan):
    def record():
        assert links() == AFTER
        raise OperationalError

    with pytest.raises(NotImported):
        import_links(plan, replace=True, record=record)
    assert links() == BEFORE


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("model", [TrustedIssuer, get_user_model()])
def test_link_to_a_row_that_is_deleted_meanwhile_is_not_written(plan, model):
    model.objects.all().delete()
    with pytest.raises(NotImported, match="changed meanwhile"):
        import_links(plan, replace=True)
    assert links() == {}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("there", [False, True], ids=["new", "replaced"])
def test_of_two_imports_at_once_one_is_whole_and_the_other_nothing(issuer, alice, bob, there):
    carol = make_user("carol")
    subjects = [str(number) for number in range(50)]
    if there:
        LinkedSubject.objects.bulk_create(
            LinkedSubject(issuer=issuer, subject=subject, user=carol) for subject in subjects
        )
    plans = [
        make_plan(HEAD + "".join(f"{ISSUER},{subject},{user.get_username()}\n" for subject in order))
        for user, order in ((alice, subjects), (bob, subjects[::-1]))
    ]
    ready = threading.Barrier(2)

    def carry_out(plan):
        try:
            ready.wait(10)
            import_links(plan, replace=True)
        except NotImported:
            return "nothing"
        finally:
            connection.close()
        return "whole"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(carry_out, plans)) == ["nothing", "whole"]
    assert set(links()) == set(subjects)
    assert set(links().values()) in ({"alice@example.com"}, {"bob@example.com"})


def test_thousand_links_are_written_with_a_few_statements(issuer, alice, bob):
    LinkedSubject.objects.bulk_create(
        LinkedSubject(issuer=issuer, subject=str(number), user=bob) for number in range(1000)
    )
    plan = make_plan(HEAD + "".join(f"{ISSUER},{number},{alice.get_username()}\n" for number in range(2000)))
    with CaptureQueriesContext(
        connection,
    ) as statements:
        import_links(plan, replace=True)
    assert len(statements) <= 20
    assert LinkedSubject.objects.filter(user=alice).count() == 2000


def test_export_is_streamed_with_one_query(plan, django_assert_num_queries):
    with django_assert_num_queries(1):
        text = "".join(export_links(LinkedSubject.objects.order_by("subject")))
    assert text == f"\ufeffissuer,subject,user\r\n{ISSUER},old,bob@example.com\r\n"


def test_audits_are_told_after_the_commit(plan, django_capture_on_commit_callbacks):
    told = []

    def hear(sender, action, instances, **kwargs):
        told.append((sender, action, {link.subject: link.user.get_username() for link in instances}))

    trust_changed.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            import_links(plan, replace=True, dry_run=True)
        assert told == []
        with django_capture_on_commit_callbacks(execute=True):
            import_links(plan, replace=True)
            assert told == []
    finally:
        trust_changed.disconnect(hear)
    assert told == [(LinkedSubject, "imported", AFTER)]


def test_a_character_that_the_database_does_not_have_is_said(plan, monkeypatch):
    def fail(*args, **kwargs):
        raise DataError("no equivalent in encoding LATIN1")

    monkeypatch.setattr(QuerySet, "bulk_create", fail)
    with pytest.raises(NotImported, match="cannot store a character of the file"):
        import_links(plan, replace=True)
    assert links() == BEFORE
