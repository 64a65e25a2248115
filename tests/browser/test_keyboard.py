"""An issuer is trusted from the admin's index on without a mouse, and the focus can be seen all the way."""

from __future__ import annotations

import json

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from oauth_jwt_grant.models import GrantRule
from tests.support import make_application

from .operator import entry_of

pytestmark = pytest.mark.django_db(transaction=True)
#: Places that are passed over at most on the way to the next.
FAR = 90
#: What the element with the focus looks like, with what is around it, and what it looks like without.
_LOOKS = """
const properties = ["outlineStyle", "outlineWidth", "outlineColor", "boxShadow", "borderTopColor",
                    "borderTopWidth", "backgroundColor", "textDecorationLine", "color"];
const done = arguments[arguments.length - 1];
const focused = document.activeElement;
const around = [];
for (let place = focused; place && around.length < 5; place = place.parentElement) around.push(place);
const look = () => around.map((place) => properties.map((name) => getComputedStyle(place)[name])).join();
const before = look();
const seen = focused.getBoundingClientRect();
const isThere = seen.bottom > 0 && seen.top < innerHeight && seen.width > 1;
focused.blur();
// A script that paints the focus of its own control does so a little later.
setTimeout(() => {
    const isSeen = look() !== before;
    focused.focus();
    done(isThere && isSeen);
}, 30);
"""


class Keyboard:
    """Tab, Enter, Space and what is typed; each place on the way has to show that it has the focus."""

    def __init__(self, browser):
        self.browser = browser
        self.unseen = []
        self.places = 0

    @property
    def here(self):
        return self.browser.driver.switch_to.active_element

    def press(self, *keys):
        ActionChains(self.browser.driver).send_keys(*keys).perform()

    def tab_to(self, is_it):
        for _ in range(FAR):
            self.press(Keys.TAB)
            self._look()
            if is_it(self.here):
                return
        raise AssertionError("the keyboard does not get there")

    def to_field(self, name):
        self.tab_to(lambda element: element.get_attribute("name") == name)

    def go(self, says, key=Keys.ENTER):
        """Get to what ``says`` this in its text, its value or where it leads, and press ``key`` there."""
        self.tab_to(
            lambda element: (
                says in (element.text, element.get_attribute("value"), element.get_dom_attribute("href"))
            )
        )
        page = self.browser.find("html")
        self.press(key)
        self.browser.wait_until_gone(page)

    def _look(self):
        self.places += 1
        if not self.browser.driver.execute_async_script(_LOOKS):
            self.unseen.append(self.here.get_attribute("outerHTML")[:200])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_issuer_is_trusted_from_the_index_on_with_the_keyboard_alone(browser, scheme):
    make_application("deploy-tool", client_type="public", secret="")
    with browser.scheme(scheme):
        browser.visit("/admin/")
        keyboard = Keyboard(browser)
        keyboard.go("/admin/oauth_jwt_grant/trustedissuer/add/")
        keyboard.go("GitHub Actions")
        keyboard.to_field("owner_id")
        keyboard.press("90210")
        keyboard.to_field("repository_id")
        keyboard.press("770123456")
        keyboard.to_field("rule_scopes")
        keyboard.press(Keys.SPACE)
        keyboard.tab_to(lambda element: "select2-search__field" in element.get_attribute("class"))
        keyboard.press("deploy")
        entry_of(browser, "deploy-tool")
        keyboard.press(Keys.ENTER)
        keyboard.go("Trust this issuer", Keys.SPACE)
    assert "GitHub Actions is trusted now." in browser.text
    assert [app.name for app in GrantRule.objects.get().applications.all()] == ["deploy-tool"]
    assert keyboard.places > 20
    assert keyboard.unseen == []


def test_service_account_is_made_and_its_key_rotated_with_the_keyboard_alone(browser, downloads):
    browser.visit("/admin/oauth_jwt_grant/trustedissuer/")
    keyboard = Keyboard(browser)
    keyboard.go("/admin/oauth_jwt_grant/trustedissuer/add/service-account/")
    keyboard.to_field("name")
    keyboard.press("nightly")
    keyboard.to_field("scopes")
    keyboard.press("read")
    keyboard.go("Make service account")
    keyboard.tab_to(lambda element: element.get_attribute("id") == "ojg-download")
    keyboard.press(Keys.ENTER)
    (path,) = downloads()
    keyboard.go("To the service account")
    keyboard.go("../add-key/")
    keyboard.go("Add key")
    keyboard.go("To the service account")
    old = json.loads(path.read_text())["private_key_id"]
    keyboard.go(f"../withdraw-key/?kid={old}")
    keyboard.go("Withdraw", Keys.SPACE)
    assert f"The key {old} is withdrawn." in browser.text
    assert keyboard.unseen == []


def test_focus_that_cannot_be_seen_is_found(browser):
    browser.visit("/admin/")
    # The policy forbids a style in the page; a script may still take the outline away.
    hide = "outline = link.style.textDecoration = 'none'"
    browser.driver.execute_script(f"for (const link of document.links) link.style.{hide}")
    keyboard = Keyboard(browser)
    keyboard.tab_to(lambda element: element.text == "Trusted issuers")
    assert keyboard.unseen
