"""A page's walk, done word for word: its files written, its commands run by a shell, its answers compared.

Three kinds of blocks count, in their order. ``sh`` is run in the walk's folder. ``json`` is what the command
before has printed. ``python`` goes where the paragraph before says: "Add to the end of" or "Replace" a file.
What installs the package is left out, as the tests run on an installed one, and the server gets a free port.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import oauth_jwt_grant

BLOCK = re.compile(r"((?:[^\n]+\n)*)\n```(sh|json|python)\n(.*?)^```", re.M | re.S)
INSTALLS = re.compile(r"^(?:python3 -m venv|\. \.venv|pip install).*\n", re.M)
#: What stands for the token in the pages.
TOKEN = "xq3..."
#: Seconds for one command, or for the server to answer.
PATIENCE = 120


def blocks_of(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield the paragraph before, the language and the content of each block of ``text``."""
    for match in BLOCK.finditer(text):
        yield match[1], match[2], match[3]


class Walk:
    """A folder in which the steps of a page are done."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.token = TOKEN
        self.printed = ""
        self._server: subprocess.Popen[bytes] | None = None
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "OJG_"))}
        self._environment = kept | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}",
            "PYTHONPATH": str(Path(oauth_jwt_grant.__file__).parent.parent),
            "NO_PROXY": "127.0.0.1",
        }

    def __enter__(self) -> Walk:
        return self

    def __exit__(self, *_: object) -> None:
        if self._server:
            self._server.kill()
            self._server.communicate()

    def follow(self, text: str) -> None:
        """Do each step of ``text``; raises ``AssertionError`` with the output where it goes wrong."""
        for before, language, content in blocks_of(text):
            if language == "python":
                self._write(before, content)
            elif language == "json":
                self._compare(json.loads(content))
            else:
                self.run(INSTALLS.sub("", content).replace(TOKEN, self.token))

    def _write(self, before: str, content: str) -> None:
        match = re.search(r"(Add to the end of|Replace) `([\w./]+)`", before)
        assert match, f"where does this go? {before}"
        path = self.folder / match[2]
        assert path.is_file(), f"{match[2]} is not there"
        path.write_text(path.read_text() + content if match[1].startswith("Add") else content)

    def _compare(self, shown: dict[str, Any]) -> None:
        answer = json.loads(self.printed)
        if "access_token" in shown:
            self.token = answer["access_token"]
            shown = shown | {"access_token": self.token}
        assert answer == shown

    def run(self, script: str) -> None:
        """Run ``script`` in the walk's folder; it has to succeed, but for a dry run, which may refuse."""
        if re.search(r"^python manage\.py runserver$", script, re.M):
            self._serve()
            return
        done = subprocess.run(
            ["/bin/sh", "-e", "-c", script.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}")],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        self.printed = done.stdout
        refused = done.returncode == 1 and "explainassertion" in script
        assert done.returncode == 0 or refused, f"{script}\n{done.stdout}\n{done.stderr}"

    def _serve(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "manage.py", "runserver", "--noreload", str(self.port)],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + PATIENCE
        while not _answers(self.port):
            assert time.monotonic() < until, "the development server does not answer"
            assert self._server.poll() is None, "the development server has ended"
            time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
