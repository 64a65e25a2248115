"""The columns that django-oauth-toolkit's next release adds to its models; nothing on an earlier one."""

from __future__ import annotations

from django.db import migrations
from oauth2_provider.models import AbstractApplication, AbstractRefreshToken

from oauth_jwt_grant.dot import HAS_ROLES

_ADDED = (
    "client_jwks",
    "client_jwks_uri",
    "require_pushed_authorization_requests",
    "token_endpoint_auth_method",
)


def _operations() -> list[migrations.operations.base.Operation]:
    checksum = AbstractRefreshToken._meta.get_field("token_checksum").clone()
    return [
        *(
            migrations.AddField("application", name, AbstractApplication._meta.get_field(name).clone())
            for name in _ADDED
        ),
        migrations.AlterUniqueTogether("refreshtoken", set()),
        migrations.AlterField("refreshtoken", "token_checksum", checksum),
    ]


class Migration(migrations.Migration):
    dependencies = [("swapped", "0001_initial")]
    operations = _operations() if HAS_ROLES else []
