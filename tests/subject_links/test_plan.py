"""What a file would do, held against the database; nothing is written here."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.db import models

from oauth_jwt_grant.models import LinkedSubject, TrustedIssuer
from oauth_jwt_grant.subject_links import Outcome, export_links, make_plan
from oauth_jwt_grant.subject_links.plan import column_value
from tests.admin.conftest import make_user
from tests.factories import ISSUER

pytestmark = pytest.mark.django_db
HEAD = "issuer,subject,user\n"
ALICE, BOB = "alice@example.com", "bob@example.com"


def plan_of(*lines):
    """The plan for ``subject,user`` lines of the issuer."""
    return make_plan(HEAD + "".join(f"{ISSUER},{line}\n" for line in lines))


def problems(plan):
    return [(problem.line, problem.text) for problem in plan.problems]


def test_each_line_is_new_replaced_or_unchanged(issuer, alice, bob):
    LinkedSubject.objects.create(issuer=issuer, subject="one", user=alice)
    LinkedSubject.objects.create(issuer=issuer, subject="two", user=bob)
    plan = plan_of(f"one,{ALICE}", f"two,{ALICE}", f"three,{ALICE}")
    assert problems(plan) == []
    assert [(link.row.line, link.row.subject, link.outcome) for link in plan.links] == [
        (2, "one", Outcome.UNCHANGED),
        (3, "two", Outcome.REPLACE),
        (4, "three", Outcome.ADD),
    ]
    ((current, link),) = plan.replaced
    assert (current.username, link.user) == (BOB, alice)
    assert LinkedSubject.objects.count() == 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"https://other.example,s,{ALICE}", ["There is no trusted issuer https://other.example."]),
        (f"{ISSUER}/,s,{ALICE}", [f"There is no trusted issuer {ISSUER}/."]),
        (f"{ISSUER.upper()},s,{ALICE}", [f"There is no trusted issuer {ISSUER.upper()}."]),
        (f"{ISSUER},s,carol", ["There is no user carol."]),
        (f"{ISSUER},s,{ALICE.upper()}", [f"There is no user {ALICE.upper()}."]),
        (f'{ISSUER},s,"{ALICE} "', [f"There is no user {ALICE} ."]),
        ("a,s,b", ["There is no trusted issuer a.", "There is no user b."]),
        (f"{ISSUER},s,{'x' * 300}", [f"There is no user {'x' * 99}\u2026."]),
        (f"{ISSUER},{'s' * 513},{ALICE}", ["The subject is too long: 513 characters, of 512 at most."]),
        (f"{ISSUER},s\x07,{ALICE}", [r"The subject has a control character: 's\x07'"]),
        (f"{ISSUER},s\x85,{ALICE}", [r"The subject has a control character: 's\x85'"]),
        (f"{ISSUER},s\u2028,{ALICE}", [r"The subject has a control character: 's\u2028'"]),
        (f"{ISSUER},\ufffd,{ALICE}", ["The subject has a character that was lost before: \ufffd"]),
        ("\u202eeli,s\tt,\x1b[0m", [
            r"The subject has a control character: 's\tt'",
            r"There is no trusted issuer '\u202eeli'.",
            r"There is no user '\x1b[0m'.",
        ]),
    ],
)  # fmt: skip
def test_line_that_is_wrong_says_all_that_is(alice, line, said):
    assert problems(make_plan(HEAD + line + "\n")) == [(2, text) for text in said]


def test_longest_subject_is_one(alice):
    assert len(plan_of(f"{'s' * 512},{ALICE}").of(Outcome.ADD)) == 1


def test_inactive_user_gets_no_subject(alice):
    get_user_model().objects.update(is_active=False)
    assert problems(plan_of(f"s,{ALICE}")) == [(2, f"The user {ALICE} is not active.")]


def test_subject_that_comes_twice_is_an_error_also_for_the_same_user(alice, bob):
    plan = plan_of(f"s,{ALICE}", f"t,{ALICE}", f"s,{ALICE}", f"s,{BOB}", f"S,{BOB}")
    said = "The subject is on line 2 already."
    assert problems(plan) == [(4, said), (5, said)]
    assert [link.row.subject for link in plan.links] == ["s", "t", "S"]


def test_same_subject_of_two_issuers_is_two(alice, bob):
    other = TrustedIssuer.objects.create(name="Other", issuer="https://other.example")
    LinkedSubject.objects.create(issuer=other, subject="s", user=bob)
    plan = make_plan(f"{HEAD}{ISSUER},s,{ALICE}\n{other.issuer},s,{BOB}\n")
    assert [link.outcome for link in plan.links] == [Outcome.ADD, Outcome.UNCHANGED]


@pytest.mark.standard("H-26")
def test_subjects_are_compared_exactly_whatever_the_database_does(issuer, alice, bob):
    for subject in ("Robot", "robot ", "\u0159obot"):
        LinkedSubject.objects.create(issuer=issuer, subject=subject, user=bob)
    plan = plan_of(f"robot,{ALICE}", f"Robot,{BOB}", f'"robot ",{BOB}', f"r\u030cobot,{ALICE}")
    assert [link.outcome for link in plan.links] == [
        Outcome.ADD,
        Outcome.UNCHANGED,
        Outcome.UNCHANGED,
        Outcome.ADD,
    ]


def test_users_are_compared_exactly_whatever_the_database_does(issuer):
    make_user("\u0159eka")
    names = ["\u0158eka@example.com", "reka@example.com", "r\u030ceka@example.com", "\u0159eka@example.com "]
    plan = plan_of(*(f"{number},{name}" for number, name in enumerate(names)))
    assert [line for line, _text in problems(plan)] == [2, 3, 4, 5]


def test_users_that_cannot_be_told_apart_are_an_error(alice, bob, monkeypatch):
    monkeypatch.setattr(get_user_model(), "USERNAME_FIELD", "last_name")
    get_user_model().objects.update(last_name="Smith")
    assert problems(plan_of("s,Smith")) == [(2, "There is more than one user Smith.")]


@pytest.mark.parametrize(
    ("field", "text", "values"),
    [
        (models.CharField(), " 1", [" 1"]),
        (models.TextField(), "", [""]),
        (models.IntegerField(), "12", [12]),
        (models.IntegerField(), "twelve", []),
        (models.IntegerField(), "9" * 30, []),
        (models.UUIDField(), "no uuid", []),
    ],
)
def test_name_that_cannot_be_in_the_column_is_not_asked_for(field, text, values):
    assert column_value(field, text) == values


def test_warnings_are_about_what_would_be_written(issuer, alice):
    boss = make_user("boss", is_staff=True)
    LinkedSubject.objects.create(issuer=issuer, subject="old", user=boss)
    plan = plan_of(
        f"old,{boss.get_username()}", f"new,{boss.get_username()}", f'" x",{ALICE}', f"a\u200bb,{ALICE}"
    )
    assert problems(plan) == []
    assert [(warning.line, warning.text) for warning in plan.warnings] == [
        (3, "boss@example.com is staff or a superuser: no token unless a rule allows it."),
        (4, "The subject has white space around it or characters that cannot be seen: ' x'"),
        (5, r"The subject has white space around it or characters that cannot be seen: 'a\u200bb'"),
    ]


ODD = [
    "=1+1", "+49", "-1", "@home", "'", "'=1", "''=1", "'quoted'", 'say "hi"', "a,b;c", "a,=b", "a;'=b",
    "two\r\nlines", "tab\t=", "\tx", "\r", "\n", " ", "\x07", "\u2028", "\ufffd", "\ufeff", "\u202e",
    "\U0001f600", "\uff1d", "\u00fc", "x" * 512,
]  # fmt: skip


def test_what_is_exported_is_unchanged_when_it_is_imported(issuer, alice):
    for subject in ODD:
        LinkedSubject.objects.create(issuer=issuer, subject=subject, user=alice)
    # Somebody who got links while active and not staff is nobody to link to any more.
    get_user_model().objects.update(is_active=False, is_staff=True)
    text = "".join(export_links(LinkedSubject.objects.all()))
    for data in (text, text.encode()):
        plan = make_plan(data)
        assert (problems(plan), plan.changes, plan.warnings) == ([], [], [])
        assert sorted(link.row.subject for link in plan.of(Outcome.UNCHANGED)) == sorted(ODD)


def test_thousand_lines_take_a_few_queries(issuer, alice, django_assert_max_num_queries):
    users = [make_user(f"user{number}") for number in range(20)]
    LinkedSubject.objects.bulk_create(
        LinkedSubject(issuer=issuer, subject=str(number), user=users[number % 20]) for number in range(500)
    )
    lines = [f"{number},{users[number % 20].get_username()}" for number in range(1000)]
    with django_assert_max_num_queries(5):
        plan = plan_of(*lines)
    assert (len(plan.of(Outcome.ADD)), len(plan.of(Outcome.UNCHANGED))) == (500, 500)


def test_thousand_lines_of_a_thousand_issuers_and_users_take_nine(alice, django_assert_max_num_queries):
    TrustedIssuer.objects.bulk_create(
        TrustedIssuer(name=str(number), issuer=f"https://{number}.example") for number in range(1000)
    )
    data = HEAD + "".join(f"https://{number}.example,s,user{number}\n" for number in range(1000))
    with django_assert_max_num_queries(9):
        plan = make_plan(data)
    assert len(plan.problems) == 1000


def test_fingerprint_changes_with_what_would_be_done(issuer, alice, bob):
    seen = {plan_of(f"s,{ALICE}").fingerprint, plan_of(f"s,{BOB}").fingerprint, plan_of("s,eve").fingerprint}
    assert plan_of(f"s,{ALICE}").fingerprint in seen
    link = LinkedSubject.objects.create(issuer=issuer, subject="s", user=alice)
    seen |= {plan_of(f"s,{ALICE}").fingerprint, plan_of(f"s,{BOB}").fingerprint}
    link.user = make_user("carol")
    link.save()
    seen.add(plan_of(f"s,{BOB}").fingerprint)
    get_user_model().objects.filter(pk=bob.pk).update(is_staff=True)
    seen.add(plan_of(f"s,{BOB}").fingerprint)
    assert len(seen) == 7
