"""``manage.py mintassertion``: an assertion to try things out with."""

from __future__ import annotations

import json
import time
import uuid
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from .. import base
from ..arguments import new_private_file, read_text
from ..signing import UnusablePrivateKey, generate_private_jwk, public_jwk, read_private_jwk, sign


class Command(base.Command):
    """Signs a JWT with a private key of your own, for development and tests, and prints it."""

    help = "Sign a JWT for trying out the grant. The key is an issuer's; in production the issuer keeps it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """The key, the registered claims, and whatever else."""
        parser.add_argument("--key", required=True, metavar="FILE", help="private key: JWK or PEM")
        parser.add_argument(
            "--generate", action="store_true", help="make a P-256 key, if there is no such file yet"
        )
        parser.add_argument("--public-key", metavar="FILE", help="write the public JWK Set there")
        parser.add_argument("--issuer", required=True, metavar="ISS", help="the claim iss")
        parser.add_argument("--subject", metavar="SUB", help="the claim sub (default: none)")
        parser.add_argument(
            "--audience", required=True, action="append", metavar="AUD", help="in aud; repeatable"
        )
        parser.add_argument(
            "--expires-in", type=int, default=300, metavar="SECONDS", help="from now to exp (default: 300)"
        )
        parser.add_argument(
            "--claim",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="a further or another claim: JSON, or else text; repeatable",
        )
        parser.add_argument("--algorithm", metavar="ALG", help="the header alg (default: what fits the key)")
        parser.add_argument("--key-id", metavar="KID", help="the header kid (default: that of the JWK)")
        parser.add_argument("--typ", default="JWT", help="the header typ (default: JWT)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints only the JWT, so that the output can be piped."""
        jwk = _key(options)
        header = {"typ": options["typ"], "alg": options["algorithm"], "kid": options["key_id"]}
        try:
            jwt = sign(jwk, {name: value for name, value in header.items() if value}, _claims(options))
        except UnusablePrivateKey as error:
            raise CommandError(f"--key: {error}") from error
        if options["public_key"]:
            _write_public(options["public_key"], jwk)
        self.stdout.write(jwt)


def _key(options: dict[str, Any]) -> dict[str, Any]:
    """The private key of ``--key``, created if it is requested and does not exist."""
    path = Path(options["key"])
    try:
        if options["generate"] and not path.exists():
            with new_private_file("--generate", options["key"]) as file:
                json.dump(generate_private_jwk(), file)
        return read_private_jwk(read_text("--key", options["key"]))
    except UnusablePrivateKey as error:
        raise CommandError(f"--key: {path}: {error}") from error


def _claims(options: dict[str, Any]) -> dict[str, Any]:
    """The claims: the registered ones, then those of ``--claim`` over them."""
    now = int(time.time())
    audience = options["audience"]
    claims: dict[str, Any] = {
        "iss": options["issuer"],
        "aud": audience[0] if len(audience) == 1 else audience,
        "iat": now,
        "exp": now + options["expires_in"],
        "jti": str(uuid.uuid4()),
    }
    if options["subject"] is not None:
        claims["sub"] = options["subject"]
    for text in options["claim"]:
        name, separator, value = text.partition("=")
        if not separator:
            raise CommandError(f"--claim: not NAME=VALUE: {text}")
        claims[name] = _json_or_text(value)
    return claims


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _write_public(name: str, jwk: dict[str, Any]) -> None:
    try:
        Path(name).write_text(json.dumps({"keys": [public_jwk(jwk)]}))
    except OSError as error:
        raise CommandError(f"--public-key: cannot write {name}: {error.strerror}") from error
