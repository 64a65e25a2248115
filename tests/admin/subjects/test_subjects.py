"""Linked subjects in the admin: the list, the import with its preview, and the export."""

from __future__ import annotations

import html
import re
from urllib.parse import quote_plus

import pytest
from asgiref.sync import async_to_sync
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from oauth_jwt_grant.admin.shared import LISTED
from oauth_jwt_grant.admin.subjects.admin import _users_called
from oauth_jwt_grant.models import LinkedSubject, TrustedIssuer
from oauth_jwt_grant.subject_links import MAX_BYTES, MAX_LINES
from tests.admin.conftest import make_user
from tests.admin.forms import fill_in, forms_of, said
from tests.factories import ISSUER
from tests.support import cases

PREFIX = "admin:oauth_jwt_grant_linkedsubject_"
LIST, IMPORT, EXPORT = (reverse(PREFIX + name) for name in ("changelist", "import", "export"))
HEAD = "issuer,subject,user\n"
ALICE, BOB = "alice@example.com", "bob@example.com"


@pytest.fixture
def who(db):
    """Give a browser in which somebody is logged in who may do this with links and see users, or may not."""

    def log_in(*actions, sees_users=True, changes_users=False):
        user = make_user(f"staff-{'-'.join(actions)}", is_staff=True)
        names = [f"{action}_linkedsubject" for action in actions]
        if sees_users:
            names.append(f"view_{get_user_model()._meta.model_name}")
        if changes_users:
            names.append(f"change_{get_user_model()._meta.model_name}")
        user.user_permissions.set(Permission.objects.filter(codename__in=names))
        client = Client()
        client.force_login(user)
        return client

    return log_in


def csv(*lines):
    """A file with these ``subject,user`` lines of the issuer."""
    return HEAD + "".join(f"{ISSUER},{line}\n" for line in lines)


def preview(page, text=None, file=None):
    """Post a file or a text as a browser would."""
    data = fill_in(page.get(IMPORT), "import_form") if text is None else {"text": text}
    if file is not None:
        data["file"] = SimpleUploadedFile("links.csv", file)
    return page.post(IMPORT, data)


def confirm(page, response, **changes):
    return page.post(IMPORT, fill_in(response, "confirm_form", **changes), follow=True)


def links():
    return {link.subject: link.user.get_username() for link in LinkedSubject.objects.select_related("user")}


def exported(response):
    assert response["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert response["Content-Disposition"] == 'attachment; filename="linked-subjects.csv"'
    return b"".join(response.streaming_content).decode()


def test_links_are_previewed_and_then_written(page, alice, bob):
    LinkedSubject.objects.create(issuer=TrustedIssuer.objects.get(), subject="same", user=alice)
    response = preview(page, csv(f"new,{ALICE}", f"robot,{BOB}", f"same,{ALICE}"))
    assert "Errors 0 To be added 2 Linked to another user 0 Unchanged 1" in said(response)
    assert "Import 2 links" in response.content.decode()
    assert links() == {"same": ALICE}
    response = confirm(page, response)
    assert "Imported. Added: 2, replaced: 0, unchanged: 1." in said(response)
    assert response.redirect_chain == [(LIST, 302)]
    assert links() == {"new": ALICE, "robot": BOB, "same": ALICE}


def test_file_is_taken_with_or_without_byte_order_mark_and_with_semicolons(page, alice):
    for number, text in enumerate(
        ["issuer,subject,user\n{},{},{}\n", "\ufeffuser;issuer;subject\r\n{2};{0};{1}\r\n"]
    ):
        confirm(page, preview(page, file=text.format(ISSUER, number, ALICE).encode()))
    assert links() == {"0": ALICE, "1": ALICE}


def test_chosen_file_goes_before_the_text(page, alice):
    response = preview(page, csv(f"text,{ALICE}"), csv(f"file,{ALICE}").encode())
    assert links() == {}
    confirm(page, response)
    assert links() == {"file": ALICE}


@pytest.mark.parametrize("data", [{}, {"text": ""}, {"file": ""}])
def test_without_file_and_text_there_is_nothing_to_preview(page, issuer, data):
    assert "Choose a file or paste its text." in said(page.post(IMPORT, data))


def test_empty_file_is_said_to_be_empty(page, issuer):
    assert "There is nothing in it." in said(preview(page, file=b""))


def test_file_without_a_name_is_an_error_of_its_field(page, issuer):
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename=""\r\n'
        b"Content-Type: text/csv\r\n\r\nissuer\r\n--x--\r\n"
    )
    response = page.post(IMPORT, data=body, content_type="multipart/form-data; boundary=x")
    assert "Choose a file or paste its text." in said(response)


def test_errors_are_shown_by_line_and_nothing_can_be_confirmed(page, alice):
    text = csv(f"a,{ALICE}", "b,nobody", f"a,{ALICE}", f"{'x' * 513},{ALICE}", f"c\x00,{ALICE}")
    response = preview(page, text)
    words = said(response)
    assert "Errors 4 To be added 1" in words
    for complaint in (
        "3 There is no user nobody.",
        "4 The subject is on line 2 already.",
        "5 The subject is too long: 513 characters, of 512 at most.",
        "6 The column subject has a NUL or half a character.",
    ):
        assert complaint in words
    assert "confirm_form" not in forms_of(response)
    assert links() == {}


def test_wrong_text_and_file_are_there_to_be_mended(page, alice):
    text = csv(f"a,{ALICE}", "b,nobody")
    for response in (preview(page, text), preview(page, file=text.encode())):
        (kept,) = forms_of(response)["import_form"]["text"]
        assert kept == text
    response = preview(page, kept.replace("nobody", ALICE))
    confirm(page, response)
    assert links() == {"a": ALICE, "b": ALICE}


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (csv("M\u00fcller,x").encode("latin-1"), "2 It is not UTF-8."),
        (HEAD.encode().ljust(MAX_BYTES + 1, b"\n"), f"all It is larger than {MAX_BYTES} bytes."),
        (b"\x89PNG\r\n\x1a\n\0\0", "1 It is not UTF-8."),
    ],
)
def test_file_that_is_no_text_or_too_large_is_not_given_back(page, issuer, file, words):
    response = preview(page, file=file)
    assert words in said(response)
    assert forms_of(response)["import_form"]["text"] == [""]


def test_pasted_text_that_is_too_large_is_given_back(page, issuer):
    text = HEAD + "x" * MAX_BYTES
    response = preview(page, text)
    assert "It is larger than" in said(response)
    assert forms_of(response)["import_form"]["text"] == [text]


def test_text_beyond_what_django_takes_is_refused(page, issuer):
    assert page.post(IMPORT, {"text": "x" * 3_000_000}).status_code == 400


def test_user_is_replaced_only_if_that_is_ticked(page, alice, bob):
    link = LinkedSubject.objects.create(issuer=TrustedIssuer.objects.get(), subject="robot", user=bob)
    response = preview(page, csv(f"robot,{ALICE}", f"new,{ALICE}"))
    assert f"2 robot Example {BOB} {ALICE}" in said(response)
    again = confirm(page, response)
    assert "1 subject is linked to another user, and replacing was not asked for" in said(again)
    assert links() == {"robot": BOB}
    assert "replaced: 1" in said(confirm(page, again, replace="on"))
    assert links() == {"robot": ALICE, "new": ALICE}
    assert LinkedSubject.objects.get(subject="robot").pk == link.pk


def test_what_is_changed_after_the_preview_is_shown_before_it_is_done(page, alice, bob):
    response = preview(page, csv(f"robot,{ALICE}"))
    LinkedSubject.objects.create(issuer=TrustedIssuer.objects.get(), subject="robot", user=bob)
    data = fill_in(response, "confirm_form") | {"replace": "on"}
    again = page.post(IMPORT, data, follow=True)
    assert "something has been changed since the preview" in said(again)
    assert links() == {"robot": BOB}
    confirm(page, again, replace="on")
    assert links() == {"robot": ALICE}


@pytest.mark.django_db(transaction=True)
def test_user_that_is_deleted_in_the_middle_of_it_undoes_all_and_the_page_is_there(
    page, alice, bob, monkeypatch
):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    response = preview(page, csv(f"robot,{BOB}", f"other,{ALICE}"))
    delete = f"DELETE FROM {get_user_model()._meta.db_table} WHERE id = %s"  # noqa: S608

    def delete_first(execute, sql, params, many, context):
        if sql.startswith("INSERT") and LinkedSubject._meta.db_table in sql:
            execute(delete, [alice.pk], False, context)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(delete_first):
        again = confirm(page, response)
    assert "Nothing was imported: something has been changed meanwhile." in said(again)
    assert links() == {}
    confirm(page, again)
    assert links() == {"robot": BOB, "other": ALICE}


def test_second_confirmation_does_nothing_more(page, alice):
    response = preview(page, csv(f"robot,{ALICE}"))
    confirm(page, response)
    again = confirm(page, response)
    assert "there is nothing to import" in said(again)
    assert "confirm_form" not in forms_of(again)
    assert LogEntry.objects.count() == 1


def test_preview_of_somebody_else_or_of_nobody_is_not_imported(page, who, alice):
    data = fill_in(preview(page, csv(f"robot,{ALICE}")), "confirm_form")
    other = who("add", "change", "view")
    (payload,) = data["previewed"]
    for posted in (payload, "", "x", "\0", "a:b:c", "\ud800".encode("utf-8", "surrogatepass"), payload[:-1]):
        response = other.post(IMPORT, {"previewed": posted})
        assert "This is no preview of yours." in said(response)
    assert "This is no preview" in said(page.post(IMPORT, {"previewed": f".{payload}"}))
    assert links() == {}


def test_history_tells_who_imported_what(page, operator, alice, bob):
    issuer = TrustedIssuer.objects.get()
    other = TrustedIssuer.objects.create(name="Other", issuer="https://other.example")
    link = LinkedSubject.objects.create(issuer=issuer, subject="robot", user=bob)
    text = csv(f"robot,{ALICE}", f"new,{ALICE}") + f"{other.issuer},x,{BOB}\n"
    confirm(page, preview(page, text), replace="on")
    entries = LogEntry.objects.values_list("user", "content_type__model", "object_id", "change_message")
    assert sorted(entries) == sorted([
        (operator.pk, "trustedissuer", str(issuer.pk), "Imported linked subjects: 1 added, 1 replaced."),
        (operator.pk, "trustedissuer", str(other.pk), "Imported linked subjects: 1 added, 0 replaced."),
        (operator.pk, "linkedsubject", str(link.pk), f'Import: user ("{BOB}" \u2192 "{ALICE}").'),
    ])  # fmt: skip
    history = page.get(reverse(f"{PREFIX}history", args=[link.pk]))
    assert f'"{BOB}" \u2192 "{ALICE}"' in said(history)


def test_history_tells_whose_a_link_was_before_it_was_changed_by_hand(page, alice, bob):
    link = LinkedSubject.objects.create(issuer=TrustedIssuer.objects.get(), subject="robot", user=bob)
    url = reverse(f"{PREFIX}change", args=[link.pk])
    page.post(url, fill_in(page.get(url), "linkedsubject_form", user=alice.pk))
    entry = LogEntry.objects.get()
    assert f"({bob.pk} \u2192 {alice.pk})" in entry.get_change_message()


def test_privileged_user_is_pointed_out(page, alice):
    get_user_model().objects.filter(pk=alice.pk).update(is_staff=True)
    response = preview(page, csv(f"robot,{ALICE}"))
    assert f"Please note Line Note 2 {ALICE} is staff or a superuser" in said(response)
    confirm(page, response)
    assert links() == {"robot": ALICE}


def test_long_tables_are_cut(page, alice):
    words = said(preview(page, csv(*(f"{number},{ALICE}" for number in range(150)))))
    assert "To be added 150" in words
    assert "and 50 more lines" in words


def test_ten_thousand_lines_are_imported_with_few_statements(page, alice):
    lines = [f"subject-{number},{ALICE}" for number in range(MAX_LINES)]
    with CaptureQueriesContext(connection) as previewing:
        response = preview(page, csv(*lines))
    with CaptureQueriesContext(connection) as importing:
        confirm(page, response)
    assert LinkedSubject.objects.count() == MAX_LINES
    assert len(previewing) < 45
    assert len(importing) < 110  # of which SQLite needs 41 to insert, as it takes 999 parameters


def test_largest_preview_can_be_posted_within_djangos_limit(page, alice, settings):
    # Hardly to be compressed, and each character of three bytes becomes six in JSON.
    subjects = (
        "".join(chr(0x4E00 + (number * 7919 + place * place * 104729) % 20000) for place in range(50))
        for number in range(5000)
    )
    text = csv(*(f"{number}{subject},{ALICE}" for number, subject in enumerate(subjects)))
    assert 0.95 * MAX_BYTES < len(text.encode()) <= MAX_BYTES
    (payload,) = forms_of(preview(page, text))["confirm_form"]["previewed"]
    assert len(quote_plus(payload)) < settings.DATA_UPLOAD_MAX_MEMORY_SIZE - 10_000


@pytest.mark.parametrize(
    ("actions", "sees_users", "imports", "exports"),
    [
        (["view"], True, False, True),
        (["change"], True, False, True),
        (["view"], False, False, False),
        (["add"], True, False, False),
        (["add", "view"], True, True, True),
        (["add", "view"], False, False, False),
        (["delete"], True, False, False),
    ],
)
def test_import_and_export_take_permissions(who, issuer, actions, sees_users, imports, exports):
    page = who(*actions, sees_users=sees_users)
    assert page.get(IMPORT).status_code == (200 if imports else 403)
    assert page.post(IMPORT, {"text": HEAD}).status_code == (200 if imports else 403)
    assert page.post(IMPORT, {"previewed": "x"}).status_code == (200 if imports else 403)
    assert page.get(EXPORT).status_code == (200 if exports else 403)
    content = page.get(LIST).content.decode()
    assert (f'href="{IMPORT}"' in content, f'href="{EXPORT}' in content) == (imports, exports)


def test_whoever_may_not_change_links_may_not_replace(who, alice, bob):
    page = who("add", "view", changes_users=True)
    LinkedSubject.objects.create(issuer=TrustedIssuer.objects.get(), subject="robot", user=bob)
    response = preview(page, csv(f"robot,{ALICE}", f"new,{ALICE}"))
    assert "You may add linked subjects, but not change them." in said(response)
    assert "confirm_form" not in forms_of(response)
    response = preview(page, csv(f"new,{ALICE}"))
    confirm(page, response)
    assert links() == {"robot": BOB, "new": ALICE}


def test_right_to_change_that_is_gone_by_the_confirmation_is_gone(who, alice, bob):
    page = who("add", "view", "change", changes_users=True)
    LinkedSubject.objects.create(issuer=TrustedIssuer.objects.get(), subject="robot", user=bob)
    response = preview(page, csv(f"robot,{ALICE}"))
    get_user_model().objects.get(is_staff=True).user_permissions.remove(
        Permission.objects.get(codename="change_linkedsubject")
    )
    data = fill_in(response, "confirm_form", replace="on")
    assert "replacing was not asked for" in said(page.post(IMPORT, data))
    assert links() == {"robot": BOB}


def test_strangers_are_asked_to_log_in(issuer):
    for url in (IMPORT, EXPORT):
        assert Client().get(url).url.startswith(reverse("admin:login"))


def test_import_needs_a_token_against_forgery(operator, alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator)
    assert client.post(IMPORT, {"text": csv(f"a,{ALICE}")}).status_code == 403


SUBJECTS = [
    "=1+1",
    "+1",
    "-1",
    "@x",
    "'=1",
    "''x",
    "'",
    'a"b',
    "a,b;=c",
    "\t=",
    "two\r\nlines",
    "\u00fc",
    "\U0001f600",
]


def test_export_is_imported_unchanged(page, issuer, alice):
    for subject in SUBJECTS:
        LinkedSubject.objects.create(issuer=issuer, subject=subject, user=alice)
    text = exported(page.get(EXPORT))
    assert f"{ISSUER},'=1+1,{ALICE}\r\n" in text
    response = preview(page, file=text.encode())
    assert f"Errors 0 To be added 0 Linked to another user 0 Unchanged {len(SUBJECTS)}" in said(response)
    LinkedSubject.objects.exclude(subject="two\r\nlines").exclude(subject="\t=").delete()
    confirm(page, preview(page, file=text.encode()))
    assert sorted(links()) == sorted(SUBJECTS)


def test_export_is_of_what_the_list_shows(page, issuer, alice, bob):
    other = TrustedIssuer.objects.create(name="Other", issuer="https://other.example")
    LinkedSubject.objects.create(issuer=issuer, subject="robot", user=alice)
    LinkedSubject.objects.create(issuer=issuer, subject="person", user=bob)
    LinkedSubject.objects.create(issuer=other, subject="robot", user=bob)
    shown = page.get(LIST, {"q": "robot", "issuer": other.pk, "p": 1})
    (url,) = re.findall(rf'href="({EXPORT}[^"]*)"', shown.content.decode())
    assert exported(page.get(html.unescape(url))).splitlines()[1:] == [f"{other.issuer},robot,{BOB}"]
    assert len(exported(page.get(EXPORT)).splitlines()) == 4
    assert page.get(EXPORT, {"issuer__id__exact": "x"}).url == f"{LIST}?e=1"
    assert exported(page.get(EXPORT, {"issuer": "x"})).splitlines()[1:] == []
    assert page.get(EXPORT, {"user__password": "x"}).url == f"{LIST}?e=1"


@cases(
    ("term", "found"),
    [
        ("robot-7", {"robot-7"}),
        (" robot-7 ", {"robot-7"}),
        ("Robot-7", set()),
        ("obot", set()),
        ("rob*", {"robot-7", "robot\uffff"}),
        ("Rob*", set()),
        ("obot*", set()),
        ("robot\uffff*", {"robot\uffff"}),
        (ALICE, {"robot-7"}),
        (ALICE.title(), set()),
        ("example.com", set()),
        (ISSUER, {"robot-7", "robot\uffff"}),
        (ISSUER.upper(), set()),
        ("*", {"robot-7", "robot\uffff"}),
        (" ", {"robot-7", "robot\uffff"}),
        ("nobody", set()),
    ],
)
def test_list_is_searched_by_whole_values_and_beginnings(page, issuer, alice, bob, term, found):
    LinkedSubject.objects.create(issuer=issuer, subject="robot-7", user=alice)
    LinkedSubject.objects.create(issuer=issuer, subject="robot\uffff", user=bob)
    response = page.get(LIST, {"q": term})
    assert {link.subject for link in response.context["cl"].queryset} == found


@pytest.mark.django_db
def test_what_no_database_can_compare_is_the_name_of_no_user():
    assert _users_called("a\0b") == []


def test_issuers_with_links_are_offered_and_one_more_once_it_is_chosen(page, issuer, alice):
    LinkedSubject.objects.create(issuer=issuer, subject="robot-7", user=alice)
    made = [
        TrustedIssuer.objects.create(name=f"A {number}", issuer=f"https://{number}.example")
        for number in range(52)
    ]
    LinkedSubject.objects.bulk_create(LinkedSubject(issuer=row, subject="s", user=alice) for row in made[1:])

    def offered(**query):
        (chosen,) = (
            spec for spec in page.get(LIST, query).context["cl"].filter_specs if spec.title == "issuer"
        )
        return {name for _key, name in chosen.lookup_choices}

    assert offered() == {str(row) for row in sorted(made[1:], key=str)[:50]}
    assert str(issuer) in offered(issuer=issuer.pk)


def test_no_more_is_counted_or_acted_on_than_can_be_paged_through(page, issuer, alice):
    links = (LinkedSubject(issuer=issuer, subject=str(number), user=alice) for number in range(LISTED + 1))
    LinkedSubject.objects.bulk_create(links, batch_size=2000)
    with CaptureQueriesContext(connection) as queries:
        response = page.get(LIST)
    assert response.context["cl"].result_count == LISTED
    assert "More than 10,000 linked subjects match; the first 10,000 are listed." in said(response)
    assert sum("COUNT(*)" in query["sql"] for query in queries) == 1
    assert "Show counts" not in said(response)
    everything = {"action": "delete_selected", "select_across": "1", "_selected_action": [1], "post": "yes"}
    refused = page.post(LIST, everything, follow=True)
    assert "More than 10000 linked subjects match. Filter them further" in said(refused)
    assert LinkedSubject.objects.count() == LISTED + 1


def test_list_of_a_hundred_links_takes_few_queries(page, issuer, alice, django_assert_max_num_queries):
    LinkedSubject.objects.bulk_create(
        LinkedSubject(issuer=issuer, subject=str(number), user=alice) for number in range(100)
    )
    with django_assert_max_num_queries(10):
        page.get(LIST)


def test_under_asgi_the_export_is_streamed_too(operator, issuer, alice):
    # More than one piece of 500 lines.
    made = [LinkedSubject(issuer=issuer, subject=f"s{number}", user=alice) for number in range(501)]
    LinkedSubject.objects.bulk_create(made)
    client = AsyncClient()
    client.force_login(operator)

    @async_to_sync
    async def fetch():
        response = await client.get(EXPORT)
        assert response.is_async
        return [piece async for piece in response.streaming_content]

    assert [piece.count(b"\r\n") for piece in fetch()] == [501, 1]
