"""How a program of the manual is run: its file's name, the command, and what has to be on the machine.

Python's clients come with the dependency group ``clients``, Node.js' with ``package.json``, and all others
with Debian's packages, which ``.ci/run`` installs.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

#: The folder of the packages of ``package.json``.
NODE_MODULES = os.environ.get("OJG_TEST_NODE_MODULES", "")
GOPATH = Path("/usr/share/gocode")
JARS = Path("/usr/share/java")
RUBY = Path("/usr/share/rubygems-integration/all/specifications")

# google-auth-library, and what it calls in these programs.
_CLASSPATH = ":".join(
    str(JARS / f"{name}.jar")
    for name in (
        "google-auth-library-oauth2-http",
        "google-auth-library-credentials",
        "google-http-client",
        "google-http-client-jackson2",
        "jackson-core",
        "guava",
        "opencensus-api",
        "opencensus-contrib-http-util",
        "grpc-context",
    )
)


@dataclass(frozen=True)
class Language:
    """Where a program is written to, and how it is run from there."""

    file: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


LANGUAGES = {
    "python": Language("program.py", (sys.executable, "-W", "ignore", "program.py")),
    "js": Language("program.mjs", ("node", "program.mjs")),
    "ruby": Language("program.rb", ("ruby", "-W0", "program.rb")),
    "r": Language("program.R", ("Rscript", "--vanilla", "program.R")),
    "sh": Language("program.sh", ("bash", "-euo", "pipefail", "program.sh")),
    # Debian's way: libraries as sources in one GOPATH. What is compiled is kept where Go keeps it.
    "go": Language(
        "program.go",
        ("go", "run", "program.go"),
        {
            "GO111MODULE": "off",
            "GOPATH": str(GOPATH),
            "GOCACHE": os.environ.get("GOCACHE", str(Path.home() / ".cache" / "go-build")),
        },
    ),
    # Java trusts nobody whom it does not find in a file of its own.
    "java": Language(
        "Program.java",
        (
            *("java", "-XX:TieredStopAtLevel=1", "-classpath", _CLASSPATH),
            *("-Djavax.net.ssl.trustStore=trust.p12", "-Djavax.net.ssl.trustStorePassword=changeit"),
            "Program.java",
        ),
    ),
}


def missing(*needed: str | Path) -> list[str]:
    """What of it is not on this machine.

    Files are paths; commands are written ``$NAME``, Node.js packages ``npm:NAME``, Ruby's ``gem:NAME``,
    and Python modules as they are.
    """
    return [str(name) for name in needed if not _is_there(name)]


def _is_there(name: str | Path) -> bool:
    if isinstance(name, Path):
        return name.exists()
    if name.startswith("npm:"):
        return bool(NODE_MODULES) and (Path(NODE_MODULES) / name.removeprefix("npm:")).is_dir()
    if name.startswith("gem:"):
        return any(map(Path.exists, RUBY.glob(f"{name.removeprefix('gem:')}-*.gemspec")))
    if name.startswith("$"):
        return shutil.which(name[1:]) is not None
    return is_installed(name)


def is_installed(module: str) -> bool:
    """Whether ``module`` can be found; it is not imported."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def is_debian_12() -> bool:
    """Whether Debian's packages are those of the release that the manual's versions are of."""
    try:
        return {"ID": "debian", "VERSION_ID": "12"}.items() <= platform.freedesktop_os_release().items()
    except OSError:
        return False


def is_pinned(language: str) -> bool:
    """Whether the clients of ``language`` are those of the manual's table, to the version."""
    if language not in ("python", "js") and not is_debian_12():
        return False
    return os.environ.get("OJG_TEST_CLIENTS") == "1"


def of_java() -> Iterator[str | Path]:
    """What a Java program needs."""
    yield from ("$java", "$javac", "$keytool")
    yield from map(Path, _CLASSPATH.split(":"))
