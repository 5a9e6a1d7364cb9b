"""Pictures of a page: right size, right theme, and plain words where none can be made."""

from __future__ import annotations

import io
import shutil

import pytest
import screenshot_leaderboard as subject
from click.testing import CliRunner
from PIL import Image

from autows.errors import UserError

PAGE = """<!doctype html><meta name="color-scheme" content="light dark"><style>
body { margin: 0; height: 100vh; background: light-dark(rgb(10, 200, 30), rgb(200, 10, 30)); }
</style><title>A page</title>"""

BROWSER = any(shutil.which(name) for name in subject.BROWSERS)


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "a folder" / "index.html"
    path.parent.mkdir()
    path.write_text(PAGE, encoding="utf-8")
    return path


@pytest.mark.skipif(not BROWSER, reason="needs Chromium: apt-get install chromium")
def test_picture_has_the_size_and_the_theme(page, tmp_path):
    out = tmp_path / "page.png"
    arguments = [str(page), str(out), "--width", "640", "--height", "300", "--dark"]
    result = CliRunner().invoke(subject.main, arguments)
    assert result.exit_code == 0, result.output
    assert result.output.strip() == str(out)
    with Image.open(out) as picture:
        assert picture.size == (640, 300)
        assert picture.convert("RGB").getpixel((320, 150)) == (200, 10, 30)
    with Image.open(io.BytesIO(subject.picture(page, 500, 200, scale=2))) as picture:
        assert picture.size == (1000, 400)
        assert picture.convert("RGB").getpixel((320, 150)) == (10, 200, 30)


def test_a_page_that_is_not_there(tmp_path):
    result = CliRunner().invoke(subject.main, [str(tmp_path / "no.html"), str(tmp_path / "out.png")])
    assert result.exit_code == 2
    assert "run_bench.py leaderboard" in result.output
    assert not (tmp_path / "out.png").exists()


def test_no_browser_is_said(page, monkeypatch):
    monkeypatch.setattr(subject.shutil, "which", lambda name: None)
    with pytest.raises(UserError, match="apt-get install chromium"):
        subject.picture(page, 640, 300)


def test_a_browser_that_fails_is_said(page, monkeypatch):
    monkeypatch.setattr(subject.shutil, "which", lambda name: "/bin/false")
    with pytest.raises(UserError, match="exit status 1"):
        subject.picture(page, 640, 300)
