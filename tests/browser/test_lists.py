"""The four lists fit the screen: nothing has to be scrolled aside, on a wide screen nor on a narrow one."""

from __future__ import annotations

import pytest

from oauth_jwt_grant.models import Decision, LinkedSubject, TrustedIssuer

from .pages import PAGES, World, make_world

pytestmark = pytest.mark.django_db(transaction=True)
LISTS = ("issuers", "rules", "decisions", "links")
#: A wide screen, a small laptop, a tablet on its side and upright, a telephone.
WIDTHS = (1400, 1280, 1024, 780, 400)
_LONG = "https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/v2.0"
_SUBJECT = "repo:acme-industries/website-and-shop:environment:production-eu-central-1"


@pytest.fixture
def world(browser) -> World:
    """A site with names as long as vendors make them."""
    world = make_world()
    partner = TrustedIssuer.objects.filter(pk=world.certified.pk)
    partner.update(name="Partner of the purchasing department", issuer=_LONG)
    world.rule.name = "deploy the website and the shop"
    world.rule.scopes = "accounts:read accounts:write payments:read"
    world.rule.save()
    LinkedSubject.objects.create(issuer=world.certified, subject=_SUBJECT, user=world.link.user)
    Decision.objects.update(iss=_LONG, subject=_SUBJECT, kid="1" * 43, user=world.link.user)
    return world


#: How much wider than its box the list is, and each cell of it that is wider than itself.
_BEYOND = """
const box = document.querySelector("#changelist .results");
const cells = [...box.querySelectorAll("tbody :is(td, th)")];
const cut = cells.filter((cell) => cell.scrollWidth > cell.clientWidth + 1).map((cell) => cell.className);
return [box.scrollWidth - box.clientWidth, cut];
"""


#: In how many lines each time is written, and in how many columns the first row beside its box to tick.
_LINES = """
const times = [...document.querySelectorAll("#result_list tbody time")];
const cells = [...document.querySelectorAll("#result_list tbody tr:first-child > :not(.action-checkbox)")];
const left = (cell) => cell.offsetParent && cell.getBoundingClientRect().left;
return [Math.max(0, ...times.map((time) => time.getClientRects().length)), new Set(cells.map(left)).size];
"""


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", LISTS)
def test_list_fits(browser, world, name, width):
    browser.driver.set_window_size(width, 900)
    PAGES[name](browser, world)
    assert browser.driver.execute_script(_BEYOND) == [0, []]
    assert browser.width_of_page() <= width
    lines, columns = browser.driver.execute_script(_LINES)
    assert lines <= 2
    assert columns >= (2 if width == 400 else 3)
    for scheme in ("light", "dark"):
        with browser.scheme(scheme):
            browser.shoot(f"{name}-{width}-{scheme}")


#: Words of the list that go on in the next line, as if they were too long for one.
_BROKEN = """
const texts = document.createTreeWalker(document.querySelector("#result_list"), NodeFilter.SHOW_TEXT);
const broken = [], place = document.createRange();
while (texts.nextNode()) {
    for (const found of texts.currentNode.data.matchAll(/(?<!\\S)[\\p{L}_]+(?=[,.]?(?!\\S))/gu)) {
        place.setStart(texts.currentNode, found.index);
        place.setEnd(texts.currentNode, found.index + found[0].length);
        if (place.getClientRects().length > 1) broken.push(found[0]);
    }
}
return broken;
"""


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("names", ["short", "long"])
def test_words_stay_whole(request, browser, names, name, width):
    world = make_world() if names == "short" else request.getfixturevalue("world")
    Decision.objects.filter(outcome="refused").update(subject="robot", reason="issuer_misconfigured")
    browser.driver.set_window_size(width, 900)
    PAGES[name](browser, world)
    assert browser.driver.execute_script(_BROKEN) == []
    assert browser.driver.execute_script(_BEYOND) == [0, []]


def test_history_is_read_from_top_to_bottom_on_a_narrow_screen(browser, world):
    browser.driver.set_window_size(400, 900)
    PAGES["history"](browser, world)
    assert [cell.location["x"] for cell in browser.find_all(".ojg-history tbody :is(th, td)")] == [15] * 3
    assert browser.width_of_page() <= 400


_SCROLLED = """
const boxes = [...document.querySelectorAll(arguments[0])];
return [boxes.length > 0, boxes.filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.id)];
"""


@pytest.mark.parametrize(
    ("name", "boxes"),
    [
        ("test-refused", ".ojg-report"),
        ("issuer", ".ojg-keys"),
        ("issuer-by-certificates", ".ojg-keys"),
        ("application", ".ojg-keys"),
        ("import-preview", ".ojg-report"),
        ("issuer", ".inline-group .tabular"),
        ("rule", ".inline-group .tabular"),
    ],
)
def test_narrow_screen_shows_all_columns(browser, world, name, boxes):
    browser.driver.set_window_size(400, 900)
    PAGES[name](browser, world)
    browser.shoot(f"columns-{name}")
    assert browser.driver.execute_script(_SCROLLED, boxes) == [True, []]


#: Cells of the first card, and what the browser writes before each of them.
_CARD = """
const cells = [...document.querySelector(arguments[0] + " tbody tr").cells];
return cells.map((cell) => [getComputedStyle(cell, "::before").content, cell.getBoundingClientRect().left]);
"""


def test_row_of_keys_is_a_card_on_a_narrow_screen(browser, world):
    names = ["Key ID", "Type", "Algorithm", "Use", "Thumbprint", "Last used"]
    for width in (1400, 400):
        browser.driver.set_window_size(width, 900)
        PAGES["issuer"](browser, world)
        card = browser.driver.execute_script(_CARD, ".ojg-keys")
        is_card = width == 400
        assert [said for said, _left in card] == (
            [f'"{name}"' for name in names] if is_card else ["none"] * 6
        )
        assert (len({left for _said, left in card}) == 1) is is_card
