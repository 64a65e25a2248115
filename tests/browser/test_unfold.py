"""Our pages under a theme that puts its own templates in the place of Django's: nothing of ours is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from selenium.webdriver.common.keys import Keys

from oauth_jwt_grant.models import Decision, TrustedIssuer

from .pages import PAGES, World, make_world
from .test_quality import CUT

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        "unfold" not in settings.INSTALLED_APPS,
        reason="not on the stock theme: see tests.browser.unfold_settings",
    ),
]
TOOLS = ('a[href$="/test-assertion/"]', 'a[href$="/revoke-tokens/"]', 'a[href*="/grantrule/add/?issuer="]')
#: What has to be there of ours, by page; on every page a heading or a control of ours is looked at anyway.
BLOCKS = {
    "issuers": (
        ".field-state .ojg-ok",
        ".field-keys .ojg-not-reached",
        ".ojg-mark",
        'a[href$="/add/service-account/"]',
        TOOLS[0],
        ".field-refused a",
    ),
    "presets": ('.ojg-presets a[href$="/github-actions/"]',),
    "preset": ('[name="owner_id"]', '[name="rule_scopes"]', "#preset_form [type=submit]"),
    "preset-with-keys": ('textarea[name="jwks"]',),
    "preset-with-errors": (".field-rule_scopes .errorlist",),
    "add-issuer": ('[name="key_source"]', '[name="algorithms"]'),
    "issuer": (".ojg-keys .ojg-table code", *TOOLS, ".field-in_words"),
    "issuer-by-discovery": (".ojg-keys button", "#ojg-fetch-keys [name=csrfmiddlewaretoken]", ".ojg-advice"),
    "issuer-by-certificates": (".ojg-keys .ojg-table code",),
    "issuer-with-errors": ('[name="issuer"]',),
    "revoke": ('[name="which"]', "#revoke_tokens_form [type=submit]"),
    "revoke-counted": (".ojg-counts", ".ojg-danger"),
    "test": ('[name="assertion"]', "#test_assertion_form [type=submit]"),
    "test-refused": (".ojg-verdict .ojg-off", ".ojg-row-off", ".ojg-members"),
    "test-accepted": (".ojg-verdict .ojg-ok", ".ojg-row-ok"),
    "test-malformed": (".ojg-verdict .ojg-off",),
    "rule": ('[name="conditions-0-claim"][aria-label]',),
    "add-account": ('[name="name"]', '[name="token_uri"]', "#account_form [type=submit]"),
    "add-account-with-errors": (".field-scopes .errorlist",),
    "key-file": ("#ojg-download", "#ojg-key-file", ".ojg-report li"),
    "account": ('.ojg-keys a[href="../add-key/"]', '.ojg-keys a[href^="../withdraw-key/"]'),
    "add-key": (".ojg-keys tbody td", "#add_key_form [type=submit]"),
    "further-key-file": ("#ojg-key-file",),
    "withdraw-key": ('[name="do"][value="withdraw"]', '[name="do"][value="withdraw-and-revoke"]'),
    "withdraw-last-key": ('[name="do"][value="disable"]',),
    "delete-account": (".ojg-stays a",),
    "decisions": ("#changelist .ojg-chart .ojg-bars", "#ojg-export button"),
    "import-preview": ("#confirm_form [type=submit]", ".ojg-lines .ojg-ok"),
    "application": (".ojg-keys a",),
    "access-token": ('#content a[href*="/decision/"]',),
    "decision-refused": ('a[href*="/test-assertion/?decision="]',),
}
#: Run from the theme's own bar, which shows its button for its own ``ModelAdmin`` alone.
OF_THE_BAR = ("disable-and-revoke", "disable-and-revoke-rules")


@pytest.fixture
def world(browser) -> Iterator[World]:
    # The theme itself needs styles and scripts that the strict policy forbids.
    with browser.without_policy():
        yield make_world()


@pytest.mark.parametrize("name", [name for name in PAGES if name not in OF_THE_BAR])
def test_everything_of_ours_is_there(browser, world, name):
    PAGES[name](browser, world)
    browser.shoot(f"unfold-{name}")
    missing = [
        block for block in BLOCKS.get(name, ("#content-main, #content",)) if not browser.find_all(block)
    ]
    assert missing == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_controls_can_be_seen(browser, world, scheme):
    with browser.scheme(scheme):
        PAGES["preset"](browser, world)
        style = browser.find('[name="owner_id"]').value_of_css_property
        assert style("border-top-style") == "solid"
        assert style("border-top-width") != "0px"


@pytest.mark.parametrize("name", ["preset", "trust-jwt", "test-refused", "withdraw-key", "add-account"])
def test_our_own_pages_fit_a_narrow_screen(browser, world, name):
    browser.driver.set_window_size(400, 900)
    PAGES[name](browser, world)
    assert browser.width_of_page() <= 400
    assert browser.driver.execute_script(CUT) == []


#: Whether there are cells, and how many of them have text that is cut off below or at the right.
_CUT_CELLS = """
const cells = [...document.querySelectorAll(":is(#result_list, .ojg-history) tbody :is(td, th)")];
const right = (cell) => cell.getBoundingClientRect().right;
const cut = cells.filter((cell) => cell.scrollHeight > cell.clientHeight + 1 || right(cell) > innerWidth);
return [cells.length > 0, cut.length];
"""


@pytest.mark.parametrize("name", ["issuers", "decisions", "history"])
def test_rows_show_all_their_text_on_a_narrow_screen(browser, world, name):
    Decision.objects.update(
        subject="repo:acme-industries/website-and-shop:environment:production-eu-central-1"
    )
    browser.driver.set_window_size(400, 900)
    PAGES[name](browser, world)
    assert browser.driver.execute_script(_CUT_CELLS) == [True, 0]


def test_tables_and_buttons_are_no_bare_ones(browser, world):
    PAGES["test-refused"](browser, world)
    head = browser.find(".ojg-steps tbody th").value_of_css_property
    assert (head("text-align"), head("vertical-align")) == ("start", "top")
    button = browser.find("#test_assertion_form [type=submit]").value_of_css_property
    assert button("background-color") != browser.find("body").value_of_css_property("background-color")
    assert button("background-color") != "rgba(0, 0, 0, 0)"


def test_issuer_is_trusted_by_a_preset(browser, world):
    PAGES["preset"](browser, world)
    browser.fill(owner_id="90210", repository_id="770123456")
    browser.tick(rule_scopes="read")
    browser.find('[name="owner_id"]').send_keys(Keys.ENTER)
    browser.wait(lambda: "has one rule more now" in browser.text)
    assert "repository_id is '770123456'" in browser.text


def test_bar_of_the_theme_runs_our_actions_where_a_site_mixes_its_class_in(browser, world):
    browser.visit("/themed/oauth_jwt_grant/trustedissuer/")
    browser.find("#action-toggle").click()
    browser.choose("action", "disable_and_revoke")
    browser.wait(lambda: browser.shows('button[name="index"]'))
    browser.submit('button[name="index"]')
    assert "1 token will be revoked" in browser.text
    browser.submit(".ojg-danger")
    assert not TrustedIssuer.objects.filter(enabled=True).exists()


THEMED = "/themed/oauth_jwt_grant"


def test_issuer_and_rule_are_saved_where_a_site_mixes_its_class_in(browser, world):
    browser.visit(f"{THEMED}/trustedissuer/{world.lone_account.pk}/change/")
    browser.shoot("unfold-themed-issuer")
    assert browser.shows('[name="jwks"]')
    assert not browser.shows('[name="jwks_url"]')
    browser.find('[name="algorithms"][value="ES256"]').send_keys(Keys.SPACE)
    browser.submit('[name="_continue"]')
    world.lone_account.refresh_from_db()
    assert "ES256" in world.lone_account.algorithms
    browser.visit(f"{THEMED}/grantrule/{world.rule.pk}/change/")
    browser.shoot("unfold-themed-rule")
    assert not browser.shows('[name="user_field"]')
    browser.find('[name="accepted_as"][value="subject_token"]').send_keys(Keys.SPACE)
    browser.submit('[name="_continue"]')
    world.rule.refresh_from_db()
    assert "subject_token" in world.rule.accepted_as


@pytest.mark.parametrize("width", [1400, 400])
def test_pages_fit_where_a_site_mixes_its_class_in(browser, world, width):
    browser.driver.set_window_size(width, 900)
    wide = []
    pages = [f"trustedissuer/{world.issuer.pk}/change/", f"grantrule/{world.rule.pk}/change/"]
    for page in ("trustedissuer/", "grantrule/", "decision/", "linkedsubject/", *pages):
        browser.visit(f"{THEMED}/{page}")
        browser.shoot(f"unfold-themed-{width}-{page.replace('/', '-')}")
        assert browser.find_all("#content-main, #content, #changelist, form")
        if browser.width_of_page() > width:
            wide.append((page, browser.width_of_page()))
    assert wide == []
