"""Our pages under a theme that replaces Django's admin templates: nothing of ours is lost."""

from __future__ import annotations

import pytest
from django.conf import settings

from .pages import PAGES, World, make_world

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        "unfold" not in settings.INSTALLED_APPS, reason="not on the stock theme: see tests.browser.unfold_settings"
    ),
]


@pytest.fixture
def world(browser) -> World:
    return make_world()


@pytest.mark.parametrize("name", PAGES)
def test_page(browser, world, name):
    PAGES[name](browser, world)
    browser.shoot(f"unfold-{name}")
    print(browser.text[:3000])
