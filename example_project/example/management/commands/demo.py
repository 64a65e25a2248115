"""``manage.py demo``: the whole grant on this machine, from the issuer's signature to the API's answer."""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from example.demo import place
from example.demo.issuer import DemoIssuer
from example.demo.serving import serving, site_server
from example.demo.trust import CLIENT_ID, make_admin, make_client_and_user
from example.demo.walk import GRANT_TYPE, SCOPE, UnexpectedAnswer, Walk


class Command(BaseCommand):
    """Migrates, serves, walks through the grant, and then goes on serving."""

    help = "Shows the JWT authorization grant at work, then keeps the site running to try it by hand."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """``--once``, ``--port`` and ``--keep``."""
        parser.add_argument("--once", action="store_true", help="stop after the walk")
        place.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises :class:`CommandError` (exit status 1) where the walk meets an answer that it should not."""
        try:
            site = site_server(settings.BASE_URL)
        except OSError as error:
            raise CommandError(f"{settings.BASE_URL} cannot be served: {error.strerror}") from error
        issuer = DemoIssuer(audience=f"{settings.BASE_URL}/o/token/")
        ca = Path(settings.DATA, "demo-ca.pem")
        ca.write_text(issuer.ca)
        call_command("migrate", verbosity=0)
        password = make_admin()
        make_client_and_user()
        with serving(site, issuer):
            self._out(f"Authorization server and API: {settings.BASE_URL}")
            self._out(f"Issuer of JWTs, with its keys: {issuer.url}")
            self._out()
            try:
                Walk(settings.BASE_URL, issuer, ca, self._out).run()
            except UnexpectedAnswer as error:
                raise CommandError(str(error)) from error
            if not options["once"]:
                with suppress(KeyboardInterrupt):
                    self._invite(issuer, ca, password)
                    Event().wait()

    def _out(self, line: str = "") -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def _invite(self, issuer: DemoIssuer, ca: Path, password: str) -> None:
        self._out("Now you. The inner curl gets a fresh JWT from the issuer:")
        self._out()
        self._out(f"    curl {settings.BASE_URL}/o/token/ \\")
        self._out(f"        -d grant_type={GRANT_TYPE} \\")
        self._out(f'        -d assertion="$(curl -s --cacert {ca} {issuer.url}/assertion)" \\')
        self._out(f"        -d client_id={CLIENT_ID} -d scope={SCOPE}")
        self._out()
        self._out(f"The admin, with the issuer, its rule and the decisions: {settings.BASE_URL}/admin/")
        self._out(f"Log in as admin with the password {password}")
        self._out()
        self._out("Stop with Ctrl-C.")
