"""Statistics of scores: within a task over draws, and over tasks of which each weighs the same.

Plain arrays go in; arrays or small frozen objects come out. Nothing here knows records or names. A
resampling statistic takes its random generator as an argument, so a table can be made again.
"""

from leaderboard.statistics.bootstrap import (
    OverallDifference,
    expanded_tail,
    resampled_means,
    resampling_weights,
    two_level_bootstrap,
)
from leaderboard.statistics.bradley_terry import strength_intervals, strengths
from leaderboard.statistics.differences import Differences, differences
from leaderboard.statistics.equivalents import (
    NOT_MONOTONE,
    Equivalent,
    equivalent_interval,
    label_equivalent,
)
from leaderboard.statistics.intervals import mean_interval
from leaderboard.statistics.over_tasks import Estimate, over_tasks
from leaderboard.statistics.paired import PairedDifference, paired_difference, pairwise_p
from leaderboard.statistics.power import draws_to_separate, smallest_detectable
from leaderboard.statistics.profiles import additive_profile, ratio_profile
from leaderboard.statistics.ranks import FriedmanResult, friedman, mean_ranks, ranks
from leaderboard.statistics.scores import task_means
from leaderboard.statistics.ties import holm, holm_pairs, tie_groups
from leaderboard.statistics.wins import mean_win_shares, win_shares

__all__ = [
    "NOT_MONOTONE",
    "Differences",
    "Equivalent",
    "Estimate",
    "FriedmanResult",
    "OverallDifference",
    "PairedDifference",
    "additive_profile",
    "differences",
    "draws_to_separate",
    "equivalent_interval",
    "expanded_tail",
    "friedman",
    "holm",
    "holm_pairs",
    "label_equivalent",
    "mean_interval",
    "mean_ranks",
    "mean_win_shares",
    "over_tasks",
    "paired_difference",
    "pairwise_p",
    "ranks",
    "ratio_profile",
    "resampled_means",
    "resampling_weights",
    "smallest_detectable",
    "strength_intervals",
    "strengths",
    "task_means",
    "tie_groups",
    "two_level_bootstrap",
    "win_shares",
]
