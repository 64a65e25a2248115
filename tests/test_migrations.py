"""The migrations: there and back, and nothing is missing from them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from oauth2_provider.models import get_application_model

from oauth_jwt_grant.models import GrantRule, TrustedIssuer
from oauth_jwt_grant.trust import applications_of_operators
from tests.support import build_world, make_application, make_issuer, make_rule, make_user

APP = "oauth_jwt_grant"
ROOT = Path(__file__).parent.parent
BEFORE_LISTED = "0005_exact_key_id"


def tables() -> set[str]:
    return {name for name in connection.introspection.table_names() if name.startswith(APP)}


@pytest.mark.django_db
def test_models_and_migrations_agree() -> None:
    out = StringIO()

    call_command("makemigrations", check=True, dry_run=True, stdout=out)

    assert "No changes" in out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_back_to_zero_and_forward_again() -> None:
    before = tables()
    latest = [node for node in MigrationExecutor(connection).loader.graph.leaf_nodes() if node[0] == APP]
    assert len(latest) == 1
    build_world()

    MigrationExecutor(connection).migrate([(APP, None)])
    try:
        assert tables() == set()
    finally:
        MigrationExecutor(connection).migrate(latest)

    assert tables() == before
    assert not TrustedIssuer.objects.exists()
    make_issuer()


# 0006: the client policy `registered` becomes `listed`.


@pytest.fixture
def registered(transactional_db: None) -> Iterator[GrantRule]:
    """A rule with the policy that goes, before the migration; it has listed an application."""
    staff, root = make_user("staff@example.com", is_staff=True), make_user("r@example.com", is_superuser=True)
    anybody = make_user("anybody@example.com")
    make_application("ownerless")
    make_application("of staff", user=staff)
    make_application("of a superuser", user=root)
    make_application("of anybody", user=anybody)
    make_application("of dcr", registration_source="dcr")
    itself = make_application("of staff by cimd", user=staff, registration_source="cimd")
    issuer = make_issuer()
    make_rule(issuer, itself, name="other", client_policy="listed")
    make_rule(issuer, name="open", client_policy="anonymous")
    rule = make_rule(issuer, itself, name="M\xfcnchen")
    call_command("migrate", APP, BEFORE_LISTED, verbosity=0)
    # Only this column: the models have others that are not there yet.
    GrantRule.objects.filter(pk=rule.pk).update(client_policy="registered")
    yield rule
    call_command("migrate", APP, verbosity=0)


def listed(rule: GrantRule) -> set[str]:
    return {application.client_id for application in rule.applications.all()}


def test_registered_becomes_listed(registered: GrantRule) -> None:
    out = StringIO()
    call_command("migrate", APP, verbosity=1, stdout=out)

    registered.refresh_from_db()
    assert registered.client_policy == "listed"
    assert listed(registered) == {"ownerless", "of staff", "of a superuser"}
    assert listed(registered) == {application.client_id for application in applications_of_operators()}
    others = {rule.name: (rule.client_policy, listed(rule)) for rule in GrantRule.objects.all()}
    assert others["other"] == ("listed", {"of staff by cimd"})
    assert others["open"] == ("anonymous", set())
    (line,) = (line for line in out.getvalue().splitlines() if "lists from now on" in line)
    assert line.strip() == (
        "The rule 'M\\xfcnchen' of 'https://issuer.example' lists from now on: "
        "'of a superuser', 'of staff', 'ownerless'"
    )


def test_back_and_forth_changes_nothing_more(registered: GrantRule) -> None:
    call_command("migrate", APP, verbosity=0)
    call_command("migrate", APP, BEFORE_LISTED, verbosity=0)
    registered.refresh_from_db(fields=["client_policy"])
    assert registered.client_policy == "listed"
    registered.applications.clear()
    out = StringIO()
    call_command("migrate", APP, stdout=out)

    assert "lists from now on" not in out.getvalue()
    assert listed(registered) == set()


def test_without_the_command_it_is_said_too(
    registered: GrantRule, capsys: pytest.CaptureFixture[str]
) -> None:
    get_application_model().objects.all().delete()
    executor = MigrationExecutor(connection)
    executor.migrate([node for node in executor.loader.graph.leaf_nodes() if node[0] == APP])

    assert capsys.readouterr().out.strip().endswith("lists from now on: no application")
    registered.refresh_from_db()
    assert (registered.client_policy, listed(registered)) == ("listed", set())


def test_quiet_and_of_more_rows_than_a_batch_all_are_listed(
    registered: GrantRule, capsys: pytest.CaptureFixture[str]
) -> None:
    model = get_application_model()
    model.objects.bulk_create(
        model(client_id=f"client {number}", client_type="public") for number in range(1100)
    )
    call_command("migrate", APP, verbosity=0)

    assert len(listed(registered)) == 1103
    assert capsys.readouterr().out == ""


USERS = """
from django.contrib.auth.models import AbstractBaseUser
from django.db import models

class User(AbstractBaseUser):
    name = models.CharField(max_length=20, unique=True)
    USERNAME_FIELD = "name"
    {columns}

    @property
    def is_staff(self):
        return True
"""
SITE = """
import django, sys
from django.conf import settings
sys.path.insert(0, {folder!r})
database = {{"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
settings.configure(
    INSTALLED_APPS=[
        "django.contrib.contenttypes", "django.contrib.auth", "people", "oauth2_provider", "oauth_jwt_grant"
    ],
    AUTH_USER_MODEL="people.User",
    DATABASES={{"default": database, "other": dict(database)}},
    DATABASE_ROUTERS=["people.Elsewhere"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
call_command("makemigrations", "people", verbosity=0)
for alias in ("default", "other"):
    call_command("migrate", "oauth2_provider", database=alias, verbosity=0)
    call_command("migrate", "oauth_jwt_grant", {before!r}, database=alias, verbosity=0)
loader = MigrationExecutor(connections["other"]).loader
leaves = [node for app in ("people", "oauth2_provider") for node in loader.graph.leaf_nodes(app)]
state = loader.project_state([("oauth_jwt_grant", {before!r}), *leaves]).apps
user_model, application_model = state.get_model("people.User"), state.get_model("oauth2_provider.Application")
columns = {{field.name for field in user_model._meta.fields}} & {{"is_superuser"}}
for alias in ("default", "other"):
    boss = user_model.objects.using(alias).create(name="boss", **dict.fromkeys(columns, True))
    for owner in (None, boss):
        client_id = f"{{alias}} {{owner and owner.name}}"
        application_model.objects.using(alias).create(client_id=client_id, user=owner)
    issuer = state.get_model("oauth_jwt_grant.TrustedIssuer").objects.using(alias).create(issuer="https://a")
    state.get_model("oauth_jwt_grant.GrantRule").objects.using(alias).create(
        issuer=issuer, name=f"in {{alias}}", client_policy="registered"
    )
for alias in ("other", "default"):
    call_command("migrate", "oauth_jwt_grant", database=alias)
from oauth_jwt_grant.trust import applications_of_operators
from oauth_jwt_grant.models import GrantRule
print("live", list(applications_of_operators().values_list("client_id", flat=True)))
for alias in ("default", "other"):
    rule = GrantRule.objects.using(alias).get()
    client_ids = rule.applications.using(alias).values_list("client_id", flat=True)
    print("now", rule.client_policy, sorted(client_ids))
"""
ROUTER = """
class Elsewhere:
    \"\"\"A router that knows one database alone, whichever is migrated.\"\"\"

    def db_for_read(self, model, **hints):
        return "default"

    db_for_write = db_for_read

    def allow_relation(self, *rows, **hints):
        return True
"""


@pytest.mark.parametrize(
    ("columns", "owners"),
    [("", ["None"]), ("is_superuser = models.BooleanField(default=False)", ["None", "boss"])],
    ids=["a user model without flags", "a user model with one of them"],
)
def test_registered_becomes_listed_in_each_database(tmp_path: Path, columns: str, owners: list[str]) -> None:
    (tmp_path / "people" / "migrations").mkdir(parents=True)
    (tmp_path / "people" / "__init__.py").write_text(ROUTER)
    (tmp_path / "people" / "migrations" / "__init__.py").touch()
    (tmp_path / "people" / "models.py").write_text(USERS.format(columns=columns))
    script = SITE.format(folder=str(tmp_path), before=BEFORE_LISTED)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

    wanted = {alias: [f"{alias} {owner}" for owner in owners] for alias in ("default", "other")}
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert [line for line in lines if line.startswith("live")] == [f"live {wanted['default']}"]
    assert [line for line in lines if line.startswith("now")] == [
        f"now listed {wanted['default']}",
        f"now listed {wanted['other']}",
    ]
    assert [line for line in lines if line.startswith("The rule")] == [
        f"The rule 'in {alias}' of 'https://a' lists from now on: {str(sorted(wanted[alias]))[1:-1]}"
        for alias in ("other", "default")
    ]
