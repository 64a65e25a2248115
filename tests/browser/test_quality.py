"""Every page of ours: for people with assistive technology, in light and dark, on a narrow screen."""

from __future__ import annotations

import re

import pytest
from django.utils.formats import reset_format_cache

from .axe import findings, needs_axe
from .pages import PAGES, World, make_world

pytestmark = pytest.mark.django_db(transaction=True)
every_page = pytest.mark.parametrize("name", PAGES)


@pytest.fixture
def world(browser) -> World:
    return make_world()


@needs_axe
@every_page
def test_nothing_keeps_people_out(browser, world, name):
    with browser.without_policy():
        PAGES[name](browser, world)
        for scheme in ("light", "dark"):
            with browser.scheme(scheme):
                assert browser.is_of_scheme(scheme)
                found = findings(browser.driver)
            assert not found, "\n".join([f"in {scheme}:", *found])


#: Controls that are cut off by the end of their row.
CUT = """
const right = (element) => element.getBoundingClientRect().right;
return [...document.querySelectorAll(".aligned .form-row :is(input, select, textarea)")]
    .filter((control) => control.offsetParent && right(control) > right(control.closest(".form-row")) + 1)
    .map((control) => control.name);
"""

#: Sections that have no room, as beside something that floats.
SQUEEZED = """
return [...document.querySelectorAll("#content :is(section, fieldset, table, .ojg-report)")]
    .filter((part) => part.checkVisibility() && part.clientWidth < 200)
    .map((part) => part.id || part.className);
"""


@every_page
def test_narrow_screen_needs_no_scrolling_aside(browser, world, name):
    browser.driver.set_window_size(400, 900)
    PAGES[name](browser, world)
    cut = browser.driver.execute_script(CUT)
    browser.shoot(f"narrow-{name}")
    assert browser.driver.execute_script(SQUEEZED) == []
    assert browser.width_of_page() <= 400
    # A page of django-oauth-toolkit's without styles of ours has Django's.
    assert cut == [] or name == "access-token"


#: Of the pages with forms, one of each kind.
_FORMS = ("add-issuer", "issuer", "account", "rule", "preset", "test", "trust-jwt", "import-links")


@pytest.mark.parametrize("name", [*_FORMS, "application"])
def test_form_beside_the_list_of_pages_fits_a_tablet(browser, world, name):
    browser.driver.set_window_size(780, 900)
    PAGES[name](browser, world)
    assert browser.shows("#nav-sidebar")
    assert browser.driver.execute_script(CUT) == []
    for box in browser.find_all(".ojg-keys"):
        assert box.size["width"] >= 200
        assert box.location["x"] + box.size["width"] <= 780
        assert browser.driver.execute_script("return arguments[0].scrollWidth", box) <= box.size["width"]


@pytest.mark.parametrize("name", ["account", "add-key"])
def test_keys_of_an_account_fit_a_narrow_screen(browser, world, name):
    browser.driver.set_window_size(400, 900)
    PAGES[name](browser, world)
    box = browser.find(".ojg-keys")
    wide, shown = (
        browser.driver.execute_script(f"return arguments[0].{n}", box) for n in ("scrollWidth", "clientWidth")
    )
    assert wide <= shown


@every_page
def test_nothing_is_asked_of_anybody_else(browser, world, name):
    PAGES[name](browser, world)
    foreign = [url for url in browser.loaded() if not url.startswith(f"{browser.base}/")]
    assert browser.loaded()
    assert foreign == []


#: The buttons of a page of ours that are painted as those with which Django deletes.
_RED = """
const red = getComputedStyle(document.documentElement).getPropertyValue("--delete-button-bg");
const sample = document.body.appendChild(document.createElement("p"));
sample.style.background = red;
const buttons = document.querySelectorAll(".submit-row :is(button, [type=submit])");
const colour = (element) => getComputedStyle(element).backgroundColor;
return [...buttons].filter((one) => colour(one) === colour(sample)).map((one) => one.value);
"""


@pytest.mark.parametrize(
    ("name", "red"),
    [
        ("disable-and-revoke", ["Disable and revoke"]),
        ("disable-and-revoke-rules", ["Disable and revoke"]),
        ("revoke-counted", ["Revoke"]),
        ("withdraw-key", ["withdraw", "withdraw-and-revoke"]),
        ("withdraw-last-key", []),
        ("from-now-on", []),
    ],
)
def test_red_is_what_cannot_be_undone(browser, world, name, red):
    PAGES[name](browser, world)
    for scheme in ("light", "dark"):
        with browser.scheme(scheme):
            assert browser.driver.execute_script(_RED) == red


@pytest.fixture
def own_forms(settings):
    """The site writes dates and times in forms of its own."""
    settings.FORMAT_MODULE_PATH = "tests.browser.formats"
    reset_format_cache()
    yield
    reset_format_cache()


#: All that a page says, without what is in the boxes of a form.
_SAID = "return document.title + document.querySelector('#container').innerText"
_DATES = re.compile(r"\|\d{1,2}\.\d{1,2}\.\d{4}(?: \d{1,2}\.\d\d)?\|")
_OTHER_DATES = re.compile(r"\d{4}-\d\d|\d/\d|\d:\d\d|[ap]\.m\.|midnight|noon|[A-Z][a-z]{2}\. \d")


def test_times_have_one_form_on_all_pages(browser, world, own_forms):
    found = set()
    for name, way in PAGES.items():
        way(browser, world)
        said, number = _DATES.subn("", browser.driver.execute_script(_SAID))
        assert _OTHER_DATES.findall(said) == [], name
        if number:
            found.add(name)
    shown = {"issuers", "issuer", "issuer-by-certificates", "decisions", "decision-refused", "links"}
    assert found >= {*shown, "account", "withdraw-key", "test-refused", "access-token"}


@needs_axe
def test_findings_are_found(browser, world):
    spoil = "document.querySelector('#content-main').insertAdjacentHTML('beforeend', '<input name=x>')"
    with browser.without_policy():
        PAGES["presets"](browser, world)
        browser.driver.execute_script(spoil)
        assert [found.split()[0] for found in findings(browser.driver)] == ["label"]


def test_console_and_policy_are_watched(browser, world):
    PAGES["issuers"](browser, world)
    browser.driver.execute_script(
        "const image = document.createElement('img');"
        "image.src = 'https://elsewhere.example/x.png'; document.body.append(image);"
    )
    said = []
    browser.wait(lambda: said.extend(browser.complaints()) or said)
    assert "Content Security Policy" in said[0]
