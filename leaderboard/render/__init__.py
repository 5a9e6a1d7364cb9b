"""Leaderboards as files: JSON, CSV, Markdown, LaTeX, plots and one HTML page; and as text for a terminal."""

from __future__ import annotations

import gc
from pathlib import Path

from autows.files import make_folder, write_bytes
from leaderboard import published
from leaderboard.board import Board
from leaderboard.render.document import to_markdown, to_text
from leaderboard.render.latex import to_latex
from leaderboard.render.values import comparisons_to_csv, to_csv, to_json

__all__ = ["comparisons_to_csv", "to_csv", "to_json", "to_latex", "to_markdown", "to_text", "write"]

PAGE = "index.html"
PLOTS = "plots"


def write(board: Board, out: Path, formats: tuple[str, ...] = ("svg", "pdf")) -> list[Path]:
    """Write every output to a folder and return the files.

    ``leaderboard.json``, ``.csv``, ``.md`` and ``.tex``, ``plots/`` and ``index.html``; where there are
    controls ``comparisons.csv``, and where there are published figures for the same runs, ``published.md``
    with both.

    Parameters
    ----------
    board : Board
    out : Path
        Created if need be; files of the same names are replaced, others stay.
    formats : tuple of str, default ("svg", "pdf")
        Of the plots.

    Raises
    ------
    UserError
        If the folder cannot be written.
    """
    make_folder(out, "leaderboard files")
    # Drawing makes many small objects; the board is not looked through for garbage each time.
    gc.freeze()
    try:
        return _written(board, out, formats)
    finally:
        gc.unfreeze()


def _written(board: Board, out: Path, formats: tuple[str, ...]) -> list[Path]:
    content = {
        "leaderboard.json": to_json(board),
        "leaderboard.csv": to_csv(board),
        "leaderboard.md": to_markdown(board),
        "leaderboard.tex": to_latex(board),
    }
    if board.comparisons:
        content["comparisons.csv"] = comparisons_to_csv(board)
    if board.published:
        content["published.md"] = published.to_markdown(board.published) + "\n"
    for name, text in content.items():
        write_bytes(out / name, text.encode())
    files = [out / name for name in content]
    if board.rows:
        files += _figures_and_page(board, out, formats)
    return files


def _figures_and_page(board: Board, out: Path, formats: tuple[str, ...]) -> list[Path]:
    from leaderboard import page, plots
    from leaderboard.duels import duels

    make_folder(out / PLOTS, "plots")
    values, inlined, files = board.to_json(), [], []
    for stem, title, alt, figure in plots.figures(values):
        files += plots.save(figure, out / PLOTS / stem, formats)
        inlined.append(page.Plot(stem, title, alt, plots.inline_svg(figure, title, alt)))
    every_two = duels(board.rows, board.accuracies)
    write_bytes(out / PAGE, page.render(values, inlined, duels=every_two).encode())
    return [*files, out / PAGE]
