"""Clients of Google Cloud Storage, by the programs of the manual: a token, and by it what is there."""

from __future__ import annotations

import json
import shutil

import pytest

from oauth_jwt_grant.models import Decision, GrantRule

from . import bucket, server
from .programs import is_pinned
from .sent import SENT, parts, sent
from .tunnel import tunnel

REPORT = {"backup": "done"}


@pytest.fixture
def storage(site, settings, monkeypatch):
    """A site with a bucket, and the scope by which Google names access to it."""
    settings.ROOT_URLCONF = "tests.clients.bucket"
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "storage.googleapis.com"]
    settings.OAUTH2_PROVIDER = settings.OAUTH2_PROVIDER | {
        "SCOPES": dict.fromkeys((*bucket.LIBRARY, *bucket.COMMAND), "Of Google's")
    }
    monkeypatch.setattr(bucket, "OBJECTS", {})
    (site.folder / "report.json").write_text(json.dumps(REPORT))
    return site


def assert_granted(storage, *scopes: str) -> None:
    """Tokens for the service account, with Google's scopes; its assertions have no ``jti``."""
    if is_pinned("sh"):
        assert sent(storage.last) == SENT["restic"]
    decision = Decision.objects.latest("pk") if scopes else Decision.objects.get()
    assert (decision.outcome, set(decision.scope.split())) == ("accepted", set(scopes or [bucket.SCOPE]))
    assert decision.subject == "nightly@service-accounts.localhost"
    assert storage.repeat()[0] == 200


def test_rclone(storage, needs):
    needs("$rclone")
    storage.set_up("rclone")
    bucket.OBJECTS["report.json"] = (storage.folder / "report.json").read_bytes()
    assert storage.answer("rclone", "sh") == REPORT
    assert_granted(storage)


def test_google_cloud_storage(storage, needs):
    needs("google.cloud.storage")
    storage.set_up("google-cloud-storage")
    bucket.OBJECTS["report.json"] = (storage.folder / "report.json").read_bytes()
    assert storage.python("google-cloud-storage") == REPORT
    assert_granted(storage, *bucket.LIBRARY)


@pytest.mark.skipif(shutil.which("gcloud") is None, reason="not on this cell: no gcloud")
def test_gcloud(storage, monkeypatch):
    # Google lets this scope do whatever any other may.
    monkeypatch.setattr(bucket.Object, "required_scopes", (bucket.COMMAND[2],))
    storage.set_up("gcloud")
    bucket.OBJECTS["report.json"] = (storage.folder / "report.json").read_bytes()
    assert storage.answer("gcloud", "sh") == REPORT
    assert_granted(storage, *bucket.COMMAND)
    first = server.Recorder.posted[0]
    assert parts(first)[1].keys() == {"aud", "exp", "iat", "iss", "target_audience"}
    assert first.status == 200


def test_restic(storage, needs):
    needs("$restic")
    storage.set_up("restic")
    for arguments in (["init"], ["backup", "report.json"]):
        done = storage.run("restic", "-q", "-r", "here", *arguments, RESTIC_PASSWORD="a secret")
        assert done.returncode == 0, done.stderr
    here = storage.folder / "here"
    files = [path for path in here.rglob("*") if path.is_file()]
    bucket.OBJECTS.update((path.relative_to(here).as_posix(), path.read_bytes()) for path in files)
    with tunnel(storage.port) as proxy:
        done = storage.run_program("restic", "sh", HTTPS_PROXY=proxy)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == REPORT
    assert_granted(storage)


@pytest.mark.parametrize(("title", "command"), [("rclone", "$rclone"), ("restic", "$restic")])
def test_a_refusal_reaches_the_user(storage, needs, title, command):
    """What the user reads is the site's own words."""
    needs(command)
    storage.set_up(title)
    GrantRule.objects.update(enabled=False)
    with tunnel(storage.port) as proxy:
        done = storage.run_program(title, "sh", HTTPS_PROXY=proxy)
    assert done.returncode != 0
    assert "does not entitle its bearer to a token here" in done.stderr
    assert set(Decision.objects.values_list("outcome", flat=True)) == {"refused"}
