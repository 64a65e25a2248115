"""Where the demo runs: its port and its folder, known before Django reads the settings."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

HOST = "127.0.0.1"
USUAL_PORT = 8000


def add_arguments(parser: ArgumentParser) -> None:
    """The options of ``manage.py demo`` that the settings depend on."""
    parser.add_argument("--port", type=port, help="port of the site (default: 8000, or a free one)")
    parser.add_argument(
        "--keep", metavar="FOLDER", help="keep the database there (default: a temporary folder)"
    )


def port(text: str) -> int:
    """Return the TCP port that ``text`` spells. Raises :class:`ValueError` for any other text."""
    if not 0 < int(text) < 65536:
        raise ValueError(text)
    return int(text)


@contextmanager
def chosen(arguments: Sequence[str]) -> Iterator[None]:
    """Tell the settings, through the environment, what ``arguments`` ask for; tidy up at the end."""
    # A polite kill is as good as Ctrl-C; by itself it would leave the folder behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    parser = ArgumentParser(prog="manage.py demo", add_help=False)
    add_arguments(parser)
    options, _ = parser.parse_known_args(arguments)
    with ExitStack() as stack:
        folder = options.keep or stack.enter_context(
            tempfile.TemporaryDirectory(prefix="oauth-jwt-grant-", ignore_cleanup_errors=True)
        )
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            parser.error(f"argument --keep: {folder}: {error.strerror}")
        os.environ["EXAMPLE_DATA"] = str(Path(folder).resolve())
        os.environ["EXAMPLE_URL"] = f"http://{HOST}:{options.port or free_port()}"
        yield


def free_port() -> int:
    """8000 if nobody has it, or else any port that is free."""
    for port in (USUAL_PORT, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no port is free")
