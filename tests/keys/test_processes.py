"""Four processes with one shared cache, which come upon a cold key set at the same moment."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from tests.jwks_server import Answer, JwksServer

from .material import ec_jwk

ROOT = Path(__file__).resolve().parents[2]
PROCESSES, THREADS = 4, 13

#: A process with Django's own cache in a database file. It prints what its requests have found.
SCRIPT = """
import json, sys, threading, time

from django.conf import settings

url, ca_bundle, path, threads, moment = json.loads(sys.argv[1])
settings.configure(
    DATABASES={"default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "OPTIONS": {"timeout": 30, "transaction_mode": "IMMEDIATE"},
    }},
    CACHES={"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "keys"}},
)
import django
django.setup()

from django.core.cache import cache
from django.core.management import call_command
from django.db import connection

if threads == 0:
    call_command("createcachetable")
    sys.exit()

from oauth_jwt_grant.keys import RemoteKeys

found = []

def request():
    source = RemoteKeys(
        issuer="https://issuer.example", url=url, cache=cache, ca_bundle=ca_bundle, allow_private_network=True
    )
    time.sleep(max(0, moment - time.time()))
    try:
        found.append([key.kid for key in source.candidates({"alg": "ES256", "kid": "a"})])
    except Exception as error:
        found.append(repr(error))
    finally:
        connection.close()

workers = [threading.Thread(target=request) for _ in range(threads)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
print(json.dumps(found))
"""


def start(server: JwksServer, path: Path, threads: int, moment: float) -> subprocess.Popen[str]:
    arguments = json.dumps([server.url(), server.ca_pem, str(path), threads, moment])
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def test_cold_cache_and_fifty_requests_cost_one_fetch(server: JwksServer, tmp_path: Path) -> None:
    server.answers["/jwks"] = Answer(json.dumps({"keys": [ec_jwk("a")]}).encode(), delay=0.3)
    path = tmp_path / "cache.sqlite3"
    start(server, path, 0, 0).communicate(timeout=30)
    moment = time.time() + 3
    processes = [start(server, path, THREADS, moment) for _ in range(PROCESSES)]
    found = [answer for process in processes for answer in json.loads(process.communicate(timeout=60)[0])]
    assert found == [["a"]] * (PROCESSES * THREADS)
    assert server.count() == 1
