"""The page in a browser: what a reader clicks, types and links to. Skipped where there is no Chromium."""

from __future__ import annotations

import fake_board
import pytest
from page_driving import (
    BROWSER,
    CONTRAST,
    DRIVER,
    EVERY_PAIR,
    choose,
    click,
    column,
    count,
    find,
    numbers,
    search,
    settle,
    start,
    texts,
    wait,
)
from test_page_render import HOSTILE, SVG, hostile_board

from leaderboard.page import Plot, build, render

pytestmark = [
    pytest.mark.skipif(not BROWSER, reason="needs Chromium: apt-get install chromium"),
    pytest.mark.skipif(not DRIVER, reason="needs chromedriver: apt-get install chromium-driver"),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    pytest.importorskip("selenium", reason="needs selenium: pip install selenium")
    driver = start(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Return the addresses of pages, by name."""
    folder = tmp_path_factory.mktemp("pages")
    plots = [Plot("one", "First", "A line goes up.", SVG)]
    board = fake_board.make(n_features=2)
    several = fake_board.make(n_tasks=2, n_features=2, n_methods=8, labels=(25, 100))
    texts = {
        "plain": render(board, plots),
        "labels": render(several),
        "hostile": render(hostile_board(), plots, HOSTILE),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "ROWS_AT_ONCE", 30)
        # The script's own limit is the same number; the test above this one holds them together.
        script = build._asset("page.js").replace("PAGE = 2000;", "PAGE = 30;")
        whole = build._asset
        patch.setattr(build, "_asset", lambda name: script if name == "page.js" else whole(name))
        texts["long"] = render(board)
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in texts}


@pytest.fixture
def open_page(browser, pages):
    """Return a function that opens a page afresh; nothing may be in the console at the end of a test."""

    def open_(name="plain", anchor=""):
        browser.get("about:blank")
        browser.get(pages[name] + anchor)
        return browser

    yield open_
    assert browser.get_log("browser") == []


def test_opens_whole(open_page):
    browser = open_page()
    assert browser.title == "AutoWS Bench leaderboard"
    assert count(browser) == "All 80 rows"
    assert browser.execute_script("return document.querySelectorAll('.standing.on').length") == 1
    without = "return [...document.querySelectorAll('svg')].filter((s) => !s.querySelector('title')).length"
    assert browser.execute_script(without) == 0
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0


def test_click_sorts_and_says_so(open_page):
    browser = open_page()
    given = column(browser, "method")
    head = find(browser, "th[data-key=accuracy]")
    click(browser, "th[data-key=accuracy] button")
    assert head.get_attribute("aria-sort") == "descending"
    found = numbers(browser, "accuracy")
    assert found == sorted(found, reverse=True)
    # Without a result comes last both ways.
    assert column(browser, "accuracy")[-1] in ("skipped", "timeout")
    click(browser, "th[data-key=accuracy] button")
    assert head.get_attribute("aria-sort") == "ascending"
    assert numbers(browser, "accuracy") == sorted(found)
    assert column(browser, "accuracy")[-1] in ("skipped", "timeout")
    click(browser, "th[data-key=accuracy] button")
    assert head.get_attribute("aria-sort") == "none"
    assert column(browser, "method") == given


def test_keyboard_sorts(open_page):
    from selenium.webdriver.common.keys import Keys

    browser = open_page()
    head = find(browser, "th[data-key=method]")
    button = head.find_element("css selector", "button")
    browser.execute_script("arguments[0].focus()", button)
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert head.get_attribute("aria-sort") == "ascending"
    # The order of brackets and letters is the browser's; a name stands beside its variants in any case.
    found = [text.split("\n")[0].split(" (")[0].split("[")[0] for text in column(browser, "method")]
    assert found == sorted(found)
    browser.switch_to.active_element.send_keys(Keys.SPACE)
    assert head.get_attribute("aria-sort") == "descending"
    others = browser.execute_script("return document.querySelectorAll('#table th[aria-sort=none]').length")
    assert others == len(texts(browser, "#table thead th")) - 1
    # Small is good in this one, and comes first.
    button = find(browser, "th[data-key=tie] button")
    browser.execute_script("arguments[0].focus()", button)
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert numbers(browser, "tie") == sorted(numbers(browser, "tie"))


def test_filters_and_their_count(open_page):
    browser = open_page()
    choose(browser, "task", "digits")
    assert count(browser) == "20 of 80 rows"
    assert set(column(browser, "task")) == {"digits"}
    choose(browser, "features", "raw")
    assert count(browser) == "10 of 80 rows"
    choose(browser, "entrants", "class_names")
    assert count(browser) == "3 of 80 rows"
    choose(browser, "family", "few-shot")
    assert count(browser) == "1 of 80 rows"
    assert column(browser, "method") == ["self_training"]
    click(browser, "#reset")
    assert count(browser) == "All 80 rows"
    choose(browser, "modality", "tabular")
    assert set(column(browser, "task")) == {"breast_cancer"}
    click(browser, "#reset")
    choose(browser, "method", "snuba")
    assert len(column(browser, "method")) == 8


def test_search_looks_at_reasons_too(open_page):
    browser = open_page()
    search(browser, "longer than")
    assert count(browser) == "1 of 80 rows"
    search(browser, "digits SNUBA raw")
    assert {text.split("\n")[0] for text in column(browser, "task")} == {"digits", "permuted_digits"}
    search(browser, "no such thing")
    assert count(browser) == "0 of 80 rows"


def test_all_columns(open_page):
    browser = open_page()
    assert not find(browser, "th[data-key=ece]").is_displayed()
    click(browser, "[data-state=wide]")
    settle(browser)
    assert find(browser, "th[data-key=ece]").is_displayed()
    assert browser.execute_script("return location.hash") == "#results?wide=yes"


def test_the_address_keeps_the_view(open_page):
    browser = open_page()
    choose(browser, "task", "digits")
    click(browser, "th[data-key=seconds] button")
    search(browser, "a")
    choose(browser, "under", "raw")
    choose(browser, "a", "iws")
    shown, rows = find(browser, "#verdict").text, column(browser, "method")
    address = browser.current_url
    browser.refresh()
    assert browser.current_url == address
    assert column(browser, "method") == rows
    assert find(browser, "th[data-key=seconds]").get_attribute("aria-sort") == "ascending"
    assert find(browser, "#verdict").text == shown
    assert find(browser, ".standing.on").get_attribute("data-under") == "raw"
    assert count(browser).endswith("of 80 rows")


def test_an_address_with_nonsense_opens_the_plain_view(open_page):
    browser = open_page(anchor="#results?task=nowhere&pool=nobody&sort=nothing.desc&a=%3Cb%3E&other=1")
    assert count(browser) == "All 80 rows"
    assert find(browser, ".standing.on").get_attribute("data-pool") == "class_names"


def test_links_to_a_task(open_page):
    browser = open_page(anchor="#task-navier_stokes_small")
    target = find(browser, "#task-navier_stokes_small")
    assert target.is_displayed()
    assert 0 <= browser.execute_script("return arguments[0].getBoundingClientRect().top", target) < 900
    # From a row of the results, and from the task to its rows.
    choose(browser, "task", "permuted_digits")
    click(browser, "#table tbody td a")
    wait(browser, lambda: find(browser, "#task-permuted_digits").is_displayed())
    click(browser, "#reset")
    assert count(browser) == "All 80 rows"
    click(browser, "a[href='#results?task=permuted_digits']")
    wait(browser, lambda: count(browser) == "20 of 80 rows")


def test_standings_switch(open_page):
    browser = open_page()
    click(browser, "input[value=labels]")
    settle(browser)
    shown = find(browser, ".standing.on")
    assert (shown.get_attribute("data-pool"), shown.get_attribute("data-under")) == ("labels", "all")
    assert "zero_shot" not in shown.text
    assert (
        find(browser, "#standing-status").get_attribute("textContent").startswith("Labels only, all features")
    )
    choose(browser, "under", "pca")
    assert find(browser, ".standing.on").get_attribute("data-under") == "pca"
    assert browser.execute_script("return location.hash") == "#standings?pool=labels&under=pca"


def test_head_to_head_says_what_the_board_says(open_page):
    browser = open_page()
    board = fake_board.make(n_features=2)
    entry = next(
        c for c in board["comparisons"] if (c["method"], c["against"]) == ("iws", "logistic_regression")
    )
    assert (entry["verdict_single"], entry["here_verdict"]) == ("worse", "worse")
    gap, ends = (
        f"{-100 * entry['difference']:.1f} points",
        [f"{-100 * entry[e]:.1f}" for e in ("low", "high")],
    )
    choose(browser, "a", "iws")
    choose(browser, "b", "logistic_regression")
    others, here = texts(browser, "#verdict p")
    assert others.startswith(
        f"On other tasks like these, iws is less accurate than logistic_regression by {gap}"
    )
    assert f"\u2212{ends[0]} to \u2212{ends[1]}" in others
    assert here.startswith(
        "On these 3 tasks (5 cells) that both ran on with 100 labels, iws is less accurate"
    )
    click(browser, "#swap")
    others, here = texts(browser, "#verdict p")
    assert others.startswith(
        f"On other tasks like these, logistic_regression is more accurate than iws by {gap}"
    )
    assert f"+{ends[1]} to +{ends[0]}" in others
    choose(browser, "a", "iws")
    assert find(browser, "#verdict").text == "Choose two different methods."
    choose(browser, "a", "goggles")
    assert "have no task, features and draws in common" in find(browser, "#verdict").text


def test_head_to_head_shows_cells_that_do_not_count_and_no_number_where_there_is_none(open_page):
    browser = open_page()
    strange = browser.execute_script(EVERY_PAIR)
    assert strange == []
    # Zero-shot is skipped on tables and fields; permuted digits are digits again.
    choose(browser, "b", "zero_shot_clip")
    choose(browser, "a", "logistic_regression")
    assert texts(browser, "#duel tr.gone .why") == ["digits again, not counted"] * 2
    skipped = [text for text in texts(browser, "#duel tbody tr") if "skipped" in text]
    assert len(skipped) == 4
    assert all("\u2013" in text for text in skipped)


def test_head_to_head_keeps_to_one_number_of_labels(open_page):
    browser = open_page("labels")
    assert "100 labels" in find(browser, "#verdict").text
    assert len(texts(browser, "#duel tbody tr")) == 4
    choose(browser, "n", "25")
    assert "25 labels" in find(browser, "#verdict").text
    choose(browser, "labels", "25")
    assert count(browser) == "32 of 64 rows"


def test_theme_is_kept(open_page):
    browser = open_page()
    ground = "return getComputedStyle(document.body).backgroundColor"
    light = browser.execute_script(ground)
    button = find(browser, "#theme")
    assert button.get_attribute("aria-pressed") == "false"
    click(browser, "#theme")
    assert button.get_attribute("aria-pressed") == "true"
    dark = browser.execute_script(ground)
    assert dark != light
    browser.refresh()
    assert browser.execute_script(ground) == dark
    click(browser, "#theme")
    assert browser.execute_script(ground) == light
    browser.execute_script("localStorage.clear()")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out(open_page, theme):
    """Contrast of 4.5 to 1 for all text, as WCAG AA has it."""
    browser = open_page()
    browser.execute_script("document.documentElement.dataset.theme = arguments[0]", theme)
    browser.execute_script("for (const fold of document.querySelectorAll('details')) fold.open = true")
    assert browser.execute_script(CONTRAST) == []


@pytest.mark.parametrize("name", ["plain", "hostile"])
def test_no_sideways_scrolling_on_a_phone(open_page, name):
    browser = open_page(name)
    size = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        browser.execute_script("for (const fold of document.querySelectorAll('details')) fold.open = true")
        assert browser.execute_script("return document.documentElement.scrollWidth") == 360
        # Wide tables scroll by themselves, and can be reached with the keyboard.
        wide = """return [...document.querySelectorAll("table")].filter((t) => t.scrollWidth > 360
            && !(t.parentElement.tabIndex === 0 && t.parentElement.ariaLabel)).length"""
        assert browser.execute_script(wide) == 0
        table = find(browser, ".standing.on .region")
        if name == "plain":
            # Verdicts are in view, and what is not fades at the edge.
            spot = "return arguments[0].getBoundingClientRect().right"
            assert browser.execute_script(spot, find(browser, ".forest tbody td:nth-of-type(3)")) <= 360
            assert browser.execute_script(spot, find(browser, "#table tbody .acc")) <= 360
            wait(browser, lambda: "more" in table.get_attribute("class"))
        browser.execute_script("arguments[0].scrollLeft = 200", table)
        left = "return arguments[0].querySelector('tbody .stick').getBoundingClientRect().left"
        assert browser.execute_script(left, table) < 40
        browser.execute_script("arguments[0].scrollLeft = 9999", table)
        wait(browser, lambda: "more" not in table.get_attribute("class"))
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_rows_that_wait_are_found_and_shown_on_demand(open_page):
    browser = open_page("long")
    assert count(browser) == "80 of 80 rows, the first 30 shown"
    assert len(column(browser, "method")) == 30
    click(browser, "#more")
    assert count(browser) == "80 of 80 rows, the first 60 shown"
    click(browser, "#more")
    assert count(browser) == "All 80 rows"
    assert not find(browser, "#more").is_displayed()
    choose(browser, "task", "permuted_digits")
    assert len(column(browser, "method")) == 20


def test_hostile_values_are_not_run(open_page):
    browser = open_page("hostile")
    assert browser.execute_script("return window.hacked === undefined")
    assert "window.hacked" in find(browser, "h1").text
    click(browser, "th[data-key=method] button")
    names = browser.execute_script(
        "return [...document.querySelector('select[data-state=a]').options].map((o) => o.value)"
    )
    evil = next(name for name in names if "hacked" in name)
    choose(browser, "a", evil)
    choose(browser, "method", evil)
    assert evil in find(browser, "#duel").text or evil in find(browser, "#verdict").text
    browser.refresh()
    assert browser.execute_script("return window.hacked === undefined")
    assert browser.execute_script("return document.images.length") == 0


def test_printing_leaves_closed_what_is_closed(open_page):
    browser = open_page()
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert not find(browser, ".bar").is_displayed()
        assert not find(browser, "#theme").is_displayed()
        closed = "return document.querySelectorAll('details:not([open])').length"
        before = browser.execute_script(closed)
        browser.execute_script("dispatchEvent(new Event('beforeprint'))")
        assert browser.execute_script(closed) == before > 0
        shown = "return [...document.querySelectorAll('.lfs')].filter((t) => t.checkVisibility()).length"
        assert browser.execute_script(shown) == 0
        assert find(browser, "#verdict").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_reads_without_a_script(open_page, browser):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        open_page()
        assert "needs JavaScript" in find(browser, "main").text
        assert not find(browser, "#theme").is_displayed()
        assert len(browser.find_elements("css selector", "#table tbody tr")) == 80
        assert all(s.is_displayed() for s in browser.find_elements("css selector", ".standing"))
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
