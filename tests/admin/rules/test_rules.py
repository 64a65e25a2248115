"""Rules and conditions in the admin."""

from __future__ import annotations

from django.contrib.admin.sites import site
from django.contrib.auth.models import Group
from django.urls import reverse

from oauth_jwt_grant.models import GrantRule
from tests.admin.conftest import make_user
from tests.admin.forms import fill_in
from tests.support import cases

ADD = reverse("admin:oauth_jwt_grant_grantrule_add")
FORM = "grantrule_form"


def change_url(rule):
    return reverse("admin:oauth_jwt_grant_grantrule_change", args=[rule.pk])


def add(page, issuer, **changes):
    url = f"{ADD}?issuer={issuer.pk}"
    good = {"name": "deploy", "client_policy": "anonymous", "subject_policy": "no_user", "scopes": "read"}
    return page.post(url, fill_in(page.get(url), FORM, **{**good, **changes}))


def condition(claim, operator, values):
    return {
        "conditions-0-claim": claim,
        "conditions-0-operator": operator,
        "conditions-0-values": values,
    }


def test_rule_is_added_with_a_condition_and_one_is_back_at_the_issuer(page, issuer):
    response = add(page, issuer, **condition("repository_owner_id", "equals", "90210"))
    assert response.status_code == 302
    assert response.url == reverse("admin:oauth_jwt_grant_trustedissuer_change", args=[issuer.pk])
    rule = GrantRule.objects.get()
    assert (rule.issuer, rule.resources, rule.recorded_claims) == (issuer, [], [])
    (stored,) = rule.conditions.all()
    assert (stored.claim, stored.operator, stored.values) == ("repository_owner_id", "equals", ["90210"])


@cases(
    ("written", "stored"),
    [
        ("90210", ["90210"]),
        ("one\r\ntwo ", ["one", "two"]),
        ("[90210, true]", [90210, True]),
        ('["[one]"]', ["[one]"]),
        ('[" padded"]', [" padded"]),
    ],
)
def test_values_keep_their_types_and_are_shown_as_they_are_read(page, issuer, written, stored):
    add(page, issuer, **condition("claim", "in", written))
    rule = GrantRule.objects.get()
    assert rule.conditions.get().values == stored
    assert page.post(change_url(rule), fill_in(page.get(change_url(rule)), FORM)).status_code == 302
    assert rule.conditions.get().values == stored


@cases(
    ("given", "words"),
    [
        (condition("ref", "equals", ""), "There must be a value"),
        (condition("ref", "equals", '["a"'), "Not a JSON list"),
        (condition("ref", "equals", "a\nb"), "takes one value"),
        (condition("ref", "glob", "*"), "matches everything"),
        (condition("ref", "exists", "a"), "takes no values"),
        (condition("level", "at_least", "many"), "takes a number"),
        (condition("auth_time", "younger_than", "0"), "seconds above 0"),
        (condition("ref", "same_as", "ref"), "name another one"),
        (condition("/", "exists", ""), "JSON Pointer"),
    ],
)
def test_condition_that_cannot_do_what_is_meant_is_refused(page, issuer, given, words):
    response = add(page, issuer, **given)
    assert response.status_code == 200
    assert words in response.content.decode()
    assert not GrantRule.objects.exists()


@cases(
    ("changes", "field", "words"),
    [
        ({"scopes": " "}, "scopes", "required"),
        ({"default_scopes": "write"}, "default_scopes", "Not among the scopes: write"),
        ({"subject_policy": "service_user"}, "user", "Choose the user"),
        (
            {"subject_policy": "user_field", "user_field": "nonsense"},
            "user_field",
            "the name of a field",
        ),
        ({"resources": "api"}, "resources", "absolute URI"),
    ],
)
def test_rule_that_contradicts_itself_is_refused_at_its_field(page, issuer, changes, field, words):
    response = add(page, issuer, **changes)
    assert words in " ".join(response.context["adminform"].form.errors[field])


def test_rule_that_lists_nobody_says_so(page, issuer, application):
    url = f"{ADD}?issuer={issuer.pk}"
    data = fill_in(page.get(url), FORM, name="one", subject_policy="no_user", scopes="read")
    assert "The rule one lists no application" in page.post(url, data, follow=True).content.decode()
    data |= {"name": "two", "applications": [application.pk]}
    assert "The rule two lists no application" not in page.post(url, data, follow=True).content.decode()
    assert list(GrantRule.objects.get(name="two").applications.all()) == [application]


@cases(
    ("comparison", "written", "stored"),
    [
        ("at_least", "3", [3]),
        ("at_most", "[2.5]", [2.5]),
        ("younger_than", "3600", [3600]),
        ("same_as", "owner", ["owner"]),
        ("none_of", "1\n2", ["1", "2"]),
    ],
)
def test_number_is_one_where_numbers_are_compared(page, issuer, comparison, written, stored):
    assert add(page, issuer, **condition("claim", comparison, written)).status_code == 302
    rule = GrantRule.objects.get()
    assert rule.conditions.get().values == stored
    assert page.post(change_url(rule), fill_in(page.get(change_url(rule)), FORM)).status_code == 302
    assert rule.conditions.get().values == stored


def test_relations_are_chosen_by_search(page, issuer):
    robot = make_user("robot")
    assert "admin-autocomplete" in page.get(ADD).content.decode()
    url = reverse("admin:autocomplete")
    query = {"app_label": "oauth_jwt_grant", "model_name": "grantrule", "field_name": "issuer"}
    (found,) = page.get(url, {**query, "term": issuer.name}).json()["results"]
    assert found["id"] == str(issuer.pk)
    assert add(page, issuer, subject_policy="service_user", user=robot.pk).status_code == 302
    assert GrantRule.objects.get().user == robot


def test_site_whose_application_admin_cannot_be_searched_is_asked_for_ids(page, issuer, monkeypatch):
    application = GrantRule._meta.get_field("default_application").related_model
    monkeypatch.setattr(site._registry[application], "search_fields", ())
    assert "vForeignKeyRawIdAdminField" in page.get(ADD).content.decode()


def test_without_sight_of_issuers_one_stays_among_the_rules(page_of, issuer, rule):
    editor = page_of("view_grantrule", "change_grantrule")
    response = editor.post(change_url(rule), fill_in(editor.get(change_url(rule)), FORM))
    assert response.url == reverse("admin:oauth_jwt_grant_grantrule_changelist")


def test_list_shows_conditions_in_words_with_few_queries(page, issuer, django_assert_max_num_queries):
    for number in range(30):
        rule = GrantRule.objects.create(issuer=issuer, name=f"rule {number}", scopes="read")
        rule.conditions.create(claim="ref", operator="equals", values=["main"])
    with django_assert_max_num_queries(9):
        content = page.get(reverse("admin:oauth_jwt_grant_grantrule_changelist")).content.decode()
    assert content.count("when ref is &#x27;main&#x27;") == 30


def test_doors_are_ticked(page, issuer):
    add(page, issuer)
    assert GrantRule.objects.get().accepted_as == []
    rule = GrantRule.objects.get()
    data = fill_in(page.get(change_url(rule)), FORM, accepted_as=["authorization_grant", "subject_token"])
    assert page.post(change_url(rule), data).status_code == 302
    rule.refresh_from_db()
    assert rule.accepted_as == ["authorization_grant", "subject_token"]
    form = fill_in(page.get(change_url(rule)), FORM)
    assert form["accepted_as"] == ["authorization_grant", "subject_token"]
    shown = page.get(reverse("admin:oauth_jwt_grant_grantrule_changelist")).content.decode()
    assert "subject token of a token exchange (RFC 8693)" in shown


def test_a_door_that_could_never_open_is_refused_at_its_field(page, issuer):
    response = add(page, issuer, accepted_as=["client_assertion"])
    (error,) = response.context["adminform"].form.errors["accepted_as"]
    assert "default application that is confidential" in error
    assert not GrantRule.objects.exists()


def test_doors_are_opened_by_those_who_may_change_issuers(page_of, rule):
    page = page_of("view_trustedissuer", "change_grantrule", "view_grantrule")
    data = fill_in(page.get(change_url(rule)), FORM)
    own = {"accepted_as": ["subject_token"], "groups": [Group.objects.create(name="admins").pk]}
    own["user_fields"] = '{"first_name": "given_name"}'
    assert not own.keys() & data.keys()
    page.post(change_url(rule), {**data, "scopes": "read", **own})
    rule.refresh_from_db()
    assert (rule.scopes, rule.accepted_as, rule.groups.count(), rule.user_fields) == ("read", [], 0, {})


@cases(("entered", "stored"), [("", {}), ('{"last_name": "family_name"}', {"last_name": "family_name"})])
def test_what_a_new_user_gets_is_entered_by_those_who_may_change_issuers(page, rule, entered, stored):
    group = Group.objects.create(name="readers")
    data = fill_in(page.get(change_url(rule)), FORM, user_fields=entered, groups=[group.pk])
    assert page.post(change_url(rule), data).status_code == 302
    rule.refresh_from_db()
    assert (rule.user_fields, list(rule.groups.all())) == (stored, [group])
    refused = page.post(change_url(rule), {**data, "user_fields": '{"is_superuser": "admin"}'})
    assert "it gives rights" in refused.content.decode()
