"""The posted body: this grant reads a form in UTF-8 alone, and what Django cannot read is no server error."""

from __future__ import annotations

import codecs
import encodings.aliases
import json
from io import BytesIO
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.test import Client

from oauth_jwt_grant.assertion import ANSWERS, Reason
from tests.dot import any_body
from tests.factories import DROP, GRANT_TYPE, ec_key, mint
from tests.support import (
    FORM,
    SECRET,
    TOKEN_URL,
    UNREADABLE,
    World,
    assert_granted,
    assert_refused,
    case,
    case_undone,
    cases,
    post,
    tokens,
)

from .middleware import reads_after

MULTIPART = "multipart/form-data; boundary=limit"
NOT_A_FORM = ANSWERS[Reason.NOT_A_FORM].text

#: Every codec of this Python, whether or not it makes text of bytes.
CODECS = sorted({*encodings.aliases.aliases.values(), "utf_8_sig", "idna", "punycode", "undefined"})
#: What Django takes for UTF-8 in a form that is not multipart; we do in both.
UTF8 = ["utf-8", "UTF-8", "Utf-8", '"utf-8"', '"UTF-8"', "utf-8 ", "", '""']
#: Other names of UTF-8 that Python knows, other charsets, and some that nobody knows.
OTHERS = [
    "utf8", "UTF8", "uTf8", "utf_8", "u8", "csUTF8", "'utf-8'", '"utf-8 "', "utf-8-sig", "utf-7",
    "UTF-16", "latin-1", "us-ascii", "rot13", "hex", "base64", "zlib", "bz2", "idna", "punycode", "undefined",
    "unicode_escape", "raw_unicode_escape", "mbcs", "nonsense", "utf-8,utf-8", "../utf-8", "%75tf-8",
    "x" * 300,
]  # fmt: skip
NOT_UTF8 = sorted({*CODECS, *OTHERS})

# Python warns of an escape that it does not know, which is an error here, as on a site that wants it so.
pytestmark = any_body


def part(name: str, value: Any, more: str = "") -> str:
    return f'--limit\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'


def multipart(pairs: list[tuple[str, Any]]) -> str:
    return "".join(part(*pair) for pair in pairs) + "--limit--\r\n"


def body_of(kind: str, pairs: list[tuple[str, Any]]) -> str:
    return multipart(pairs) if kind == MULTIPART else urlencode(pairs)


def called(kind: str, charset: str) -> str:
    return f"{kind}; charset={charset}"


forms = pytest.mark.parametrize("kind", [FORM, MULTIPART], ids=["urlencoded", "multipart"])


@pytest.mark.standard("REQ-03")
@forms
@pytest.mark.parametrize("charset", UTF8)
def test_a_form_in_utf8_is_read(world: World, kind: str, charset: str) -> None:
    assert_granted(post(body_of(kind, world.pairs()), content_type=called(kind, charset)))


@pytest.mark.standard("REQ-03")
@forms
def test_a_form_in_another_charset_is_refused(world: World, kind: str) -> None:
    for charset in NOT_UTF8:
        body = body_of(kind, world.pairs())
        with case_undone(charset):
            assert_refused(post(body, content_type=called(kind, charset)), "invalid_request", UNREADABLE)
            assert tokens() == 0
            assert_granted(post(body, content_type=kind))


@forms
def test_what_django_cannot_read_of_another_grant_is_refused_in_json(
    world: World, settings: Any, kind: str
) -> None:
    """And what it can read is answered as django-oauth-toolkit answers it."""
    body = body_of(kind, [("grant_type", "nonsense"), ("scope", "a\\qb")])
    answers: dict[str, list[tuple[int, str, bytes]]] = {charset: [] for charset in NOT_UTF8}
    for settings.ROOT_URLCONF in ("tests.urls", "tests.plain_urls"):
        for charset, given in answers.items():
            with case_undone(charset):
                response = post(body, content_type=called(kind, charset))
                given.append((response.status_code, response["Content-Type"], response.content))

    for charset, (ours, dots) in answers.items():
        with case(charset):
            if dots[1] == "application/json":
                assert ours == dots
            else:
                assert dots[0] in (400, 500)
                assert ours[:2] == (400, "application/json")
                assert json.loads(ours[2]) == {"error": "invalid_request", "error_description": UNREADABLE}


def test_some_codecs_are_a_server_error_of_djangos(settings: Any, world: World) -> None:
    """So the test above is one of something."""
    settings.ROOT_URLCONF = "tests.plain_urls"
    body = multipart(world.pairs())

    assert post(body, content_type=called(MULTIPART, "hex")).status_code == 500
    assert post(body, content_type=called(MULTIPART, "undefined")).status_code == 500


@cases(
    "content_type",
    [
        f"{MULTIPART}; charset=utf-8; charset=utf-8",
        f"{MULTIPART}; charset=utf-7; charset=utf-8",
        f"{MULTIPART}; charset=utf-8; charset=utf-7",
        f"{MULTIPART}; charset=utf-8; Charset=utf-8",
        f"{MULTIPART}; charset=utf-8; charset*=utf-8''utf-8",
        f"{MULTIPART}; charset*=utf-8''utf-7",
        f"{MULTIPART}; charset*0=utf; charset*1=-7",
        f"{MULTIPART}; boundary=limit",
        "multipart/form-data; boundary=other; boundary=limit",
    ],
)
def test_a_parameter_of_the_content_type_comes_once(world: World, content_type: str) -> None:
    """What stands before Django may have read the first of two."""
    assert_refused(post(multipart(world.pairs()), content_type=content_type), "invalid_request", UNREADABLE)
    assert tokens() == 0


@pytest.mark.parametrize("content_type", [f"{FORM}; charset=utf-8; charset=utf-8", f"{FORM}; x=1; X=2"])
def test_nor_does_one_of_a_form_that_is_not_multipart(world: World, content_type: str) -> None:
    assert_refused(post(world.pairs(), content_type=content_type), "invalid_request", UNREADABLE)


@forms
@pytest.mark.parametrize(("charset", "granted"), [("utf-8", True), ("UTF8", True), ("iso-8859-1", False)])
def test_the_charset_of_the_site_is_no_charset_of_a_form(
    world: World, settings: Any, kind: str, charset: str, granted: bool
) -> None:
    """Django reads a multipart form in it, if the client names no other; we do not."""
    settings.DEFAULT_CHARSET = charset
    response = post(body_of(kind, world.pairs()), content_type=kind)

    if granted or kind == FORM:
        assert json.loads(response.content)["access_token"]
    else:
        assert response.status_code == 400
        assert json.loads(response.content)["error"] == "invalid_request"


@forms
@pytest.mark.parametrize("value", [b"\xff", b"a\xc3", b"\xed\xa0\x80"])
def test_a_value_that_is_not_utf8_is_refused(world: World, kind: str, value: bytes) -> None:
    body = body_of(kind, [*world.pairs(), ("scope", "SCOPE")]).encode().replace(b"SCOPE", value)

    assert_refused(post(body, content_type=kind), "invalid_request", UNREADABLE)


@pytest.mark.standard("REQ-03")
@cases(
    "content_type",
    [
        FORM.upper(),
        "Application/X-WWW-Form-Urlencoded",
        f"{FORM};charset=utf-8",
        f"{FORM} ; Charset=Utf-8",
        f"{FORM}; boundary=x",
        f"{FORM};",
        f"{FORM};;",
    ],
)
def test_the_content_type_is_read_in_any_case_and_with_parameters(world: World, content_type: str) -> None:
    assert_granted(post(world.pairs(), content_type=content_type))


@cases(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=é",
        "multipart/form-data; boundary=" + "x" * 300,
        'multipart/form-data; boundary=" "',
    ],
)
@cases("grant_type", [GRANT_TYPE, "client_credentials"])
def test_a_multipart_form_without_a_good_boundary_is_refused(
    world: World, content_type: str, grant_type: str
) -> None:
    response = post(world.pairs(grant_type=grant_type), content_type=content_type)

    assert_refused(response, "invalid_request", UNREADABLE)
    assert tokens() == 0


TOO_LARGE = "The request body is larger, or has more parameters, than this server reads."
LIMITS = [
    {"DATA_UPLOAD_MAX_NUMBER_FIELDS": 1},
    {"DATA_UPLOAD_MAX_MEMORY_SIZE": 20},
    {"DATA_UPLOAD_MAX_NUMBER_FILES": 1},
]


@pytest.mark.standard("ROB-01")
@forms
@pytest.mark.parametrize("read_after", [False, True], ids=["no middleware", "middleware"])
@pytest.mark.parametrize("grant_type", [GRANT_TYPE, "client_credentials"])
@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: next(iter(limit)))
def test_more_than_the_site_reads_is_refused(
    world: World, settings: Any, kind: str, limit: dict[str, int], grant_type: str, read_after: bool
) -> None:
    """Also where a middleware reads what is posted, once the request is answered."""
    for name, value in limit.items():
        setattr(settings, name, value)
    if read_after:
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{reads_after.__module__}.{reads_after.__name__}"]
    body = body_of(kind, world.pairs(grant_type=grant_type))
    if kind == MULTIPART:
        body = part("f", "x", '; filename="f"') * 2 + body
    elif "DATA_UPLOAD_MAX_NUMBER_FILES" in limit:
        pytest.skip("not on a form without files")

    assert_refused(post(body, content_type=kind), "invalid_request", TOO_LARGE)
    assert tokens() == 0


class Broken(BytesIO):
    """A connection that ends in the middle of the body."""

    def read(self, *arguments: Any) -> bytes:
        raise OSError("the client is gone")


@forms
@pytest.mark.parametrize("kind_of_site", ["tests.urls", "tests.plain_urls"])
def test_a_client_that_is_gone(world: World, settings: Any, kind: str, kind_of_site: str) -> None:
    settings.ROOT_URLCONF = kind_of_site
    response = Client(raise_request_exception=False).generic(
        "POST", TOKEN_URL, b"x", content_type=kind, **{"wsgi.input": Broken()}
    )

    if kind_of_site == "tests.urls":
        assert_refused(response, "invalid_request", UNREADABLE)
    else:
        assert response.status_code == 500


@forms
@pytest.mark.parametrize("kept", [0, 1, 40, 200, -1])
def test_a_body_that_is_cut_off_gives_nothing_and_uses_nothing_up(world: World, kind: str, kept: int) -> None:
    body = body_of(kind, sorted(world.pairs(), reverse=True))

    response = post(body[: kept if kept >= 0 else -20], content_type=kind)

    assert response.status_code in (400, 401)
    assert response["Content-Type"] == "application/json"
    assert tokens() == 0
    assert_granted(post(body, content_type=kind))


@forms
@pytest.mark.parametrize("length", ["abc", "-1", "1e3", " ", "9" * 30])
@pytest.mark.parametrize("grant_type", [GRANT_TYPE, "client_credentials"])
def test_a_length_that_is_none_is_no_server_error(
    world: World, kind: str, length: str, grant_type: str
) -> None:
    body = body_of(kind, world.pairs(grant_type=grant_type))

    response = post(body, content_type=kind, CONTENT_LENGTH=length)

    assert response.status_code in (400, 401)
    assert response["Content-Type"] == "application/json"
    assert tokens() == 0


class Upload:
    """An upload handler of the site that has a fault."""

    chunk_size = 64 * 2**10

    def __init__(self, request: Any) -> None:
        raise RuntimeError("the disk is full")


def test_what_the_sites_own_reading_raises_is_no_server_error(
    world: World, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.FILE_UPLOAD_HANDLERS = [f"{__name__}.Upload"]

    response = post(multipart(world.pairs()), content_type=MULTIPART)

    assert_refused(response, "invalid_request", UNREADABLE)
    assert "RuntimeError" in caplog.text
    assert SECRET not in caplog.text


# What is no form


@pytest.mark.standard("REQ-03")
@cases("escaped", [False, True])
@cases(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json; charset=hex",
        "application/vnd.api+json",
        "text/plain",
        "application/octet-stream",
        "",
        f"{FORM}, application/json",
        f"{FORM}x",
    ],
)
def test_what_is_no_form_is_refused_as_such(world: World, content_type: str, escaped: bool) -> None:
    """Whether it is JSON, or a form that is not called one."""
    pairs = world.pairs()
    body = urlencode(pairs) if escaped else json.dumps(dict(pairs))

    assert_refused(post(body, content_type=content_type), "invalid_request", NOT_A_FORM)
    assert tokens() == 0


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
@pytest.mark.parametrize(
    "body",
    ["", "{}", "[", "null", '{"grant_type": "client_credentials"}', quote(GRANT_TYPE)[:-1], b"\xff" * 100],
)
def test_what_is_no_form_and_does_not_name_this_grant_is_djangos(
    db: None, settings: Any, body: str | bytes, content_type: str
) -> None:
    answers = []
    for settings.ROOT_URLCONF in ("tests.urls", "tests.plain_urls"):
        response = post(body, content_type=content_type)
        answers.append((response.status_code, dict(response.headers), response.content))

    assert answers[0] == answers[1]
    assert answers[0][0] == 400


def test_what_is_no_form_and_too_large_is_refused(db: None, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 20

    assert_refused(post("x" * 100, content_type="text/plain"), "invalid_request", TOO_LARGE)


def test_an_uploaded_file_is_no_parameter(world: World) -> None:
    file = part("assertion", mint(ec_key()), '; filename="a"')

    response = post(file + multipart(world.pairs(assertion=DROP)), content_type=MULTIPART)

    assert_refused(response, "invalid_request", "The parameter assertion is missing.")


@pytest.mark.parametrize("part", ["text/plain; charset=utf-7", "text/plain; charset=hex", "application/json"])
def test_what_a_part_says_of_itself_is_not_read(world: World, part: str) -> None:
    """RFC 7578 section 4.4: the parts of a form are text in the charset of the form."""
    body = multipart(world.pairs()).replace("\r\n\r\n", f"\r\nContent-Type: {part}\r\n\r\n")

    assert_granted(post(body, content_type=MULTIPART))


def test_the_codecs_are_those_that_django_looks_up() -> None:
    assert len(CODECS) > 90
    assert codecs.lookup("hex").name in CODECS or "hex_codec" in CODECS
