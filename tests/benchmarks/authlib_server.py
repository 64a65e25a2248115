"""The same grant in Authlib's server for Flask, as its documentation builds it: SQLAlchemy, SQLite in a file.

It looks up the client of the issuer and the user, checks the assertion, and stores the
token. It has no single use, no rules and no record of decisions.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.integrations.sqla_oauth2 import (
    OAuth2ClientMixin,
    OAuth2TokenMixin,
    create_query_client_func,
    create_save_token_func,
)
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc7523 import JWTBearerGrant
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from joserfc.jwk import KeySet
from sqlalchemy import event

from ..factories import AUDIENCE

db: Any = SQLAlchemy()


class User(db.Model):  # type: ignore[name-defined]
    """Somebody by the name that is the subject of assertions."""

    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(40), unique=True)

    def get_user_id(self) -> int:
        return int(self.id)


class IssuingClient(db.Model, OAuth2ClientMixin):  # type: ignore[name-defined, misc]
    """A client, and the issuer whose assertions are its own."""

    id = db.Column(db.Integer, primary_key=True)
    issuer = db.Column(db.String(255), unique=True)
    jwks_of_issuer = db.Column(db.JSON)


class Token(db.Model, OAuth2TokenMixin):  # type: ignore[name-defined, misc]
    """An access token."""

    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.Integer, db.ForeignKey("user.id"))


class Grant(JWTBearerGrant):  # type: ignore[misc]
    """The grant with the lookups that its documentation asks for."""

    def resolve_issuer_client(self, issuer: str) -> Any:
        return IssuingClient.query.filter_by(issuer=issuer).first()

    def resolve_client_public_key(self, client: Any) -> Any:
        return KeySet.import_key_set(client.jwks_of_issuer)

    def get_audiences(self) -> list[str]:
        return [AUDIENCE]

    def authenticate_user(self, subject: str) -> Any:
        return User.query.filter_by(name=subject).first()

    def has_granted_permission(self, client: Any, user: Any) -> bool:
        return True


def make_app(path: Path, issuer: str, jwks: dict[str, Any], secret: str) -> Flask:
    """An application on a new database at ``path`` that trusts ``issuer``; the client's id is ``bench``."""
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{path}"
    db.init_app(app)
    server = AuthorizationServer(
        app, create_query_client_func(db.session, IssuingClient), create_save_token_func(db.session, Token)
    )
    server.register_grant(Grant)
    server.register_grant(ClientCredentialsGrant)
    app.add_url_rule("/token", view_func=server.create_token_response, methods=["POST"])
    with app.app_context():
        # As in the settings of the tests: what is compared is the work, not the disk.
        event.listen(db.engine, "connect", lambda raw, record: raw.execute("PRAGMA synchronous=OFF"))
        db.create_all()
        client = IssuingClient(client_id="bench", client_secret=secret, issuer=issuer, jwks_of_issuer=jwks)
        client.set_client_metadata(
            {
                "scope": "read write",
                "grant_types": ["client_credentials", Grant.GRANT_TYPE],
                "token_endpoint_auth_method": "client_secret_basic",
            }
        )
        db.session.add_all([client, User(name="alice")])
        db.session.commit()
    return app
