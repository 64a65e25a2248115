"""Django's commands for the example site, and one more: ``manage.py demo``."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack

from django.core.management import execute_from_command_line
from example.demo.place import chosen


def main() -> None:
    """Run a command; for ``demo``, first choose where the site lives, as the settings depend on it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example.settings")
    with ExitStack() as stack:
        if sys.argv[1:2] == ["demo"]:
            stack.enter_context(chosen(sys.argv[2:]))
        try:
            execute_from_command_line(sys.argv)
        except KeyboardInterrupt:
            sys.exit(130)


if __name__ == "__main__":
    main()
