"""A guide, read as its reader would: what is written there to run is run, what is a file is a file."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import yaml
from django.core.management import call_command

GUIDES = Path(__file__).parent.parent.parent / "docs" / "guides"


class Guide:
    """One page of ``docs/guides``."""

    def __init__(self, name: str) -> None:
        self.text = (GUIDES / f"{name}.md").read_text(encoding="utf-8")

    def block(self, language: str) -> str:
        """The one fenced block in ``language``."""
        (found,) = re.findall(rf"^```{language}\n(.*?)^```", self.text, re.M | re.S)
        return str(found)

    def yaml(self) -> Any:
        """The one file in YAML."""
        return yaml.safe_load(self.block("yaml"))

    def json(self) -> Any:
        """The one file in JSON."""
        return json.loads(self.block("json"))

    def commands(self, name: str) -> list[list[str]]:
        """The arguments of each ``manage.py`` command called ``name``."""
        code = "\n".join(re.findall(r"^    .*$", self.text, re.M)).replace("\\\n", " ")
        return [shlex.split(line) for line in re.findall(rf"manage\.py {name} (.+)", code)]

    def trust(self) -> str:
        """Run the first ``trustissuer``; what it prints."""
        out = io.StringIO()
        call_command("trustissuer", *self.commands("trustissuer")[0], stdout=out)
        return out.getvalue()

    def refused(self) -> dict[str, str]:
        """Who is refused, and for which reason."""
        table = self.text.partition("\n## What is refused\n")[2].partition("\n## ")[0]
        return dict(re.findall(r"^\| ([^|]+) \| `(\w+)` \|", table, re.M))


def run_in(folder: Path, script: str, **environment: str) -> str:
    """What bash prints as it runs ``script``; curl reads its configuration from ``folder``."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],  # noqa: S607 - the one that the reader has
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "CURL_HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout
