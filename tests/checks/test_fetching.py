"""The system checks of fetching: the proxy, whose credentials no message has, and the token files."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.views.debug import SafeExceptionReporterFilter

from oauth_jwt_grant.checks import CheckId
from tests.checks.test_checks import _good_site, findings, grant, ids

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures(_good_site.__name__)]

ORIGIN = "https://10.0.12.7:6443"


@pytest.mark.parametrize(
    "url", ["http://proxy.example:3128", "http://user:s3cr3t@10.0.0.1:3128/", "http://[fd00::1]:3128"]
)
def test_a_proxy(url: str) -> None:
    with grant(FETCH_PROXY=url):
        assert ids() == []
        (message,) = findings(deploy=True)
    assert message.id == CheckId.PROXY_DECIDES
    assert "it alone decides which addresses are asked" in message.msg
    assert "s3cr3t" not in str(message)


@pytest.mark.parametrize("url", ["user:s3cr3t@proxy.example:3128", "https://user:s3cr3t@proxy.example:3128"])
def test_what_is_no_proxy(url: str) -> None:
    with grant(FETCH_PROXY=url):
        (message,) = findings()
    assert message.id == CheckId.FETCH_PROXY
    assert "s3cr3t" not in str(message)
    assert "proxy.example:3128 " not in message.msg


def test_no_proxy() -> None:
    with grant(FETCH_PROXY=""):
        assert ids(deploy=True) == []


def test_error_reports_show_no_settings() -> None:
    with grant(FETCH_PROXY="http://user:s3cr3t@proxy.example:3128"):
        assert "s3cr3t" not in str(SafeExceptionReporterFilter().get_safe_settings())


def test_a_token_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc\n")
    with grant(FETCH_TOKEN_FILES={ORIGIN: str(tmp_path / "token")}):
        assert ids(deploy=True) == []


@pytest.mark.parametrize("content", [None, b"", b"s3cr3t\ns3cr3t", b"s3cr3t" * 3000])
def test_a_token_file_that_cannot_be_used(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    with grant(FETCH_TOKEN_FILES={ORIGIN: str(path)}):
        (message,) = findings()
    assert message.id == CheckId.TOKEN_FILE
    assert f"{str(path)!r} of FETCH_TOKEN_FILES for {ORIGIN}" in message.msg
    assert "s3cr3t" not in str(message)


@pytest.mark.parametrize("origin", [f"{ORIGIN}/", "http://10.0.12.7", "10.0.12.7:6443", "https://A.example"])
def test_a_key_that_is_no_origin(tmp_path: Path, origin: str) -> None:
    with grant(FETCH_TOKEN_FILES={origin: str(tmp_path)}):
        (message,) = findings()
    assert message.id == CheckId.TOKEN_ORIGIN
    assert repr(origin) in message.msg
