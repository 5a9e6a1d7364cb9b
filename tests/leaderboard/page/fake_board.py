"""Boards as BOARD.md has them, from simulated accuracies: what the page is tested with."""

from __future__ import annotations

import math
from itertools import combinations
from statistics import NormalDist

import numpy as np

TASKS = [
    ("digits", "Handwritten digits, 8 x 8 pixels", "image", 10),
    ("breast_cancer", "Breast tumours, 30 measurements of cell nuclei", "tabular", 2),
    ("navier_stokes_small", "Vorticity fields by viscosity, 32 x 32", "field", 2),
    ("permuted_digits", "Handwritten digits with their pixels permuted", "image", 10),
    ("youtube", "YouTube comments, spam or not", "text", 2),
    ("ecg", "ECG windows by rhythm", "signal", 4),
]
METHODS = [
    # name, family, needs, pool, skill
    ("goggles", "autows", [], "labels", 0.83),
    ("label_spreading", "baseline", [], "labels", 0.82),
    ("logistic_regression", "control", [], "labels", 0.80),
    ("snuba", "autows", [], "labels", 0.74),
    ("iws", "autows", [], "labels", 0.70),
    ("majority_class", "control", [], "labels", 0.30),
    ("snuba[families=stumps+templates,cardinality=2]", "autows", ["class_embeddings"], "class_names", 0.85),
    ("zero_shot_clip", "zero-shot", ["zero_shot"], "class_names", 0.81),
    ("self_training", "few-shot", ["class_embeddings"], "class_names", 0.87),
    ("transductive_clustering", "baseline", [], "features", 0.82),
    ("zlap", "few-shot", ["class_embeddings"], "class_names", 0.86),
    ("tip_adapter", "few-shot", ["class_embeddings"], "class_names", 0.84),
]
FEATURES = ["raw", "pca", "glyph_clip", "resnet18", "clip", "sentence"]
POOLS = ("labels", "features", "class_names")


def _r(x):
    return None if x is None or (isinstance(x, float) and math.isnan(x)) else round(float(x), 6)


def _interval(values):
    n = len(values)
    mean = float(np.mean(values))
    if n < 2:
        return mean, None, None
    half = {2: 12.7, 3: 4.3, 4: 3.18, 5: 2.78}.get(n, 2.2) * float(np.std(values, ddof=1)) / math.sqrt(n)
    return mean, max(mean - half, 0.0), min(mean + half, 1.0)


def _paired(a, b):
    d = np.asarray(a) - np.asarray(b)
    half = 2.78 * float(d.std(ddof=1)) / math.sqrt(len(d)) if len(d) > 1 else 0.05
    return float(d.mean()), float(d.mean() - half), float(d.mean() + half)


def methods(n):
    """Return n methods: those above, then variations of them."""
    found = list(METHODS[:n])
    rng = np.random.default_rng(5)
    while len(found) < n:
        name, family, needs, pool, skill = METHODS[len(found) % len(METHODS)]
        k = len(found) // len(METHODS) + 1
        found.append((f"{name.split('[')[0]}[variant={k}]", family, needs, pool, skill + rng.normal(0, 0.03)))
    return found


def tasks(n):
    return [
        TASKS[i] if i < len(TASKS) else (f"task_{i}", f"Simulated task number {i}", "tabular", 2 + i % 9)
        for i in range(n)
    ]


def make(n_tasks=4, n_features=3, n_methods=10, n_draws=5, labels=(100,), seed=0, many_lfs=False):
    """Return a board of simulated accuracies.

    ``zero_shot_clip`` has nothing to say on tabular tasks and fields; ``iws`` abstains; one run of
    ``snuba`` failed and one ran out of time.
    """
    rng = np.random.default_rng(seed)
    entrants, cards, features = methods(n_methods), tasks(n_tasks), FEATURES[:n_features]
    ease = {card[0]: rng.uniform(-0.12, 0.1) for card in cards}
    boost = dict(zip(FEATURES, (0.0, -0.01, 0.06, 0.04, 0.08, 0.02), strict=True))
    draws, rows = {}, []
    for task, title, modality, n_classes in cards:
        for feature in features:
            same_as = "digits" if task == "permuted_digits" and feature in ("raw", "pca") else None
            for n_labels in labels:
                shift = rng.normal(0, 0.02, size=n_draws)
                group = []
                for name, family, needs, pool, skill in entrants:
                    row, values = _row(
                        rng,
                        name,
                        family,
                        needs,
                        pool,
                        skill + ease[task] + boost[feature] + rng.normal(0, 0.03),
                        shift,
                        n_labels,
                    )
                    row |= {"task": task, "title": title, "modality": modality, "representation": feature}
                    row |= {"same_as": same_as, "n_classes": n_classes}
                    if "zero_shot" in needs and modality in ("tabular", "field"):
                        values = np.array([])
                        why = "needs zero-shot answers, and no zero-shot model speaks for this task"
                        row |= _no_result(row, n_draws, "n_skipped", why)
                    if name == "snuba" and (task, feature) == ("breast_cancer", "raw"):
                        row |= {
                            "n_failed": 1,
                            "n_draws": n_draws - 1,
                            "reason": "ValueError: <b>no</b> LF survived",
                        }
                    if name == "iws" and (task, feature) == ("navier_stokes_small", "pca"):
                        values = np.array([])
                        row |= _no_result(row, n_draws, "n_timeout", "took longer than 60 seconds")
                    row.pop("n_classes")
                    draws[task, feature, name, n_labels] = values
                    group.append(row)
                _ties(group, draws, task, feature, n_labels)
                rows += group
    board = {
        "schema_version": 2,
        "rows": rows,
        "overall": [],
        "tasks": [
            {"task": t, "title": title, "modality": m, "n_classes": k, "versions": [1]}
            for t, title, m, k in cards
        ],
    }
    cells = {(t[0], f) for t in cards for f in features} - {
        ("permuted_digits", "raw"),
        ("permuted_digits", "pca"),
    }
    board["standings"] = [
        _standing(
            entrants, draws, sorted(c for c in cells if feature in ("all", c[1])), pool, feature, n, n_draws
        )
        for n in labels
        for pool in POOLS
        for feature in ["all", *features]
        if any(feature in ("all", c[1]) for c in cells)
    ]
    board["comparisons"] = _comparisons(entrants, cards, features, draws, labels, n_draws)
    board["overall"] = _overall(board["standings"], rows, len(cells))
    board |= _extras(entrants, cards, features, rows, labels, n_draws, many_lfs)
    return board


def _row(rng, name, family, needs, pool, level, shift, n_labels):
    gain = 0.06 * math.log10(n_labels / 100) if "zero_shot" not in needs else 0.0
    values = np.clip(level + gain + shift + rng.normal(0, 0.035, size=len(shift)), 0.02, 0.998)
    mean, low, high = _interval(values)
    abstains = name.startswith("iws")
    coverage = float(rng.uniform(0.55, 0.9)) if abstains else 1.0
    covered = min(mean + 0.1 * (1 - coverage), 1.0)
    end = min(mean + rng.normal(0.01, 0.01), 0.999)
    worth = 100 * 10 ** ((mean - 0.8) / 0.1)
    row = {
        "method": name, "family": family, "needs": needs, "pool": pool, "n_labels": n_labels,
        "zero_shot": "glyph_clip" if "zero_shot" in needs else None, "origin": "results", "submission": None,
        "n_draws": len(shift), "n_failed": 0, "n_timeout": 0, "n_skipped": 0, "reason": None,
        "accuracy": _r(mean), "accuracy_low": _r(low), "accuracy_high": _r(high), "accuracy_se": 0.009,
        "coverage": _r(coverage), "accuracy_covered": _r(covered), "pool_accuracy": _r(mean * 0.99),
        "pool_coverage": _r(coverage), "macro_f1": _r(mean * 0.98), "end_model_accuracy": _r(end),
        "log_loss": _r(1.2 * (1 - mean)), "brier": _r(1.4 * (1 - mean)), "ece": _r(rng.uniform(0.01, 0.2)),
        "accuracy_at_50": _r(min(mean + 0.08, 1)), "accuracy_at_80": _r(min(mean + 0.04, 1)),
        "accuracy_at_90": _r(min(mean + 0.02, 1)), "seconds": _r(10 ** rng.uniform(-2, 1.6)),
        "peak_memory_mb": _r(rng.uniform(150, 900)), "best": False, "tie_group": None,
        "worth_labels": _r(worth) if 10 <= worth <= 1000 else None,
        "worth_note": "<10" if worth < 10 else ">1000" if worth > 1000 else None,
        "worth_interval": "45 to >1000" if 10 <= worth <= 1000 else None,
        "reliability": {"confidence": [0.5] * 15, "accuracy": [0.512345] * 15, "share": [0.066667] * 15},
        "risk_coverage": {"coverage": [0.05 * i for i in range(1, 21)], "accuracy": [0.912345] * 20},
        "n_lfs": 12 if family == "autows" else None,
    }  # fmt: skip
    return row, values


def _no_result(row, n_draws, status, reason):
    kept = {
        "task",
        "title",
        "modality",
        "representation",
        "method",
        "family",
        "needs",
        "pool",
        "origin",
        "n_labels",
    }
    kept |= {"submission", "best", "n_failed", "n_timeout", "n_skipped", "same_as", "n_classes"}
    return dict.fromkeys(row.keys() - kept) | {"n_draws": 0, status: n_draws, "reason": reason}


def _ties(group, draws, task, feature, n_labels):
    ranked = sorted((r for r in group if r["accuracy"] is not None), key=lambda r: -r["accuracy"])
    leader, number = None, 0
    for row in ranked:
        mine = draws[task, feature, row["method"], n_labels]
        if leader is None or _paired(draws[task, feature, leader, n_labels], mine)[1] > 0:
            leader, number = row["method"], number + 1
        row["tie_group"] = number
    ranked[0]["best"] = True


def _standing(entrants, draws, cells, pool, feature, n_labels, n_draws):
    allowed = POOLS[: POOLS.index(pool) + 1]
    mine = [e for e in entrants if e[3] in allowed]
    scores = {e[0]: [draws[(*c, e[0], n_labels)] for c in cells] for e in mine}
    whole = {m: np.array(v) for m, v in scores.items() if all(len(x) == n_draws for x in v)}
    names = list(whole)
    means = np.array([whole[m].mean(axis=1) for m in names])
    ranks = (means[None] > means[:, None]).sum(axis=1).mean(axis=1) + 1
    order = np.argsort(ranks, kind="stable")
    found, leader, number = [], None, 0
    for i in order:
        name = names[i]
        mean, low, high = _interval(whole[name].mean(axis=0))
        if leader is None or _paired(whole[leader].mean(axis=0), whole[name].mean(axis=0))[1] > 0:
            leader, number = name, number + 1
        wins = float(np.mean(means[i][None] > np.delete(means, i, axis=0))) if len(names) > 1 else None
        strength = 8 * (mean - float(means.mean()))
        found.append({
            "method": name, "family": next(e[1] for e in mine if e[0] == name), "mean_rank": _r(ranks[i]),
            "mean_accuracy": _r(mean), "accuracy_low": _r(low), "accuracy_high": _r(high),
            "accuracy_here_low": _r(low), "accuracy_here_high": _r(high),
            "mean_end_model_accuracy": _r(mean + 0.004), "win_share": _r(wins), "strength": _r(strength),
            "strength_low": _r(strength - 0.6), "strength_high": _r(strength + 0.6), "strength_note": None,
            "tie_group": number,
            "seconds": _r(0.01 * 3 ** (i % 9)),
        })  # fmt: skip
    pairs = []
    for a, b in combinations([f["method"] for f in found], 2):
        d, low, high = _paired(whole[a].mean(axis=0), whole[b].mean(axis=0))
        p = 2 * NormalDist().cdf(-abs(d) / max((high - low) / 4, 1e-9))
        pairs.append({"a": a, "b": b, "difference": _r(d), "low": _r(low), "high": _r(high), "p": _r(p),
                      "p_holm": _r(min(1, p * 20))})  # fmt: skip
    tasks_ = sorted({c[0] for c in cells})
    return {
        "pool": pool, "representation": feature, "n_labels": n_labels, "tasks": tasks_,
        "cells": [list(c) for c in cells], "n_draws": dict.fromkeys(tasks_, n_draws), "entrants": found,
        "left_out": [{"method": m, "n_cells": sum(len(x) == n_draws for x in v),
                      "n_cells_expected": len(cells)} for m, v in scores.items() if m not in whole],
        "pairs": pairs, "profile": {"gap": [0], "shares": {}, "ratio": [1], "ratio_shares": {}},
        "friedman": {"statistic": 21.4, "p": 0.0032, "n_tasks": len(tasks_), "critical_difference": 4.12},
        "uncounted": [], "smallest_difference": 0.0312, "smallest_difference_of_pairs": 0.0518,
    }  # fmt: skip


def _comparisons(entrants, cards, features, draws, labels, n_draws):
    found = []
    for n_labels in labels:
        for against in ("zero_shot_clip", "logistic_regression"):
            for name, *_ in entrants:
                if name == against or against not in {e[0] for e in entrants}:
                    continue
                per_task, differences = [], []
                for task, title, *_ in cards:
                    both = [
                        (draws[task, f, name, n_labels], draws[task, f, against, n_labels], f)
                        for f in features
                        if len(draws[task, f, name, n_labels])
                        and len(draws[task, f, against, n_labels])
                        and (task != "permuted_digits" or f not in ("raw", "pca"))
                    ]
                    if not both:
                        continue
                    d, low, high = _paired(
                        np.mean([a for a, _, _ in both], axis=0), np.mean([b for _, b, _ in both], axis=0)
                    )
                    wins = sum(float(np.mean(a)) > float(np.mean(b)) for a, b, _ in both)
                    differences.append(d)
                    per_task.append({
                        "task": task, "title": title, "representations": [f for *_, f in both],
                        "n_draws": n_draws, "difference": _r(d), "low": _r(low), "high": _r(high),
                        "wins": wins, "ties": 0, "losses": len(both) - wins,
                    })  # fmt: skip
                if not per_task:
                    continue
                d, half = (
                    float(np.mean(differences)),
                    float(np.std(differences) / math.sqrt(len(differences)) * 2.2),
                )
                verdict = "better" if d - half > 0 else "worse" if d + half < 0 else "open"
                here = "better" if d > 0.01 else "worse" if d < -0.01 else "open"
                met = {(t["task"], f) for t in per_task for f in t["representations"]}
                lacks = [
                    {
                        "task": task,
                        "representation": f,
                        "status": "cannot run",
                        "reason": "no zero-shot answers",
                    }
                    for task, *_ in cards
                    for f in features
                    if (task, f) not in met and len(draws[task, f, against, n_labels])
                ]
                found.append({
                    "method": name, "against": against, "n_labels": n_labels, "representation": "all",
                    "tasks": per_task, "difference": _r(d), "low": _r(d - half), "high": _r(d + half),
                    "p": 0.04, "p_holm": 0.2, "verdict": verdict, "verdict_single": verdict,
                    "here_low": _r(d - 0.01), "here_high": _r(d + 0.01),
                    "here_p": 0.5 if here == "open" else 0.001, "here_p_holm": 0.5, "here_verdict": here,
                    "n_family": 9, "n_tasks_expected": len(per_task), "missing": lacks, "complete": True,
                    "smallest_difference": 0.03, "n_tasks": len(per_task),
                    "wins": sum(t["low"] > 0 for t in per_task),
                    "ties": sum(t["low"] <= 0 <= t["high"] for t in per_task),
                    "losses": sum(t["high"] < 0 for t in per_task),
                    "sentence": f"{name} is {verdict} against {against} over {len(per_task)} tasks.",
                })  # fmt: skip
    return found


def _overall(standings, rows, n_cells):
    return [
        {"method": e["method"], "n_labels": s["n_labels"], "family": e["family"], "mean_rank": e["mean_rank"],
         "mean_accuracy": e["mean_accuracy"], "mean_end_model_accuracy": e["mean_end_model_accuracy"],
         "n_cells": n_cells, "n_cells_expected": n_cells, "complete": True}
        for s in standings
        if s["pool"] == "class_names" and s["representation"] == "all"
        for e in s["entrants"]
    ]  # fmt: skip


def _extras(entrants, cards, features, rows, labels, n_draws, many_lfs):
    with_lfs = [(c[0], f) for c in cards for f in features] if many_lfs else [(cards[0][0], features[0])]
    shown = [
        {"words": f"vote {k} ({'one' if k % 2 else 'zero'}) where feature {31 + k} > {0.1 * k:.2f}",
         "coverage": 0.05 + 0.02 * k, "overlap": 0.05, "conflict": 0.02, "seed_votes": 5 + k,
         "seed_correct": 4 + k, "polarity": [k % 10]}
        for k in range(12)
    ]  # fmt: skip
    by_cell = {}
    for row in rows:
        if row["accuracy"] is not None:
            by_cell.setdefault((row["task"], row["representation"], row["method"]), []).append(row)
    curves = [
        {"task": t, "representation": f, "method": m, "family": mine[0]["family"],
         "points": [{"n_labels": r["n_labels"], "accuracy": r["accuracy"], "low": r["accuracy_low"],
                     "high": r["accuracy_high"], "n_draws": r["n_draws"]} for r in mine]}
        for (t, f, m), mine in by_cell.items() if len(mine) > 1
    ]  # fmt: skip
    return {
        "curves": curves,
        "crossovers": [
            {"task": c["task"], "representation": c["representation"], "method": c["method"],
             "against": "zero_shot_clip", "n_labels": 50, "bound": None, "interval": "30 to 80",
             "sentence": f"{c['method']} overtakes zero-shot CLIP from 50 labels on ({c['task']})."}
            for c in curves if c["method"] == "logistic_regression"
        ],
        "methods": [
            {"method": name, "name": name.split("[")[0], "family": family, "needs": needs, "pool": pool,
             "parameters": {"n_iterations": 25, "extend": True} if family == "autows" else {},
             "summary": "Fit many small models to the seeds and keep accurate and diverse ones.",
             "lfs": [{"task": t, "representation": f, "draw": 0, "n_lfs": 37, "shown": shown}
                     for t, f in with_lfs] if family == "autows" else []}
            for name, family, needs, pool, _ in entrants
        ],
        "stages": [
            {"task": cards[0][0], "representation": features[0], "method": name, "n_labels": labels[0],
             "n_draws": n_draws, "stages": [{"name": "end model on true labels", "accuracy": 0.82},
                                            {"name": "label model", "accuracy": 0.72},
                                            {"name": "end model", "accuracy": 0.78}]}
            for name, family, *_ in entrants if family == "autows"
        ][:4],
        "published": [
            {"task": cards[0][0], "representation": features[0], "method": m, "n_draws": n_draws,
             "accuracy": 0.784, "accuracy_covered": 0.81, "coverage": 0.9, "published_covered": 0.456,
             "published_coverage": k, "difference": 0.354}
            for m, k in (("goggles", None), ("snuba", 0.961))
        ],
        "provenance": {
            "n_records": sum(r[f"n_{s}"] for r in rows for s in ("draws", "failed", "timeout", "skipped")),
            "statuses": {"ok": sum(r["n_draws"] or 0 for r in rows), "failed": 1,
                         "skipped": sum(r["n_skipped"] or 0 for r in rows)},
            "schema_versions": {"3": len(rows)}, "project_versions": ["0.1.0"], "commits": ["99a8694c0ffee"],
            "dirty": True, "protocol_versions": ["2"], "packages": {"numpy": ["2.1", "2.2"]},
            "cpus": ["a processor of 2 cores"], "first_finished_at": "2026-11-20T10:00:00+00:00",
            "last_finished_at": "2026-11-26T03:26:03+00:00",
        },
        "notes": [
            "Not counted overall: permuted_digits under raw features, which is digits again",
            "Not counted overall: permuted_digits under pca features, which is digits again",
            "Not ranked overall: zero_shot_clip has 4 of the 8 cells that the controls have",
            "zero_shot_clip skipped: needs zero-shot answers, and no model speaks for this task (12 runs)",
            "snuba on breast_cancer / raw: 1 of 5 draws failed: ValueError: <b>no</b> LF survived",
        ],
    }  # fmt: skip
