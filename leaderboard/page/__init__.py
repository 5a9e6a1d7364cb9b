"""The leaderboard's web page: one HTML file that needs nothing beside it, from the board and its plots."""

from leaderboard.page.build import Plot, render

__all__ = ["Plot", "render"]
