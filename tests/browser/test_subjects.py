"""Linked subjects by the file, and an application's trusted issuers, in a real browser."""

from __future__ import annotations

import time

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from oauth2_provider.models import get_application_model
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from oauth_jwt_grant.models import GrantRule, LinkedSubject, TrustedIssuer
from tests.admin.conftest import make_user
from tests.factories import ISSUER

pytestmark = pytest.mark.django_db(transaction=True)
PREFIX = "admin:oauth_jwt_grant_linkedsubject_"
LIST, IMPORT = reverse(f"{PREFIX}changelist"), reverse(f"{PREFIX}import")
HEAD = "issuer,subject,user\n"
ALICE, BOB = "alice@example.com", "bob@example.com"


@pytest.fixture
def users(issuer):
    make_user("alice")
    return [make_user("bob"), make_user("admin", is_staff=True)]


@pytest.fixture
def file(issuer, users, tmp_path):
    """Links of every kind, in a file with a line that has to be corrected."""
    bob, admin = users
    LinkedSubject.objects.create(issuer=issuer, subject="project-12", user=bob)
    LinkedSubject.objects.create(issuer=issuer, subject="project-16", user=bob)
    lines = [f"project-{number},{(ALICE, BOB)[number % 2]}" for number in range(10, 20)]
    lines += [
        "=HYPERLINK(1),alice@example.com",
        f"root,{admin.get_username()}",
        "M\u00fcller,alice@exampel.com",
    ]
    path = tmp_path / "links.csv"
    path.write_text(HEAD + "".join(f"{ISSUER},{line}\n" for line in lines), encoding="utf-8")
    return path


def widths(browser):
    return browser.driver.execute_script(
        "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )


def dark(browser, on=True):
    features = [{"name": "prefers-color-scheme", "value": "dark"}] if on else []
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def upload(browser, file):
    browser.visit(IMPORT)
    browser.find('[name="file"]').send_keys(str(file))
    browser.submit("#import_form [type=submit]")


def test_file_is_previewed_mended_in_place_and_imported(browser, file):
    browser.visit(LIST)
    browser.submit(f'a[href="{IMPORT}"]')
    browser.shoot("import-subjects-empty", height=760)
    upload(browser, file)
    assert "There is no user alice@exampel.com." in browser.text
    assert not browser.find_all("#confirm_form")
    browser.shoot("import-subjects-error")
    text = browser.find('[name="text"]')
    corrected = text.get_attribute("value").replace("exampel", "example")
    text.clear()
    browser.driver.execute_script("arguments[0].value = arguments[1]", text, corrected)
    browser.submit("#import_form [type=submit]")
    assert "Import 13 links" in browser.find("#confirm_form [type=submit]").get_attribute("value")
    browser.driver.set_window_size(1280, 1000)
    browser.shoot("import-subjects", height=1000)
    browser.submit("#confirm_form [type=submit]")
    assert "2 subjects are linked to other users" in browser.text
    browser.find('[name="replace"]').click()
    browser.submit("#confirm_form [type=submit]")
    assert "Imported. Added: 11, replaced: 2, unchanged: 0." in browser.text
    browser.driver.set_window_size(1280, 1000)
    browser.shoot("linked-subjects", height=900)
    assert LinkedSubject.objects.count() == 13
    assert LinkedSubject.objects.filter(subject="M\u00fcller").exists()


def test_import_is_done_with_the_keyboard_alone(browser, users):
    browser.visit(IMPORT)
    browser.find("h2").click()

    def press(*keys):
        ActionChains(browser.driver).send_keys(*keys).perform()

    def tab_to(name, most=60):
        for _ in range(most):
            press(Keys.TAB)
            if browser.driver.switch_to.active_element.get_attribute(name[0]) == name[1]:
                return
        raise AssertionError(f"the keyboard does not get to {name}")

    tab_to(("name", "text"))
    press(f"issuer;subject;user\n{ISSUER};robot;{ALICE}\n", Keys.TAB, Keys.ENTER)
    browser.wait(lambda: browser.find_all("#confirm_form"))
    tab_to(("value", "Import 1 link"))
    press(Keys.ENTER)
    browser.wait(lambda: browser.find_all("#result_list"))
    assert "Added: 1" in browser.text
    assert LinkedSubject.objects.get().subject == "robot"


def test_export_is_downloaded_and_imported_unchanged(browser, issuer, users, tmp_path):
    subjects = ["=1+1", "'=1", "+1", "-1", "@x", "''", "\u00fc", "a,b;=c"]
    for subject in subjects:
        LinkedSubject.objects.create(issuer=issuer, subject=subject, user=users[0])
    browser.driver.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    browser.visit(LIST)
    browser.driver.find_element(By.LINK_TEXT, "EXPORT").click()
    path = tmp_path / "linked-subjects.csv"
    browser.wait(path.exists)
    time.sleep(0.2)
    upload(browser, path)
    assert "Everything is so already" in browser.text
    assert browser.find_all(".ojg-table td")[-1].text == str(len(subjects))


@pytest.fixture
def trust(issuer, rule, application):
    """An application with rules of several issuers."""
    GrantRule.objects.filter(pk=rule.pk).update(default_application=application)
    github = TrustedIssuer.objects.create(
        name="GitHub Actions", issuer="https://token.actions.githubusercontent.com", key_source="discovery"
    )
    deploy = github.rules.create(name="deploy", subject_policy="no_user", scopes="write")
    deploy.applications.add(application)
    deploy.conditions.create(claim="repository_id", operator="equals", values=["770123456"])
    deploy.conditions.create(claim="ref", operator="in", values=["refs/heads/main", "refs/heads/stable"])
    read = github.rules.create(name="read", scopes="read", enabled=False)
    read.applications.add(application)
    old = TrustedIssuer.objects.create(name="Old partner", issuer="https://old.example", enabled=False)
    old.rules.create(name="all", scopes="read").applications.add(application)
    return application


def application_url(application):
    meta = get_application_model()._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[application.pk])


def test_application_tells_whose_assertions_it_may_present(browser, trust):
    browser.visit(application_url(trust))
    table = browser.find(".field-jwt_bearer_trust table")
    assert "when repository_id is '770123456'" in table.text
    assert len(table.find_elements(By.CSS_SELECTOR, "tbody tr")) == 4
    browser.driver.set_window_size(1280, 860)
    browser.driver.execute_script("window.scrollTo(0, document.body.scrollHeight)")
    browser.shoot("application", height=860)
    table.find_element(By.LINK_TEXT, "GitHub Actions").click()
    browser.wait(lambda: "trustedissuer" in browser.driver.current_url)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_narrow_screen_needs_no_scrolling_aside(browser, file, trust, mode):
    dark(browser, mode == "dark")
    try:
        for name, path in (("list", LIST), ("import", IMPORT), ("application", application_url(trust))):
            browser.driver.set_window_size(400, 900)
            browser.visit(path)
            wide, seen = widths(browser)
            browser.shoot(f"narrow-{mode}-{name}")
            assert wide <= seen, name
        browser.driver.set_window_size(400, 900)
        upload(browser, file)
        wide, seen = widths(browser)
        browser.shoot(f"narrow-{mode}-preview")
        assert wide <= seen
    finally:
        dark(browser, on=False)


def test_dark_mode_darkens_the_preview_too(browser, file):
    dark(browser)
    try:
        upload(browser, file)
        cell = browser.find(".ojg-lines td")
        colour, page = (
            cell.value_of_css_property("color"),
            browser.find("body").value_of_css_property("background-color"),
        )
        browser.shoot("dark-import")
    finally:
        dark(browser, on=False)
    light, darkness = (
        sum(map(int, value[value.index("(") + 1 : -1].split(",")[:3])) for value in (colour, page)
    )
    assert light - darkness > 300
    assert get_user_model().objects.count() == 4
