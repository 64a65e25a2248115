"""Our admin classes on odd sites: each alone, on a site of another name, behind other libraries' classes."""

from __future__ import annotations

import sys
import uuid
from types import ModuleType
from typing import Any, ClassVar

import pytest
from django.contrib import admin
from django.contrib.admin.sites import AdminSite
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget, ManyToManyRawIdWidget
from django.contrib.auth import get_user_model
from django.db import models
from django.forms import CheckboxSelectMultiple
from django.test import Client
from django.urls import include, path
from import_export.admin import ImportExportModelAdmin
from simple_history.admin import SimpleHistoryAdmin

from oauth_jwt_grant.admin import GrantRuleAdmin, TrustedIssuerAdmin
from oauth_jwt_grant.admin.shared import parse_key
from oauth_jwt_grant.models import Decision, GrantRule, LinkedSubject, TrustedIssuer
from tests.admin.conftest import make_user
from tests.support import assert_granted, build_world

MODELS = [TrustedIssuer, GrantRule, LinkedSubject, Decision]
IN_FRONT: dict[str, type | None] = {
    "nothing": None,
    "import-export": ImportExportModelAdmin,
    "history": SimpleHistoryAdmin,
}


def urls(name: str, *patterns: Any) -> str:
    """A URL configuration of that name."""
    module: Any = ModuleType(name)
    module.urlpatterns = [
        *patterns,
        path("o/", include("oauth_jwt_grant.endpoints")),
        path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    ]
    sys.modules[name] = module
    return name


@pytest.fixture
def client(db: None) -> Client:
    """A browser of somebody who may everything, on a site with a row of each model."""
    world = build_world()
    world.rule.conditions.create(claim="a", values=["b"])
    world.post()
    world.rule.conditions.all().delete()
    assert_granted(world.post())
    client = Client()
    client.force_login(make_user("boss", is_staff=True, is_superuser=True))
    return client


# Django 6.1 says so of import-export's own class.
@pytest.mark.filterwarnings("ignore:Overriding get_action")
@pytest.mark.parametrize("in_front", IN_FRONT)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_each_class_alone_on_a_site_of_another_name(
    client: Client, settings: Any, model: Any, in_front: str
) -> None:
    site, ours, theirs = AdminSite(name="elsewhere"), type(admin.site._registry[model]), IN_FRONT[in_front]
    site.register(model, ours if theirs is None else type("Both", (theirs, ours), {}))
    settings.ROOT_URLCONF = urls(f"alone_{model.__name__}_{in_front}", path("elsewhere/", site.urls))
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "import_export", "simple_history"]
    base = f"/elsewhere/oauth_jwt_grant/{model._meta.model_name}/"
    # The history of a model that is not registered with that library is its own affair.
    pages = ["change", "delete", *(["history"] if in_front != "history" else [])]
    for url in ["", "add/", *(f"{row.pk}/{page}/" for row in model.objects.all() for page in pages)]:
        response = client.get(f"{base}{url}")
        # Nobody adds, changes or deletes a decision.
        assert response.status_code == 200 or (model is Decision and response.status_code == 403)
    row = model.objects.first()
    deleted = client.post(f"{base}{row.pk}/delete/", {"post": "yes"})
    # An issuer with good tokens has to be disabled first.
    assert deleted.status_code in (200, 302, 403)


class _Themed(admin.ModelAdmin):  # type: ignore[type-arg]
    """As a theme does it: other widgets by the class of the column, a text field for raw ids."""

    formfield_overrides: ClassVar[Any] = {models.JSONField: {"widget": AdminTextareaWidget}}

    def formfield_for_manytomany(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("widget", AdminTextInputWidget)
        return super().formfield_for_manytomany(db_field, request, **kwargs)


def test_widgets_of_a_theme_do_not_take_the_place_of_ours() -> None:
    site = AdminSite(name="themed")
    request: Any = type("Request", (), {"user": get_user_model()(is_superuser=True, is_staff=True)})()
    fields: dict[str, Any] = {}
    for ours in (TrustedIssuerAdmin, GrantRuleAdmin):
        themed: Any = type("Both", (ours, _Themed), {})
        fields |= themed(ours.form._meta.model, site).get_form(request)().fields
    assert isinstance(fields["algorithms"].widget, CheckboxSelectMultiple)
    assert isinstance(fields["accepted_as"].widget, CheckboxSelectMultiple)
    assert isinstance(fields["applications"].widget, ManyToManyRawIdWidget)


def test_a_class_in_front_does_not_decide_who_may_export(client: Client, settings: Any) -> None:
    ours = type(admin.site._registry[Decision])
    site = AdminSite(name="elsewhere")
    site.register(Decision, type("Both", (ImportExportModelAdmin, ours), {}))
    person = make_user("reader", is_staff=True)
    request: Any = type("Request", (), {"user": person, "method": "GET", "GET": {}})()
    from oauth_jwt_grant.admin.decisions.export import may_export

    assert site._registry[Decision].has_export_permission(request)
    assert not may_export(request, site._registry[Decision])


def test_admindocs_describes_our_models_and_views(client: Client, settings: Any) -> None:
    docs = path("admin/doc/", include("django.contrib.admindocs.urls"))
    settings.ROOT_URLCONF = urls("documented", docs, path("admin/", admin.site.urls))
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django.contrib.admindocs"]
    for page in ("models/", "views/", *(f"models/oauth_jwt_grant.{m._meta.model_name}/" for m in MODELS)):
        assert client.get(f"/admin/doc/{page}").status_code == 200


KEY = uuid.uuid4()


KEYS = [
    (models.UUIDField(), str(KEY), KEY),
    (models.UUIDField(), "1" * 32, uuid.UUID("1" * 32)),
    (models.UUIDField(), "12", None),
    (models.CharField(), "a/b_1", "a/b_1"),
    (models.CharField(), "a\0", None),
    (models.CharField(), "", None),
    (models.BigAutoField(), "12", 12),
    (models.BigAutoField(), "9" * 19, None),
    (models.BigAutoField(), "9" * 5000, None),
    (models.BigAutoField(), "-1", None),
    (models.BigAutoField(), "\u0661", None),
    (models.BigAutoField(), "x", None),
    (models.IntegerField(), "7", 7),
]


@pytest.mark.parametrize(("field", "text", "key"), KEYS, ids=range(len(KEYS)))
@pytest.mark.parametrize("relation", ["application", "user"])
def test_keys_of_any_type(
    monkeypatch: pytest.MonkeyPatch, relation: str, field: Any, text: str, key: Any
) -> None:
    relation_field: Any = Decision._meta.get_field(relation)
    monkeypatch.setitem(vars(relation_field), "foreign_related_fields", (field,))
    monkeypatch.setattr(type(relation_field), "target_field", property(lambda self: field))
    assert parse_key(relation_field, text) == key
