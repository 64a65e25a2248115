"""A service account from its first key to its second, as its operator and its program meet it."""

from __future__ import annotations

import json

import pytest
import requests
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2 import service_account
from selenium.webdriver.common.keys import Keys

from oauth_jwt_grant.models import Decision, TrustedIssuer
from oauth_jwt_grant.service_accounts import add_key, create_service_account

pytestmark = pytest.mark.django_db(transaction=True)
ADD = reverse("admin:oauth_jwt_grant_trustedissuer_add_account")
BUTTON = "#account_form [type=submit]"


@pytest.fixture
def there(browser, settings):
    """The token endpoint of the running site, which the settings tell."""
    settings.OAUTH_JWT_GRANT = {"AUDIENCES": [browser.base, f"{browser.base}/o/token/"]}


def download(browser, downloads):
    """Click the button, and give the file that comes."""
    browser.find("#ojg-download").click()
    path = downloads()[-1]
    assert path.name == browser.find("#ojg-key-file").get_attribute("data-name")
    assert path.read_text() == browser.find("#ojg-key-file").get_attribute("value")
    return path


def token_by(path, scopes=("read",)):
    """What Google's library gets with a key file, as it stands."""
    credentials = service_account.Credentials.from_service_account_file(str(path), scopes=list(scopes))
    credentials.refresh(Request())
    return credentials.token


def ask_api(browser, token):
    return requests.get(f"{browser.base}/api/", headers={"Authorization": f"Bearer {token}"}, timeout=30)


def row_of(browser, kid):
    return next(row for row in browser.find_all(".ojg-keys tbody tr") if kid in row.text)


@pytest.mark.usefixtures("there")
def test_account_is_made_used_and_its_key_rotated(browser, downloads):
    browser.visit(reverse("admin:oauth_jwt_grant_trustedissuer_changelist"))
    browser.leave_by(browser.find(f'.object-tools a[href="{ADD}"]'))
    browser.fill(name="nightly", scopes="read write")
    browser.submit(BUTTON)
    browser.shoot("key-file", height=1080)
    old = download(browser, downloads)
    old_kid = json.loads(old.read_text())["private_key_id"]
    answer = ask_api(browser, token_by(old)).json()
    assert answer["scope"] == "read"
    assert answer["user"] == json.loads(old.read_text())["client_email"]

    browser.leave_by(browser.find(".submit-row .closelink"))
    browser.leave_by(browser.find('.ojg-keys a[href="../add-key/"]'))
    browser.shoot("add-key", height=500)
    browser.submit("#add_key_form [type=submit]")
    new = download(browser, downloads)
    new_kid = json.loads(new.read_text())["private_key_id"]
    browser.leave_by(browser.find(".submit-row .closelink"))
    assert "never used" in row_of(browser, new_kid).text
    assert "not in the last 90 days" not in row_of(browser, old_kid).text
    token_by(new)
    browser.driver.refresh()
    assert "not in the last 90 days" not in row_of(browser, new_kid).text

    browser.leave_by(row_of(browser, old_kid).find_element("css selector", "a"))
    assert "Make sure that every program has its new key file" in browser.text
    browser.shoot("withdraw-key", height=700)
    browser.submit('[name="do"][value="withdraw"]')
    assert f"The key {old_kid} is withdrawn." in browser.text
    with pytest.raises(RefreshError, match="invalid_grant"):
        token_by(old)
    assert ask_api(browser, token_by(new)).status_code == 200
    browser.leave_by(row_of(browser, new_kid).find_element("css selector", "a"))
    browser.shoot("withdraw-last-key", height=700)
    browser.submit('[name="do"][value="disable"]')
    with pytest.raises(RefreshError, match="invalid_grant"):
        token_by(new)


@pytest.mark.usefixtures("there")
def test_key_is_gone_with_its_page(browser):
    browser.visit(ADD)
    browser.fill(name="nightly", scopes="read")
    browser.submit(BUTTON)
    key = browser.find("#ojg-key-file").get_attribute("value")
    assert "PRIVATE KEY" in key
    browser.leave_by(browser.find(".submit-row .closelink"))
    assert "PRIVATE KEY" not in browser.driver.page_source
    browser.driver.back()
    # Whatever the browser makes of it, an empty page or the question whether to post again: no key.
    assert "PRIVATE KEY" not in browser.driver.page_source
    assert TrustedIssuer.objects.count() == 1
    assert get_user_model().objects.count() == 2


@pytest.mark.usefixtures("there")
def test_reloaded_page_makes_no_second_account_and_no_second_key(browser):
    browser.visit(ADD)
    browser.fill(name="nightly", scopes="read")
    browser.submit(BUTTON)
    browser.driver.refresh()
    assert "already" in browser.find(".field-name .errorlist").text
    assert "PRIVATE KEY" not in browser.driver.page_source
    account = TrustedIssuer.objects.get()
    browser.visit(reverse("admin:oauth_jwt_grant_trustedissuer_add_key", args=[account.pk]))
    browser.submit("#add_key_form [type=submit]")
    browser.driver.refresh()
    assert "have been changed meanwhile" in browser.find(".errornote").text
    account.refresh_from_db()
    assert len(account.jwks["keys"]) == 2


def test_second_click_is_none(browser):
    browser.visit(ADD)
    browser.fill(name="nightly", scopes="read write")
    browser.shoot("add-service-account", height=880)
    page = browser.find("html")
    # The second while the answer to the first is on its way.
    twice = "const button = arguments[0]; button.click(); setTimeout(() => button.click(), 20);"
    browser.driver.execute_script(twice, browser.find(BUTTON))
    browser.wait_until_gone(page)
    assert "PRIVATE KEY" in browser.find("#ojg-key-file").get_attribute("value")
    # Back at the form, which the browser may have kept as it was left, it can be sent again.
    browser.driver.back()
    assert browser.find(BUTTON).is_enabled()


@pytest.mark.usefixtures("there")
def test_without_scripts_the_key_can_be_selected(browser):
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.visit(ADD)
        browser.fill(name="nightly", scopes="read")
        browser.find('[name="name"]').send_keys(Keys.ENTER)
        browser.wait(lambda: browser.find_all("#ojg-key-file"))
        assert not browser.shows("#ojg-download")
        assert json.loads(browser.find("#ojg-key-file").get_attribute("value"))["type"] == "service_account"
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_page_of_an_account_shows_its_keys(browser):
    old = create_service_account("nightly", scopes="read write")
    new = add_key("nightly")
    Decision.objects.create(
        outcome="accepted", issuer=old.issuer, iss=old.issuer.issuer, kid=old.kid, time=timezone.now()
    )
    browser.visit(reverse("admin:oauth_jwt_grant_trustedissuer_change", args=[old.issuer.pk]))
    rows = browser.find_all(".ojg-keys tbody tr")
    assert [new.kid in rows[1].text, old.kid in rows[0].text] == [True, True]
    # Words and dates are whole.
    lines = "return arguments[0].getClientRects().length"
    assert {browser.driver.execute_script(lines, row.find_element("css selector", "a")) for row in rows} == {
        1
    }
    browser.shoot("service-account", height=980)


@pytest.mark.usefixtures("there")
def test_key_page_in_dark(browser):
    with browser.scheme("dark"):
        browser.visit(ADD)
        browser.fill(name="nightly", scopes="read")
        browser.submit(BUTTON)
        area = browser.find("#ojg-key-file")
        colours = [area.value_of_css_property(name) for name in ("color", "background-color")]
        browser.shoot("key-file-dark", height=900)
    light, dark = (sum(map(int, colour.strip("rgba()").split(",")[:3])) for colour in colours)
    assert light - dark > 300
