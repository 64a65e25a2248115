"""The file: whatever comes is read or complained of, and what was written is read back."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_jwt_grant.subject_links import COLUMNS, MAX_BYTES, MAX_LINES, read_table, write_table
from oauth_jwt_grant.subject_links.table import TableRow
from tests.spreadsheets import FORMULAS, STARTS, dangers
from tests.support import case, cases

HEAD = "issuer,subject,user\n"
#: All that a database can hold, and often what means something to CSV or to a spreadsheet.
TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    | st.sampled_from(f"{STARTS}'\",;\t\r\n\v\x1c\u2028\ufeff "),
    min_size=1,
)
LINKS = st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=5)


def rows(data):
    """The rows of ``data`` without their line numbers, in which nothing is wrong."""
    found, problems = read_table(data)
    assert problems == []
    return [(row.issuer, row.subject, row.user) for row in found]


def complaint(data):
    """The one thing that is wrong with ``data``: line and text."""
    _rows, (problem,) = read_table(data)
    return problem.line, problem.text


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_complained_of(data):
    found, problems = read_table(data)
    assert found or problems or not data.split(b"\n", 1)[-1].strip(b"\r\n,;")


@given(st.binary(max_size=300))
def test_any_bytes_below_a_good_head_are_read_or_complained_of(data):
    found, problems = read_table(HEAD.encode() + data)
    assert all(isinstance(row, TableRow) for row in found)
    assert all(problem.text and problem.line >= 0 for problem in problems)


@given(st.text(st.characters() | st.sampled_from('",;\n\r\0\ud800'), max_size=300))
def test_any_text_is_read_or_complained_of(text):
    found, _problems = read_table(HEAD + text)
    for row in found:
        assert "\0" not in row.subject
        row.subject.encode()  # so it has no half of a surrogate pair


@given(LINKS)
def test_what_is_written_is_read_back_exactly(links):
    text = "".join(write_table(links))
    assert rows(text) == links
    assert rows(text.encode()) == links


@given(LINKS)
def test_nothing_that_is_written_is_a_formula_wherever_cells_are_thought_to_end(links):
    assert dangers("".join(write_table(links))) == []


def test_formula_is_none_and_comes_back():
    for formula in FORMULAS:
        links = [
            (formula, formula, formula),
            ("i", f"{formula}{formula}", "u"),
            ("i", f"a;{formula}\n{formula}", "u"),
        ]
        with case(formula):
            text = "".join(write_table(links))
            assert dangers(text) == []
            assert rows(text) == links


@pytest.mark.parametrize("delimiter", ",;")
def test_formula_that_a_spreadsheet_has_saved_again_comes_back(delimiter):
    """Opened and saved by a program that writes other delimiters and quotes as it likes."""
    for formula in FORMULAS:
        links = [("i", formula, "u")]
        with case(formula):
            cells = csv.reader(io.StringIO("".join(write_table(links)).removeprefix("\ufeff"), newline=""))
            saved = io.StringIO(newline="")
            csv.writer(saved, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(cells)
            assert rows(saved.getvalue()) == links


@cases(
    ("subject", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+49", "'+49"),
        ("-1", "'-1"),
        ("@home", "'@home"),
        ("'=1+1", "''=1+1"),
        ("''@", "'''@"),
        ("'quoted'", "'quoted'"),
        ("'", "'"),
        ("a=b", "a=b"),
        ("a;=b", "a;'=b"),
        ('a;"=b', "a;'\"=b"),
        ("a\nb", "a\nb"),
        ("a\n=b", "a\n'=b"),
        ('a, "b"', 'a, "b"'),
        ('a; "b"', 'a;\' "b"'),
        ("a;", "a;'"),
        ("a,", "a,"),
        (" =1", "' =1"),
        ("\uff1d1", "'\uff1d1"),
    ],
)
def test_formula_is_guarded_and_all_else_is_as_it_is(subject, cell):
    text = "".join(write_table([("i", subject, "u")])).removeprefix("\ufeff")
    (line,) = csv.DictReader(io.StringIO(text, newline=""))
    assert line["subject"] == cell
    assert rows(text) == [("i", subject, "u")]


def test_formula_that_nobody_has_guarded_is_read_as_it_is():
    assert rows(f"{HEAD}i,=1,u\n") == [("i", "=1", "u")]


@cases(
    "data",
    [
        "issuer,subject,user\ni,s,u\n",
        "issuer,subject,user\r\ni,s,u\r\n",
        "issuer,subject,user\ri,s,u\r",
        "issuer,subject,user\ni,s,u",
        "\ufeffissuer,subject,user\ni,s,u\n",
        "issuer;subject;user\ni;s;u\n",
        "user,subject,issuer\nu,s,i\n",
        " Issuer , Subject,USER\ni,s,u\n",
        '"issuer","subject","user"\n"i","s","u"\n',
        "\n\nissuer,subject,user\n\n,,\ni,s,u\n\n",
    ],
)
def test_file_is_read_as_people_and_spreadsheets_write_it(data):
    assert rows(data) == [("i", "s", "u")]
    assert rows(data.encode("utf-8")) == [("i", "s", "u")]


def test_cell_is_taken_character_by_character():
    assert rows(f'{HEAD}i," s, ""x""\r\ny ",u\n') == [("i", ' s, "x"\r\ny ', "u")]


@cases(
    ("data", "line", "words"),
    [
        ("", 0, "nothing in it"),
        ("\n\n", 0, "nothing in it"),
        ("issuer,subject\na,b\n", 1, "must name the columns issuer, subject, user"),
        ("issuer,subject,user,group\n", 1, "It is: issuer, subject, user, group"),
        ("issuer,subject,subject,user\n", 1, "must name the columns"),
        ("https://issuer.example,alice,alice\n", 1, "must name the columns"),
        ("issuer\tsubject\tuser\n", 1, r"issuer\tsubject\tuser"),
        ('"issuer', 1, "It is not CSV"),
        (HEAD + "i,s\n", 2, "3 cells are needed; there are 2"),
        (HEAD + "i,s,u,x\n", 2, "3 cells are needed; there are 4"),
        (HEAD + "\ni,,u\n", 3, "column subject is empty"),
        (HEAD + "i,s\0,u\n", 2, "column subject has a NUL"),
        (HEAD + "i,s,u\ud800\n", 2, "column user has a NUL or half a character"),
        (HEAD + 'i,"s,u\n', 2, "It is not CSV"),
        (HEAD + 'i,"s"x,u\n', 2, "It is not CSV"),
        (HEAD + f"i,{'s' * 140_000},u\n", 2, "It is not CSV"),
        (HEAD.encode() + b"i,s,u\r\ni,\xfcber,u\r\n", 3, "not UTF-8"),
        (HEAD.encode("utf-16"), 1, "not UTF-8"),
        (b"\xef\xbb\xbf" + HEAD.encode() + b"i,\xed\xa0\x80,u", 2, "not UTF-8"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(data, line, words):
    number, text = complaint(data)
    assert number == line
    assert words in text


def test_line_number_counts_the_breaks_within_cells():
    assert complaint(f'{HEAD}i,"a\n\nb",u\ni,s\n')[0] == 5


def test_reading_ends_at_a_wrong_quotation_mark_and_goes_on_after_any_other_fault():
    found, problems = read_table(f'{HEAD}i,1\ni,2,u\ni,"3"x,u\ni,4,u\n')
    assert [row.subject for row in found] == ["2"]
    assert [problem.line for problem in problems] == [2, 4]


def test_file_may_be_as_large_as_it_says_and_no_larger():
    data = HEAD.encode().ljust(MAX_BYTES, b"\n")
    assert read_table(data) == ([], [])
    assert complaint(data + b"\n") == (0, f"It is larger than {MAX_BYTES} bytes. Split it.")
    assert "larger than" in complaint(HEAD + "\u00fc" * (MAX_BYTES // 2))[1]


def test_file_may_have_as_many_lines_as_it_says_and_no_more():
    line = "i,s,u\n"
    assert len(read_table(HEAD + line * MAX_LINES)[0]) == MAX_LINES
    assert complaint(HEAD + line * MAX_LINES + "i\n") == (0, f"It has more than {MAX_LINES} lines. Split it.")
    assert complaint(HEAD + "i\n" * (MAX_LINES + 1))[0] == 0


def test_table_is_written_in_pieces():
    pieces = list(write_table(("i", str(number), "u") for number in range(1200)))
    assert len(pieces) == 3
    assert [row[1] for row in rows("".join(pieces))] == [str(number) for number in range(1200)]


def test_table_without_links_has_its_head():
    assert "".join(write_table([])) == "\ufeff" + ",".join(COLUMNS) + "\r\n"
