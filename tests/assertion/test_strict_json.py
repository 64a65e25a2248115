"""One strict JSON object, or nothing (RFC 7515 section 10.12)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oauth_jwt_grant.assertion.strict_json import MAX_DEPTH, MalformedJSON, read_object
from tests.support import cases


def nested(depth: int) -> bytes:
    """An object whose deepest part lies ``depth`` brackets down."""
    return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


GOOD: dict[str, tuple[bytes, dict[str, Any]]] = {
    "empty": (b"{}", {}),
    "whitespace": (b' \t\r\n{ "a" : 1 }\n', {"a": 1}),
    "same name at different depths": (b'{"a":{"a":{"a":1}}}', {"a": {"a": {"a": 1}}}),
    "same name in two members of a list": (b'{"a":[{"b":1},{"b":1}]}', {"a": [{"b": 1}, {"b": 1}]}),
    "names that differ in case": (b'{"a":1,"A":2}', {"a": 1, "A": 2}),
    "whole surrogate pair": (b'{"a":"\\ud83d\\udd11"}', {"a": "\U0001f511"}),
    "two-byte characters": ('{"é":"ü"}'.encode(), {"é": "ü"}),
    "escaped backslash before u": (b'{"a":"\\\\u0000"}', {"a": "\\u0000"}),
    "brackets in strings": (
        b'{"a":"' + b"[{" * 50 + b'\\"' + b"[" * 50 + b'"}',
        {"a": "[{" * 50 + '"' + "[" * 50},
    ),
    "many brackets side by side": (b'{"a":[' + b"[],{}," * 50 + b"[]]}", {"a": [[], {}] * 50 + [[]]}),
    "as deep as allowed": (nested(MAX_DEPTH), json.loads(nested(MAX_DEPTH))),
    "as deep as allowed, and more beside": (
        b'{"b":[[],[]],"a":' + nested(MAX_DEPTH - 1) + b"}",
        {"b": [[], []], "a": json.loads(nested(MAX_DEPTH - 1))},
    ),
    "largest double": (b'{"a":1.7976931348623157e308}', {"a": 1.7976931348623157e308}),
    "whole number of 309 digits": (b'{"a":1' + b"0" * 308 + b"}", {"a": 10**308}),
    "negative whole number": (b'{"a":-1}', {"a": -1}),
    "literals": (b'{"a":[true,false,null]}', {"a": [True, False, None]}),
    "escaped control characters": (b'{"a":"\\u0001\\n"}', {"a": "\x01\n"}),
}

BAD: dict[str, bytes] = {
    "nothing": b"",
    "not JSON": b"foo",
    "array": b"[]",
    "string": b'"a"',
    "number": b"1",
    "true": b"true",
    "null": b"null",
    "cut off": b'{"a":1',
    "text after the object": b"{}x",
    "two objects": b"{}{}",
    "NUL after the object": b"{}\0",
    "comment": b'{"a":1/* x */}',
    "line comment": b'{"a":1}//',
    "single quotes": b"{'a':1}",
    "unquoted name": b"{a:1}",
    "trailing comma": b'{"a":1,}',
    "trailing comma in a list": b'{"a":[1,]}',
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":Infinity}',
    "-Infinity": b'{"a":[-Infinity]}',
    "1e400": b'{"a":1e400}',
    "-1e400": b'{"a":{"b":[-1e400]}}',
    "5000 digits": b'{"a":1' + b"0" * 5000 + b"}",
    "310 digits": b'{"a":1' + b"0" * 309 + b"}",
    "leading zero": b'{"a":01}',
    "plus sign": b'{"a":+1}',
    "bare decimal point": b'{"a":1.}',
    "hexadecimal": b'{"a":0x1}',
    "no-break space": '\u00a0{"a":1}'.encode(),
    "form feed": b'\x0c{"a":1}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16 with mark": '{"a":1}'.encode("utf-16"),
    "UTF-16": '{"a":1}'.encode("utf-16-be"),
    "UTF-32": '{"a":1}'.encode("utf-32-le"),
    "Latin-1": '{"a":"é"}'.encode("latin-1"),
    "overlong UTF-8": b'{"a":"\xc0\xaf"}',
    "encoded surrogate": b'{"a":"\xed\xa0\x80"}',
    "repeated name": b'{"a":1,"a":2}',
    "repeated name, equal values": b'{"a":1,"a":1}',
    "repeated name, escaped": b'{"a":1,"\\u0061":2}',
    "repeated name below": b'{"a":[{"b":{"c":1,"c":2}}]}',
    "NUL escaped": b'{"a":"x\\u0000"}',
    "NUL in a name": b'{"x\\u0000":1}',
    "NUL below": b'{"a":[{"b":["\\u0000"]}]}',
    "NUL raw": b'{"a":"x\0"}',
    "raw control character": b'{"a":"\x01"}',
    "raw line break": b'{"a":"\n"}',
    "high surrogate alone": b'{"a":"\\ud800"}',
    "low surrogate alone": b'{"a":"\\udc00"}',
    "first surrogate": b'{"a":"\\ud800x"}',
    "last surrogate": b'{"a":"\\udfff"}',
    "surrogates the wrong way round": b'{"a":"\\udd11\\ud83d"}',
    "surrogate in a name below": b'{"a":[{"\\ud800":1}]}',
    "unknown escape": b'{"a":"\\x41"}',
    "short escape": b'{"a":"\\u12"}',
    "one too deep": nested(MAX_DEPTH + 1),
    "one too deep, objects": b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1),
    "6000 deep": nested(6000),
    "6000 deep and never closed": b'{"a":' + b"[" * 6000,
    "6000 deep objects": b'{"a":' * 6000 + b"1" + b"}" * 6000,
    "deep behind a string": b'{"b":"\\\\","a":' + b"[" * 100 + b"]" * 100 + b"}",
    "deep after closing": b'{"a":[' + b"[]," * 40 + b"[" * 40 + b"]" * 40 + b"]}",
}


@pytest.mark.standard("JOSE-17")
@cases(("raw", "value"), GOOD.values())
def test_one_object_is_read(raw: bytes, value: dict[str, Any]) -> None:
    assert read_object(raw) == value


@pytest.mark.standard("JOSE-17", "JOSE-18", "JOSE-19", "JOSE-20", "TIM-09")
@cases("raw", BAD.values())
def test_anything_else_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedJSON):
        read_object(raw)


@cases("raw", BAD.values())
def test_the_message_holds_nothing_of_the_text(raw: bytes) -> None:
    with pytest.raises(MalformedJSON) as caught:
        read_object(b'{"secret":"s3cr3t",' + raw[1:] if raw.startswith(b'{"') else raw)
    assert "s3cr3t" not in str(caught.value)


def test_types_are_kept() -> None:
    value = read_object(b'{"a":1,"b":1.0,"c":true,"d":"1"}')
    assert [type(member) for member in value.values()] == [int, float, bool, str]
