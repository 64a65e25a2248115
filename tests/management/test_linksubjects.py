"""``manage.py linksubjects``."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model

from oauth_jwt_grant.models import LinkedSubject
from oauth_jwt_grant.subject_links import MAX_BYTES, export_links
from tests.factories import ISSUER

HEAD = "issuer,subject,user\n"
ALICE = "alice@example.com"


@pytest.fixture
def link(tmp_path, run, issuer, user):
    """Run the command on a file with these bytes or this text."""

    def _link(content, *flags):
        file = tmp_path / "links.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return run("linksubjects", str(file), *flags)

    return _link


def links():
    return {link.subject: link.user.get_username() for link in LinkedSubject.objects.select_related("user")}


@pytest.fixture
def bob(issuer):
    """A user to whom the subject ``robot`` is linked."""
    bob = get_user_model().objects.create_user("bob@example.com")
    LinkedSubject.objects.create(issuer=issuer, subject="robot", user=bob)
    return bob.get_username()


def test_links_and_finds_them_unchanged_the_next_time(link):
    text = f"{HEAD}{ISSUER},one,{ALICE}\n{ISSUER},two,{ALICE}\n"
    assert link(text) == (0, "2 subjects linked, 0 subjects linked again, 0 unchanged.\n", "")
    assert links() == {"one": ALICE, "two": ALICE}
    assert link(text) == (0, "0 subjects linked, 0 subjects linked again, 2 unchanged.\n", "")


def test_dry_run_writes_nothing(link):
    result = link(f"{HEAD}{ISSUER},one,{ALICE}\n", "--dry-run")
    assert result == (0, "1 subject would be linked, 0 subjects would be linked again, 0 unchanged.\n", "")
    assert links() == {}


@pytest.mark.parametrize("flags", [(), ("--dry-run",), ("--replace",)])
def test_wrong_lines_are_told_by_number_and_nothing_is_written(link, flags):
    status, out, err = link(f"{HEAD}{ISSUER},one,{ALICE}\n{ISSUER},two,nobody\nx,three,{ALICE}\n", *flags)
    assert (status, out) == (1, "")
    assert err.splitlines() == [
        "Line 3: There is no user nobody.",
        "Line 4: There is no trusted issuer x.",
        "Nothing was imported: 2 errors.",
    ]
    assert links() == {}


def test_user_is_replaced_only_if_that_is_said(link, bob):
    text = f"{HEAD}{ISSUER},robot,{ALICE}\n{ISSUER},new,{ALICE}\n"
    for flags in ((), ("--dry-run",)):
        status, out, err = link(text, *flags)
        assert (status, out) == (1, "")
        assert f"Line 2: robot is linked to {bob}, not to {ALICE}." in err
        assert "replacing was not asked for" in err
    assert link(text, "--replace", "--dry-run")[:2] == (
        0,
        "1 subject would be linked, 1 subject would be linked again, 0 unchanged.\n",
    )
    assert links() == {"robot": bob}
    assert link(text, "--replace")[0] == 0
    assert links() == {"robot": ALICE, "new": ALICE}


def test_warning_is_told_and_does_not_hinder(link):
    get_user_model().objects.update(is_superuser=True)
    status, _out, err = link(f"{HEAD}{ISSUER},one,{ALICE}\n")
    assert (status, err) == (
        0,
        f"Line 2: {ALICE} is staff or a superuser: no token unless a rule allows it.\n",
    )
    assert links() == {"one": ALICE}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file: There is nothing in it."),
        (b"\xff\xfe\x00", "Line 1: It is not UTF-8."),
        (HEAD.encode().ljust(MAX_BYTES + 1, b"\n"), f"The file: It is larger than {MAX_BYTES} bytes."),
    ],
)
def test_file_that_cannot_be_used_says_why(link, content, words):
    status, _out, err = link(content)
    assert status == 1
    assert words in err


def test_message_does_not_move_the_cursor(link, issuer, bob):
    LinkedSubject.objects.update(subject="\x1b[2J")
    status, _out, err = link(f"{HEAD}{ISSUER},\x1b[2J,{ALICE}\n")
    assert status == 1
    assert "\x1b" not in err


@pytest.mark.parametrize("name", ["missing.csv", ".", "a\0b"])
def test_file_that_cannot_be_read_is_told_apart(run, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    status, _out, err = run("linksubjects", name)
    assert status == 2
    shown = name.replace("\0", "\\x00")
    assert f"FILE: cannot read {shown}: " in err


def test_reads_what_the_admin_exports(link, issuer, user):
    for subject in ("=1", "'=1", "two\r\nlines", "\u00fc"):
        LinkedSubject.objects.create(issuer=issuer, subject=subject, user=user)
    before = links()
    text = "".join(export_links(LinkedSubject.objects.all()))
    LinkedSubject.objects.exclude(subject="two\r\nlines").delete()
    assert link(text) == (0, "3 subjects linked, 0 subjects linked again, 1 unchanged.\n", "")
    assert links() == before


def test_works_in_a_process_of_its_own(manage, transactional_db, issuer, user, tmp_path):
    status, out, _err = manage("linksubjects", "-", stdin=f"{HEAD}{ISSUER},\u00fc,{ALICE}\n")
    assert (status, out) == (0, "1 subject linked, 0 subjects linked again, 0 unchanged.\n")
    assert links() == {"\u00fc": ALICE}
    assert manage("linksubjects", "-", stdin="nonsense")[0] == 1
    assert manage("linksubjects", str(tmp_path / "missing.csv"))[0] == 2
