"""What varying one thing does: paired differences against what was given, as text, Markdown, CSV and JSON."""

from leaderboard.ablation.files import to_json, write
from leaderboard.ablation.table import Ablation, build
from leaderboard.ablation.text import to_markdown, to_text

__all__ = ["Ablation", "build", "to_json", "to_markdown", "to_text", "write"]
