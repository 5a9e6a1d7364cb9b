"""What a reader does on a page, and reads there, as calls of the browser's driver."""

from __future__ import annotations

import shutil

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")


def start(profile):
    """Start the browser with a folder of its own; the caller ends it with ``quit``."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--force-prefers-reduced-motion",
        f"--user-data-dir={profile}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_window_size(1300, 900)
    return driver


def find(browser, selector):
    return browser.find_element("css selector", selector)


def click(browser, selector):
    """Click an element in the middle of the window, where the bar does not lie over it."""
    element = find(browser, selector)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
    element.click()


def texts(browser, selector):
    return browser.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent.trim())", selector
    )


def column(browser, key):
    return browser.execute_script(
        """const th = [...document.querySelectorAll("#table thead th")];
        const at = th.findIndex((e) => e.dataset.key === arguments[0]);
        const rows = [...document.querySelectorAll("#table tbody tr")];
        return rows.map((row) => row.cells[at].innerText.trim())""",
        key,
    )


def numbers(browser, key):
    found = [text.split()[0] for text in column(browser, key)]
    return [float(text) for text in found if text.replace(".", "").isdigit()]


def choose(browser, name, value):
    """Choose an option as a reader does, and wait until the page has answered."""
    from selenium.webdriver.support.ui import Select

    Select(find(browser, f"select[data-state='{name}']")).select_by_value(value)
    settle(browser)


def settle(browser):
    browser.execute_async_script("setTimeout(arguments[0], 20)")


def wait(browser, condition):
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(browser, 20).until(lambda _: condition())


def search(browser, text):
    field = find(browser, "[data-state=q]")
    field.clear()
    field.send_keys(text)
    browser.execute_async_script("setTimeout(arguments[0], 200)")


def count(browser):
    return find(browser, "#count").text
