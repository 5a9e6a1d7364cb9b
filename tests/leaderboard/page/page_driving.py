"""What a reader does on a page, and reads there, as calls of the browser's driver."""

from __future__ import annotations

import shutil

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")

EVERY_PAIR = """
const [a, b] = ["a", "b"].map((name) => document.querySelector(`select[data-state='${name}']`));
const found = [];
for (const { value: one } of a.options) {
  a.value = one;
  a.dispatchEvent(new Event("change"));
  for (const { value: other } of b.options) {
    b.value = other;
    b.dispatchEvent(new Event("change"));
    for (const cell of document.querySelectorAll("#duel td, #verdict"))
      if (/aN|undefined|null/.test(cell.textContent)) found.push([one, other, cell.textContent]);
  }
}
return found;
"""
"""Texts of the head to head of every two methods that no reader should see."""

CONTRAST = """
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const rgba = (color) => {
  canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
  return canvas.getImageData(0, 0, 1, 1).data;
};
const light = (c) => [0.2126, 0.7152, 0.0722].reduce((sum, w, i) => {
  const x = c[i] / 255; return sum + w * (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
}, 0);
const bad = new Map();
for (const element of document.querySelectorAll("body *")) {
  const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  if (!own || !element.checkVisibility() || element.closest("svg, .sr, option")) continue;
  const style = getComputedStyle(element);
  let ground = element;
  while (ground && rgba(getComputedStyle(ground).backgroundColor)[3] < 255) ground = ground.parentElement;
  const { backgroundColor } = getComputedStyle(ground ?? document.body);
  const [a, b] = [style.color, backgroundColor].map((c) => light(rgba(c)));
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const name = `${element.tagName}.${element.className}`;
  if (ratio < 4.5) bad.set(name, `${ratio.toFixed(2)} ${element.textContent}`);
}
return [...bad];
"""
"""What stands out from its ground by less than WCAG AA asks for."""


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
