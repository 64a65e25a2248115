"""A real Chromium, an operator who is logged in, and a strict Content-Security-Policy."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client, override_settings
from selenium import webdriver
from selenium.common.exceptions import ElementClickInterceptedException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.admin.conftest import application, issuer, make_user, rule

__all__ = ["application", "issuer", "rule"]

_ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Nothing but the site under test can be reached.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    "--window-size=1280,1000",
]
#: Where screenshots go; nowhere unless it is set.
SCREENSHOTS = os.environ.get("OJG_TEST_SCREENSHOTS")
#: How wide they are, but for those of a narrow screen.
WIDTH = 1400


class Browser:
    """A Chromium that visits the site under test."""

    def __init__(self, driver: webdriver.Chrome, base: str) -> None:
        self.driver = driver
        self.base = base

    def visit(self, path: str) -> None:
        self.driver.get(self.base + path)

    def find(self, selector: str) -> Any:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def find_all(self, selector: str) -> list[Any]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def fill(self, **texts: str) -> None:
        """Write into controls by their names."""
        for name, text in texts.items():
            control = self.find(f'[name="{name}"]')
            control.clear()
            control.send_keys(text)

    def choose(self, name: str, value: str) -> None:
        self.find(f'select[name="{name}"] option[value="{value}"]').click()

    def tick(self, **values: str) -> None:
        """Tick boxes by their names and values."""
        for name, value in values.items():
            self.click(self.find(f'[name="{name}"][value="{value}"]'))

    def submit(self, selector: str) -> None:
        """Click, and wait until the page has been left."""
        self.leave_by(self.find(selector))

    def leave_by(self, button: Any) -> None:
        """Click a link or a button, and wait until the page has been left."""
        page = self.find("html")
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
        self.click(button)
        self.wait_until_gone(page)

    def wait_until_gone(self, page: Any) -> None:
        """Wait until another page has come in the place of ``page``."""
        self.wait(lambda: _is_gone(page))

    def click(self, element: Any) -> None:
        """Click, also where a bar that stays at the edge of the window lies over the element."""
        try:
            element.click()
        except ElementClickInterceptedException:
            element.send_keys(Keys.ENTER)

    def wait(self, condition: Any) -> None:
        from selenium.common.exceptions import WebDriverException
        from selenium.webdriver.support.wait import WebDriverWait

        # A page may give way to the next while it is looked at, which the driver tells in several ways.
        waiting = WebDriverWait(self.driver, 10, ignored_exceptions=[WebDriverException])
        waiting.until(lambda _driver: condition())

    @property
    def text(self) -> str:
        return str(self.find("body").text)

    def shows(self, selector: str) -> bool:
        return any(element.is_displayed() for element in self.find_all(selector))

    @contextmanager
    def scheme(self, name: str) -> Iterator[None]:
        """Prefer ``light`` or ``dark`` meanwhile, as a visitor's system does."""
        media = {"features": [{"name": "prefers-color-scheme", "value": name}]}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        # Django's links take a moment to change their colour.
        self.wait(lambda: not self.driver.execute_script("return document.getAnimations().length"))
        try:
            yield
        finally:
            self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    @contextmanager
    def without_policy(self) -> Iterator[None]:
        """Load pages without their policy meanwhile, for a tool that works with styles of its own."""
        self.driver.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})
        try:
            yield
        finally:
            self.driver.execute_cdp_cmd("Page.setBypassCSP", {"enabled": False})

    def is_of_scheme(self, name: str) -> bool:
        """Whether the page is painted so."""
        colour = self.find("body").value_of_css_property("background-color")
        return (sum(map(int, colour.strip("rgba()").split(",")[:3])) > 3 * 128) is (name == "light")

    def width_of_page(self) -> int:
        """How wide the page is in CSS pixels, with what can only be scrolled to."""
        return int(self.driver.execute_script("return document.documentElement.scrollWidth"))

    def loaded(self) -> list[str]:
        """The URLs of everything that the page has loaded."""
        script = "return performance.getEntriesByType('resource').map((entry) => entry.name)"
        return list(self.driver.execute_script(script))

    def shoot(self, name: str, *, height: int | None = None) -> None:
        """Take a picture of the page, if pictures are wanted."""
        if SCREENSHOTS:
            Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
            full = self.driver.execute_script("return document.documentElement.scrollHeight")
            narrow = self.driver.get_window_size()["width"]
            width = narrow if narrow < 1000 else WIDTH
            self.driver.set_window_size(width, min(height or int(full) + 150, 3000))
            self.driver.save_screenshot(str(Path(SCREENSHOTS) / f"{name}.png"))

    def complaints(self) -> list[str]:
        """What the console has said since the last look: errors, and breaches of the policy."""
        severe = (entry for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE")
        # The test site has no icon, which is its own business.
        return [entry["message"] for entry in severe if "/favicon.ico" not in entry["message"]]


def _is_gone(element: Any) -> bool:
    from selenium.common.exceptions import StaleElementReferenceException

    try:
        element.is_enabled()
    except StaleElementReferenceException:
        return True
    return False


@pytest.fixture(scope="session")
def driver() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = os.environ.get("OJG_TEST_CHROMIUM", "/usr/bin/chromium")
    for argument in _ARGUMENTS:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = Service(os.environ.get("OJG_TEST_CHROMEDRIVER", "/usr/bin/chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def _policy() -> override_settings:
    policy = "tests.browser.policy.ContentSecurityPolicy"
    override = override_settings(MIDDLEWARE=[policy, *django_settings.MIDDLEWARE])
    override.enable()
    return override


@pytest.fixture(scope="session")
def live_server(_policy, live_server):
    """The site, with the policy: it reads ``MIDDLEWARE`` once, when it starts."""
    _policy.disable()
    return live_server


@pytest.fixture(autouse=True)
def _no_vendors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Issuers that are saved have their keys fetched: no test asks the real ones."""
    ask = socket.getaddrinfo

    def getaddrinfo(host, *args, **kwargs):
        if str(host).endswith((".com", ".dev")):
            raise socket.gaierror(socket.EAI_NONAME, "no network in tests")
        return ask(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.fixture
def operator(transactional_db):
    return make_user("operator", is_staff=True, is_superuser=True)


@pytest.fixture
def downloads(browser, tmp_path) -> Iterator[Callable[[], list[Path]]]:
    """Wait for what the browser downloads, and give all of it; it goes into a folder of the test."""
    behaviour = {"behavior": "allow", "downloadPath": str(tmp_path)}
    browser.driver.execute_cdp_cmd("Browser.setDownloadBehavior", behaviour)
    known: set[Path] = set()

    def wait() -> list[Path]:
        # Under way, a file has another name.
        browser.wait(lambda: set(tmp_path.glob("*.json")) - known)
        known.update(tmp_path.glob("*.json"))
        return sorted(known, key=lambda path: path.stat().st_mtime_ns)

    yield wait
    browser.driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "default"})


@pytest.fixture
def browser(driver, live_server, operator) -> Iterator[Browser]:
    driver.set_window_size(1280, 1000)
    driver.get(f"{live_server.url}/static/oauth_jwt_grant/admin/admin.css")
    client = Client()
    client.force_login(operator)
    cookie = client.cookies[django_settings.SESSION_COOKIE_NAME]
    driver.add_cookie({"name": cookie.key, "value": cookie.value, "path": "/"})
    browser = Browser(driver, live_server.url)
    browser.complaints()
    yield browser
    # Whatever a test looked at, the console stayed quiet under the strict policy.
    assert browser.complaints() == []
    driver.delete_all_cookies()
