"""Take a picture of a leaderboard's page with headless Chromium, such as the one in the README.

    python scripts/screenshot_leaderboard.py results/leaderboard/index.html page.png --width 1440 --dark

Chromium is no dependency of the project: on Debian ``apt-get install chromium``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from autows.errors import UserError
from autows.files import write_bytes

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SECONDS = 120
"""After which a browser that does not end is ended."""


def find_browser() -> str:
    """Return the path of a Chromium.

    Raises
    ------
    UserError
        If there is none on the path.
    """
    for name in BROWSERS:
        path = shutil.which(name)
        if path:
            return path
    raise UserError(
        f"No browser found; looked for {', '.join(BROWSERS)}. On Debian: apt-get install chromium"
    )


def picture(page: Path, width: int, height: int, dark: bool = False, scale: float = 1.0) -> bytes:
    """Return a PNG of the upper part of a page.

    Parameters
    ----------
    page : pathlib.Path
        An HTML file.
    width, height : int
        Of the window, in CSS pixels; the picture has ``scale`` times as many.
    dark : bool, default False
        Whether the system is to be said to prefer dark pages.
    scale : float, default 1
        Device pixels of a CSS pixel.

    Raises
    ------
    UserError
        If there is no such file or no browser, or if the browser makes no picture.
    """
    if not page.is_file():
        raise UserError(f"There is no file {page}. Make it with: run_bench.py leaderboard")
    browser = find_browser()
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder, "page.png")
        command = [
            browser,
            "--headless=new",
            # Chromium's own sandbox needs rights that root in a container does not have; the page is our own.
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--force-prefers-reduced-motion",
            f"--user-data-dir={folder}/profile",
            f"--window-size={width},{height}",
            f"--force-device-scale-factor={scale:g}",
            f"--screenshot={image}",
            *(["--blink-settings=preferredColorScheme=0"] if dark else []),
            page.resolve().as_uri(),
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise UserError(f"{browser} did not end within {SECONDS} seconds") from error
        if done.returncode or not image.is_file():
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise UserError(f"{browser} made no picture (exit status {done.returncode}): {last}")
        return image.read_bytes()


@click.command()
@click.argument("page", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--width", default=1440, show_default=True, type=click.IntRange(200, 10000), help="Of the window."
)
@click.option(
    "--height", default=900, show_default=True, type=click.IntRange(200, 30000), help="Of the window."
)
@click.option(
    "--scale", default=1.0, show_default=True, type=click.FloatRange(0.5, 4), help="Pixels of a CSS pixel."
)
@click.option("--dark", is_flag=True, help="As a system shows it that prefers dark pages.")
def main(page: Path, out: Path, width: int, height: int, scale: float, dark: bool) -> None:
    """Open PAGE, an index.html, and write what the window shows to OUT, a PNG."""
    try:
        write_bytes(out, picture(page, width, height, dark, scale))
    except UserError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
    click.echo(out)


if __name__ == "__main__":
    main()
