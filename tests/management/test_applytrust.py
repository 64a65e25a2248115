"""``applytrust`` and ``exporttrust``: plan, refusals, exit statuses, what is written and who did it."""

from __future__ import annotations

import json
import os
import re

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.db import DataError, connection
from django.db.models.signals import post_delete
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.models import ClaimCondition, GrantRule, LinkedSubject, TrustedIssuer
from oauth_jwt_grant.signals import trust_changed
from tests.factories import ec_key, jwks
from tests.management.conftest import Result
from tests.support import build_world, make_application, make_user

pytestmark = pytest.mark.django_db

GOOD = """
# A comment is welcome.
[[issuers]]
issuer = "https://ci.example"
name = "CI"

[[issuers.rules]]
name = "deploy"
scopes = "read"
client_policy = "anonymous"
subject_policy = "no_user"

[[issuers.rules.conditions]]
claim = "repository_id"
values = ["1"]
"""
DRY = "--dry-run"
JWK = jwks(ec_key())["keys"][0]


@pytest.fixture
def apply(run, tmp_path):
    """Apply a text as a file."""

    def _apply(text: str, *arguments: str, meanwhile=None) -> Result:
        """What is ``meanwhile`` happens between the plan, which is printed, and the writing."""
        (tmp_path / "trust.toml").write_text(text, encoding="utf-8")
        return run("applytrust", str(tmp_path / "trust.toml"), *arguments, meanwhile=meanwhile)

    return _apply


def rows() -> list[int]:
    return [model.objects.count() for model in (TrustedIssuer, GrantRule, ClaimCondition, LinkedSubject)]


def test_a_dry_run_prints_the_plan_and_writes_nothing(apply):
    result = apply(GOOD, DRY)
    assert result.status == 2
    assert "+ issuer https://ci.example" in result.out
    assert "+ rule deploy of https://ci.example" in result.out
    assert result.out.endswith("2 to add, 0 to change, 0 to remove.\n")
    assert rows() == [0, 0, 0, 0]


def test_an_apply_writes_what_is_planned_and_once(apply):
    assert apply(GOOD).status == 0
    assert rows() == [1, 1, 1, 0]
    assert apply(GOOD, DRY).status == 0
    assert apply(GOOD).out == "0 to add, 0 to change, 0 to remove.\n"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('scopes = "read"', 'scopes = "read write"', '    scopes: "read" -> "read write"'),
        ('name = "CI"', 'name = "CI"\nenabled = false', "    enabled: true -> false"),
        ('values = ["1"]', "values = [1]", "    conditions: "),
        ('name = "deploy"', 'name = "deploy"\naccess_token_lifetime = ""', "lifetime: 3600 -> null"),
        ('name = "deploy"', 'name = "deploy"\napplications = ["a"]', '    applications: [] -> ["a"]'),
    ],
)
def test_a_change_is_shown_from_what_to_what(apply, old, new, line):
    make_application("a")
    apply(GOOD)
    changed = GOOD.replace(old, new)
    result = apply(changed, DRY)
    assert result.status == 2
    assert line in result.out
    assert result.out.endswith("0 to add, 1 to change, 0 to remove.\n")
    assert apply(changed).status == 0
    assert apply(changed, DRY).status == 0


@pytest.mark.parametrize("value", ["true", "1.5", '"1"'])
def test_the_json_type_of_a_value_counts(apply, value):
    apply(GOOD.replace('["1"]', "[1]"))
    assert apply(GOOD.replace('["1"]', "[1.0]"), DRY).status == 0
    assert apply(GOOD.replace('["1"]', f"[{value}]"), DRY).status == 2


def test_json_has_the_values_before_and_after(apply):
    apply(GOOD)
    result = apply(GOOD.replace('"read"', '"write"'), DRY, "--json")
    (step,) = json.loads(result.out)["changes"]
    assert step["fields"] == {"scopes": {"before": "read", "after": "write"}}
    assert (step["action"], step["kind"], step["issuer"], step["name"]) == (
        *("change", "rule"),
        *("https://ci.example", "deploy"),
    )


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('name = "CI"', 'name = "CI', "line 5, column 11"),
        ("[[issuers]]", "[[issuers", "line 3, column 10"),
        ('name = "CI"', 'nam = "CI"', "[[issuers]] https://ci.example: nam: there is no such key"),
        ("[[issuers]]", "[[issuer]]", "issuer: there is no such key"),
        ('name = "CI"', "", "[[issuers]] https://ci.example: name: "),
        ('name = "CI"', 'name = "${HOME}"', "name: ${HOME}: only variables that begin with TRUST_"),
        ('name = "CI"', 'name = "${TRUST_NOT_SET}"', "name: ${TRUST_NOT_SET}: the variable is not set"),
        ('name = "CI"', 'name = "${TRUST_X"', "name: there is a ${ without its }"),
        ('name = "CI"', 'name = "CI"\nenabled = 1', "enabled: it must be a boolean"),
        ('name = "CI"', 'name = "CI"\nleeway = true', "leeway: it must be a whole number"),
        ('name = "CI"', 'name = "CI"\nvalid_until = "x"', "valid_until: it must be a date and time"),
        ('name = "CI"', 'name = "CI"\nkey_source = "x"', "https://ci.example: key_source: "),
        ('name = "CI"', 'name = "CI"\nrules = 1', "line 8, column"),
        (
            'name = "CI"',
            'name = "CI"\nvalid_from = 2031-01-01T00:00:00Z\nvalid_until = 2030-01-01T00:00:00Z',
            "https://ci.example: The end of the trust must be later than its beginning.",
        ),
        ('scopes = "read"', "", "[[issuers.rules]] deploy of https://ci.example: scopes: "),
        (
            'name = "deploy"',
            'name = "deploy"\napplications = ["x"]',
            "there is no application x",
        ),
        ('name = "deploy"', 'name = "deploy"\nuser = "x"', "deploy of https://ci.example: user: there is no"),
        (
            'name = "deploy"',
            'name = "deploy"\napplications = [{}]',
            "it must be a list of strings",
        ),
        ('values = ["1"]', "values = []", "[[issuers.rules.conditions]] deploy of https://ci.example: "),
        ('values = ["1"]', "values = [2030-01-01]", "values: 2030-01-01 is not a JSON value"),
        ('values = ["1"]', "values = [inf]", "values: inf is not a JSON value"),
        ('values = ["1"]', f"values = {'[' * 9999}{']' * 9999}", "it is nested too deeply"),
        ('name = "CI"', f'name = "CI"\n[issuers.jwks{".a" * 990}]\na = 1', "it is nested too deeply"),
        ('name = "CI"', r'name = "C\u0000I"', "name: it has a NUL"),
        ('values = ["1"]', r'values = ["\u0000"]', "values: it has a NUL"),
        ('name = "deploy"', 'name = "deploy"\nuser = "\\u0000"', "user: it has a NUL"),
        ('name = "deploy"', 'name = "deploy"\nuser = 1', "user: it must be a string, or a list of strings"),
        ('name = "deploy"', 'name = "deploy"\nuser = [["a"]]', "user: it must be a string, or a list of str"),
        ('name = "deploy"', 'name = "deploy"\ngroups = "a"', "groups: it must be a list of strings"),
        (
            'name = "CI"',
            'name = "CI"\nvalid_from = 0001-01-01T00:00:00+14:00',
            "valid_from: it must be a date and time",
        ),
        (
            'name = "CI"',
            'name = "CI"\nvalid_until = 9999-12-31T23:59:59-14:00',
            "valid_until: it must be a date and time",
        ),
        ("[[issuers.rules.cond", "[[issuers.rules]]\n[[issuers.rules.cond", "name: it is missing"),
        ('"anonymous"', '"listed"', "lists no application, so it admits nobody"),
        ('name = "CI"', 'name = "CI"\nlinks = [{subject = "a"}]', "user: it is missing"),
        ('name = "CI"', 'name = "CI"\nlinks = [{subject = "a", user = "b"}]', "user: there is no"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(apply, old, new, says):
    assert old in GOOD
    result = apply(GOOD.replace(old, new), DRY)
    assert result.status == 1
    assert says in result.err
    assert "trust.toml: " in result.err
    assert apply(GOOD.replace(old, new)).status == 1
    assert rows() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("one", "other"),
    [(GOOD, GOOD), (GOOD + GOOD, ""), (GOOD + GOOD[GOOD.index("[[issuers.rules]]") :], "")],
    ids=["two files", "two tables", "two rules"],
)
def test_one_name_twice_is_refused(run, tmp_path, one, other):
    for name, text in (("a.toml", one), ("b.toml", other)):
        (tmp_path / name).write_text(text)
    result = run("applytrust", str(tmp_path / "a.toml"), str(tmp_path / "b.toml"))
    assert result.status == 1
    assert "already" in result.err
    assert rows() == [0, 0, 0, 0]


def test_what_no_row_may_have_is_refused_in_each_row(apply):
    dates = "valid_from = 2031-01-01T00:00:00Z\nvalid_until = 2030-01-01T00:00:00Z"
    one = GOOD.replace('name = "CI"', f'name = "CI"\n{dates}')
    result = apply(one + one.replace("ci.example", "other.example"), DRY)
    assert result.status == 1
    found = [
        line.partition("https://")[2] for line in result.err.splitlines() if "The end of the trust" in line
    ]
    assert [line.partition(":")[0] for line in found] == ["ci.example", "other.example"]


def test_what_is_not_utf_8_is_refused(run, tmp_path):
    (tmp_path / "trust.toml").write_bytes(GOOD.replace("CI", "Café").encode("latin-1"))
    result = run("applytrust", str(tmp_path / "trust.toml"))
    assert result.status == 1
    assert "trust.toml: it is not UTF-8 text" in result.err
    assert rows() == [0, 0, 0, 0]


@pytest.mark.parametrize("place", ['name = "CI"', 'name = "deploy"', 'values = ["1"]'])
def test_a_variable_that_is_not_utf_8_is_refused_in_the_plan(apply, monkeypatch, place):
    monkeypatch.setitem(os.environb, b"TRUST_BYTES", b"a\xff")
    result = apply(GOOD.replace(place, re.sub('".*"', '"${TRUST_BYTES}"', place)), DRY)
    assert result.status == 1
    assert "a variable in it is not UTF-8 text" in result.err


def test_a_file_without_end_is_refused(run):
    for name in ("/dev/zero", "-"):
        result = run("applytrust", name, stdin="#" * ((64 << 20) + 1))
        assert result.status == 1
        assert f"{name}: it is larger than 64 MiB" in result.err


@pytest.mark.parametrize(
    "command",
    ["applytrust --user {} /dev/null", "revoketokens --user {}", "createserviceaccount {} --list-keys"],
)
def test_an_argument_moves_no_cursor_and_need_not_be_utf_8(run, command):
    for odd in ("a\udcff", "a\x1b[31m", "a\u202e"):
        result = run(*command.format(odd).split())
        assert result.status in (1, 2)
        assert result.err
        assert result.err.isprintable()


@pytest.mark.parametrize("form", [json.dumps, lambda jwk: json.dumps({"keys": [jwk]})], ids=["key", "set"])
def test_keys_in_another_form_than_the_stored_one_are_no_change(apply, form):
    text = GOOD.replace('name = "CI"', f'name = "CI"\nkey_source = "inline"\njwks = \'{form(JWK)}\'')
    assert apply(text).status == 0
    assert TrustedIssuer.objects.get().jwks == {"keys": [JWK]}
    assert (apply(text, DRY).status, apply(text).out) == (0, "0 to add, 0 to change, 0 to remove.\n")


@pytest.mark.django_db(transaction=True)
def test_audits_hear_of_each_row_that_is_written_or_removed(apply):
    heard = []

    def written(sender, action, instances, **kwargs):
        assert not connection.in_atomic_block
        found = sender.objects.in_bulk([row.pk for row in instances])
        heard.append((sender.__name__, action, [str(row) for row in found.values()]))

    def removed(sender, instance, **kwargs):
        heard.append((sender.__name__, "removed", [str(instance)]))

    trust_changed.connect(written)
    post_delete.connect(removed, sender=GrantRule)
    try:
        apply(GOOD, DRY)
        assert heard == []
        apply(GOOD)
        assert heard == [("TrustedIssuer", "applied", ["CI"]), ("GrantRule", "applied", ["deploy"])]
        heard.clear()
        apply(GOOD)
        assert heard == []
        apply(GOOD.replace('["1"]', '["2"]'))
        assert heard == [("GrantRule", "applied", ["deploy"])]
        heard.clear()
        apply(GOOD.partition("[[issuers.rules]]")[0], "--prune")
        assert heard == [("GrantRule", "removed", ["deploy"])]
    finally:
        trust_changed.disconnect(written)
        post_delete.disconnect(removed, sender=GrantRule)


def test_an_empty_file_is_no_wish_to_remove_everything(apply, run):
    assert apply(GOOD).status == 0
    made = rows()
    for text in ("", "# nothing"):
        result = apply(text, "--prune")
        assert (result.status, rows()) == (1, made)
        assert result.err.endswith("it has no [[issuers]]; if there are to be none, write: issuers = []")
    assert apply("issuers = []").out == "0 to add, 0 to change, 0 to remove.\n"
    assert (apply("issuers = []", "--prune").status, rows()[0]) == (0, 0)
    assert run("exporttrust").out == "issuers = []\n"


def test_a_character_that_the_database_does_not_have_is_said(apply):
    def refuse(execute, sql, *rest):
        if sql.startswith("INSERT INTO"):
            raise DataError("no equivalent in encoding LATIN1")
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse):
        result = apply(GOOD)
    assert result.status == 1
    assert "Nothing was written: the database cannot store a value: no equivalent in" in result.err
    assert rows() == [0, 0, 0, 0]


def test_a_database_that_returns_no_primary_keys_of_many_rows(apply, monkeypatch):
    if connection.vendor == "postgresql":
        pytest.skip("not on postgresql: it returns them, and has no other way")
    features = type(connection.features)
    monkeypatch.setattr(features, "can_return_rows_from_bulk_insert", False)
    monkeypatch.setattr(features, "can_return_columns_from_insert", False)
    user = make_user()
    links = f'links = [{{subject = "a", user = "{user.get_username()}"}}]'
    text = GOOD.replace('name = "CI"', f'name = "CI"\n{links}')
    assert apply(text, "--user", user.get_username()).status == 0
    assert rows() == [1, 1, 1, 1]
    assert apply(text, DRY).status == 0
    assert list(LogEntry.objects.order_by("pk").values_list("object_id", flat=True)) == [
        str(model.objects.get().pk) for model in (TrustedIssuer, GrantRule, LinkedSubject)
    ]


def test_variables_are_filled_in_and_a_literal_one_stays(apply, monkeypatch):
    monkeypatch.setenv("TRUST_ID", "770123456")
    text = GOOD.replace('"1"', '"${TRUST_ID}"').replace('"CI"', '"$${TRUST_ID}"')
    assert apply(text).status == 0
    assert ClaimCondition.objects.get().values == ["770123456"]
    assert TrustedIssuer.objects.get().name == "${TRUST_ID}"


@pytest.mark.parametrize("arguments", [["/no/such/file"], ["x", "--user", "nobody"], ["x", "--revoke"]])
def test_usage_errors_end_with_1(run, arguments):
    assert run("applytrust", *arguments).status == 1


@pytest.mark.parametrize("arguments", [["--no-such-flag"], ["x", "--user", "nobody"]])
def test_usage_errors_end_with_1_from_a_shell(manage, arguments):
    assert manage("applytrust", *arguments).status == 1


def test_changes_end_with_2_from_a_shell(manage, tmp_path):
    (tmp_path / "trust.toml").write_text(GOOD)
    assert manage("applytrust", str(tmp_path / "trust.toml"), DRY).status == 2


class TestPrune:
    def test_what_no_file_names_stays_without_it(self, apply):
        apply(GOOD)
        TrustedIssuer.objects.create(name="Other", issuer="https://other.example")
        assert apply(GOOD, DRY).status == 0
        result = apply(GOOD, "--prune")
        assert "- issuer https://other.example" in result.out
        assert rows()[:2] == [1, 1]

    def test_rules_go_but_links_only_if_the_file_has_links(self, apply):
        apply(GOOD)
        issuer = TrustedIssuer.objects.get()
        GrantRule.objects.create(issuer=issuer, name="old", scopes="read")
        LinkedSubject.objects.create(issuer=issuer, subject="a", user=make_user())
        assert "- rule old of https://ci.example" in apply(GOOD, "--prune").out
        assert rows() == [1, 1, 1, 1]
        with_links = GOOD.replace('name = "CI"', 'name = "CI"\nlinks = []')
        assert apply(with_links, DRY).status == 0
        assert "- link a of https://ci.example" in apply(with_links, "--prune").out
        assert rows() == [1, 1, 1, 0]

    def test_many_at_once(self, apply):
        """More than a statement takes: each issuer keeps its own rules, and each rule its conditions."""
        names = [f"ci{count}" for count in range(600)]
        texts = {
            name: GOOD.replace("ci.example", f"{name}.example").replace('["1"]', f'["{name}"]')
            for name in names
        }
        assert apply("".join(texts.values())).status == 0
        changed = [text.replace('"repository_id"', '"id"') for text in texts.values()]
        assert apply("".join(changed[1:]), "--prune").status == 0
        found = GrantRule.objects.values_list("issuer__issuer", "conditions__claim", "conditions__values")
        assert sorted(found) == sorted((f"https://{name}.example", "id", [name]) for name in names[1:])

    @pytest.mark.parametrize("revoke", [False, True])
    def test_the_plan_counts_good_tokens_and_revokes_them_on_request(self, apply, revoke):
        world = build_world()
        assert world.post().status_code == 200
        flags = ["--prune", "--revoke"] if revoke else ["--prune"]
        assert "(1 good token)" in apply(GOOD, *flags, DRY).out
        assert apply(GOOD, *flags).status == 0
        assert not TrustedIssuer.objects.filter(pk=world.issuer.pk).exists()
        assert get_access_token_model().objects.exists() is not revoke

    @pytest.mark.parametrize("revoke", [False, True])
    def test_a_link_leaves_the_tokens_of_its_user(self, apply, run, revoke):
        world = build_world()
        assert world.post().status_code == 200
        flags = ["--prune", "--revoke"] if revoke else ["--prune"]
        text = run("exporttrust").out
        text = text.replace("[[issuers]]", "[[issuers]]\nlinks = []")
        shown = apply(text, *flags, "--json", DRY)
        (change,) = json.loads(shown.out)["changes"]
        assert (change["kind"], change["good_tokens"]) == ("link", 1)
        assert "- link alice of" in apply(text, *flags, DRY).out
        assert apply(text, *flags).status == 0
        assert not LinkedSubject.objects.exists()
        assert get_access_token_model().objects.exists() is not revoke


class TestRecord:
    def test_the_user_has_it_in_the_history(self, apply):
        user = make_user()
        apply(GOOD, "--user", user.get_username())
        apply(GOOD.replace('"read"', '"write"'), "--user", user.get_username())
        entries = LogEntry.objects.order_by("pk")
        assert [entry.action_flag for entry in entries] == [1, 1, 2]
        assert {entry.user_id for entry in entries} == {user.pk}
        assert entries[1].object_id == str(GrantRule.objects.get().pk)
        assert 'scopes: "read" -> "write"' in entries[2].change_message

    def test_the_log_has_it_without_one(self, apply, caplog):
        caplog.set_level("INFO", "oauth_jwt_grant.trust")
        apply(GOOD)
        assert "+ rule deploy of https://ci.example" in caplog.text
        assert not LogEntry.objects.exists()

    def test_neither_has_what_was_not_written(self, apply, caplog):
        caplog.set_level("INFO", "oauth_jwt_grant.trust")
        apply(GOOD)
        caplog.clear()
        result = apply(GOOD.replace('"read"', '"write"'), meanwhile=GrantRule.objects.all().delete)
        assert result.status == 1
        assert caplog.text == ""

    def test_a_site_without_the_admin_has_no_history(self, apply, monkeypatch):
        monkeypatch.setattr(apps, "is_installed", lambda name: name != "django.contrib.admin")
        result = apply(GOOD, "--user", make_user().get_username())
        assert result.status == 1
        assert "--user: there is no history" in result.err
        assert rows() == [0, 0, 0, 0]
        assert not LogEntry.objects.exists()


class TestMeanwhile:
    @pytest.mark.parametrize(
        "change",
        [
            lambda rule: GrantRule.objects.update(scopes="admin"),
            lambda rule: TrustedIssuer.objects.update(name="Else"),
            lambda rule: ClaimCondition.objects.all().delete(),
            lambda rule: TrustedIssuer.objects.all().delete(),
            lambda rule: rule.applications.add(make_application()),
            # To Python, 1 is True.
            lambda rule: ClaimCondition.objects.update(values=[1]),
        ],
        ids=["rule", "issuer", "condition", "gone", "application", "type"],
    )
    def test_rows_that_changed_since_the_plan_stop_the_apply(self, apply, change):
        apply(GOOD.replace('["1"]', "[true]"))
        rule = GrantRule.objects.get()
        changed = GOOD.replace('"read"', '"write"').replace('["1"]', "[true]")
        result = apply(changed, meanwhile=lambda: change(rule))
        assert result.status == 1
        assert "no longer as it was" in result.err
        assert not GrantRule.objects.filter(scopes="write").exists()

    def test_an_issuer_that_somebody_else_added_stops_it(self, apply):
        added = {"name": "Late", "issuer": "https://ci.example"}
        assert apply(GOOD, meanwhile=lambda: TrustedIssuer.objects.create(**added)).status == 1
        assert GrantRule.objects.count() == 0


class TestDead:
    def test_only_rows_that_change_are_refused_and_others_reported(self, apply):
        apply(GOOD)
        GrantRule.objects.create(
            issuer=TrustedIssuer.objects.get(), name="dead", scopes="read", subject_policy="no_user"
        )
        result = apply(GOOD.replace('name = "CI"', 'name = "C"'))
        assert result.status == 0
        assert "The rule dead lists no application" in result.err

    def test_trust_can_always_be_taken_away(self, apply):
        apply(GOOD)
        assert apply(GOOD.replace('name = "deploy"', 'name = "deploy"\nenabled = false')).status == 0
        assert not GrantRule.objects.get().enabled

    def test_links_come_after_the_rule_that_needs_them(self, apply):
        assert apply(GOOD.replace('"no_user"', '"linked"')).status == 0

    def test_a_condition_with_null_is_refused_on_save(self):
        condition = ClaimCondition(claim="a", operator="in", values=[{"b": [None]}])
        with pytest.raises(Exception, match="null"):
            condition.clean_fields(exclude=["rule"])

    def test_one_that_is_there_already_cannot_be_exported(self, apply, run):
        apply(GOOD)
        ClaimCondition.objects.update(values=[{"a": None}])
        result = run("exporttrust")
        assert result.status == 1
        assert "https://ci.example" in result.err
        assert "TOML has no form for null" in result.err


PRESET = """
[[issuers]]
preset = "github-actions"
answers = { owner_id = "90210" }

[[issuers.rules]]
answers = { repository_id = "${TRUST_REPOSITORY}", refs = ["refs/heads/main", "refs/heads/b"] }
scopes = "read"
client_policy = "anonymous"

[[issuers.rules.conditions]]
claim = "environment"
values = ["production"]
"""


CLUSTER = """
[[issuers]]
preset = "kubernetes"

[[issuers.rules]]
answers = { issuer = "https://kube.example", namespace = "payments", account = "exporter", \
allow_private_network = false }
scopes = "read"
client_policy = "anonymous"
"""
TWO_CLUSTERS = CLUSTER + CLUSTER[CLUSTER.index("[[issuers.rules]]") :].replace("kube.", "other.")


class TestPreset:
    def test_the_plan_shows_what_it_expands_to(self, apply, monkeypatch):
        monkeypatch.setenv("TRUST_REPOSITORY", "770123456")
        result = apply(PRESET, DRY)
        assert result.status == 2
        assert "+ issuer https://token.actions.githubusercontent.com" in result.out
        assert '"repository_id", "operator": "equals", "values": ["770123456"]' in result.out
        assert apply(PRESET).status == 0
        assert apply(PRESET, DRY).status == 0
        claims = [condition.claim for condition in ClaimCondition.objects.order_by("pk")]
        assert claims[-1] == "environment"
        assert {"repository_owner_id", "repository_id", "ref"} <= set(claims)
        assert GrantRule.objects.get().name

    @pytest.mark.parametrize("ticked", ["true", "false"])
    def test_a_box_is_ticked_by_true(self, apply, ticked):
        assert apply(CLUSTER.replace("false", ticked)).status == 0
        assert TrustedIssuer.objects.get().allow_private_network is (ticked == "true")

    @pytest.mark.parametrize(
        ("old", "new", "says"),
        [
            ("github-actions", "github-action", "did you mean github-actions?"),
            ('preset = "github-actions"', 'issuer = "https://a"\nname = "a"', "answers: to which preset?"),
            ("{ owner_id", "{ owner", "owner: There is no such question."),
            ('"${TRUST_REPOSITORY}"', '""', "repository_id: "),
            ('"${TRUST_REPOSITORY}"', "1", "repository_id: an answer is a string"),
            ("${TRUST_REPOSITORY}", "${HOME}", "only variables that begin with TRUST_"),
            ('answers = { owner_id = "90210" }', "answers = 1", "answers: it must be a table"),
            ("answers = { repository_id", "recorded = { repository_id", "a preset needs a rule with answers"),
            (PRESET, TWO_CLUSTERS, "the answers of its rules make different issuers"),
        ],
    )
    def test_answers_are_checked(self, apply, monkeypatch, old, new, says):
        assert old in PRESET
        monkeypatch.setenv("TRUST_REPOSITORY", "770123456")
        result = apply(PRESET.replace(old, new))
        assert result.status == 1
        assert says in result.err
        assert rows() == [0, 0, 0, 0]
