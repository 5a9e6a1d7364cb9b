"""Search for the prompt templates that suit a task, by the seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autows.method import Method
from autows.types import Labels, TaskView
from baselines._embeddings import SeedEmbeddings, answer, best_candidate, seed_folds

TEMPERATURES = np.geomspace(1 / 8, 128, 31)
"""A set whose answers have nothing to do with the labels must be able to say nothing."""
NEARBY = np.array([0.5, 0.71, 1.0, 1.41, 2.0])
"""What a set may need beside what suits all templates, as a factor."""


class PromptSearch(Method):
    """Average the texts of those prompt templates under which the seeds are likeliest.

    A beam search grows sets of templates one by one. The set's class embedding is the normalised mean
    of its texts, and its score the log-loss of the seeds at the temperature that suits it. How many
    templates to take is decided by cross-validation: the whole search is run without each fold's
    seeds, and its best sets of each size are judged on them, beside all templates.

    Parameters
    ----------
    max_templates : int, default 8
        Most templates in a set.
    beam : int, default 4
        Sets of each size that are grown further.

    Notes
    -----
    With 18 templates there are 262,143 sets and a hundred seeds: the best set on the seeds owes its score
    to chance for a good part. Therefore a size is taken only if its held-out loss is lower than that of
    all templates by more than one standard error of the paired difference. Every set has a temperature
    of its own: at a common one, sets would be preferred for being less sure of what they get wrong.

    In the paper a language model writes and edits the prompts, also of single classes, in an evolution
    scored on training images; here the templates of the task are all there is to choose from.
    O(sizes beam T n K) for T templates, thanks to cosines of single texts and their inner products.

    References
    ----------
    X. Qu, G. Gou, J. Zhuang, J. Yu, K. Song, Q. Wang, Y. Li and G. Xiong (2025), ProAPO: progressively
    automatic prompt optimization for visual classification, CVPR. A. Radford et al. (2021), Learning
    transferable visual models from natural language supervision, ICML, section 3.1.4 (prompt ensembles).
    """

    name = "prompt_search"
    family = "zero-shot"
    needs = frozenset({"class_embeddings"})

    def __init__(self, max_templates: int = 8, beam: int = 4) -> None:
        self.max_templates = max_templates
        self.beam = beam

    def validate(self) -> None:
        """Check that the numbers are positive."""
        self.require_positive()

    def fit_predict(self, view: TaskView, rng: np.random.Generator) -> Labels:
        """Search in and out of folds, then answer with the chosen templates."""
        self.validate()
        E = view.template_embeddings
        assert E is not None
        seeds = SeedEmbeddings.of(view)
        bank = TemplateBank.of(E.astype(np.float64), seeds.F, seeds.scale)
        every = np.ones(len(E), dtype=bool)
        folds = seed_folds(view, rng)
        chosen, temperature, gains = every, 1.0, []
        if folds is not None:
            paths = {int(f): self._search(bank, seeds.y, folds != f) for f in np.unique(folds)}
            losses = held_out_losses(bank, seeds.y, folds, paths)
            gains = [float(gain) for gain in (losses[0] - losses[1:]).mean(axis=1)]
            size = choose_size(losses)
            chosen = self._search(bank, seeds.y, np.ones(len(seeds.y), dtype=bool))[size][0]
            temperature = best_candidate(bank.logits(chosen)[None], seeds.y)[1]
        texts = seeds.scale * class_texts(E, chosen)

        def scores(F: NDArray[np.float32]) -> NDArray[np.float32]:
            return F @ texts.T.astype(np.float32)

        info = {
            "templates": [int(t) for t in np.flatnonzero(chosen)],
            "held_out_gains": [round(gain, 4) for gain in gains],
        }
        return answer(view, scores, temperature, info)

    def _search(
        self, bank: TemplateBank, y: NDArray[np.int64], train: NDArray[np.bool_]
    ) -> list[tuple[NDArray[np.bool_], float]]:
        """Return all templates and the best set of each size, with temperatures, by the marked seeds."""
        part = bank.only(train)
        every = np.ones(bank.n_templates, dtype=bool)
        nearby = best_temperature(part.logits(every), y[train]) * NEARBY
        sets = beam_search(part, y[train], nearby, min(self.max_templates, bank.n_templates), self.beam)
        return [(chosen, best_temperature(part.logits(chosen), y[train])) for chosen in (every, *sets)]


@dataclass(frozen=True)
class TemplateBank:
    """What the score of a set of templates is made of.

    Parameters
    ----------
    scores : (T, n, K) float64
        Scaled inner products of seeds and single texts.
    gram : (K, T, T) float64
        Inner products of the texts of a class.
    """

    scores: NDArray[np.float64]
    gram: NDArray[np.float64]

    @classmethod
    def of(cls, E: NDArray[np.float64], F: NDArray[np.float64], scale: float) -> TemplateBank:
        """Compute them from texts (T, K, d) and seeds (n, d)."""
        return cls(scale * np.einsum("nd,tkd->tnk", F, E, optimize=True), np.einsum("tkd,skd->kts", E, E))

    @property
    def n_templates(self) -> int:
        """The number of templates T."""
        return len(self.scores)

    def only(self, rows: NDArray[np.bool_]) -> TemplateBank:
        """Return the bank of some seeds."""
        return TemplateBank(self.scores[:, rows], self.gram)

    def logits(self, chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return zero-shot logits of the seeds under a set of templates, shape (n, K)."""
        length = np.sqrt(np.einsum("kts,t,s->k", self.gram, chosen, chosen, optimize=True))
        return np.asarray(self.scores[chosen].sum(axis=0) / np.maximum(length, 1e-12))

    def grown(self, chosen: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the templates that are not in a set, and the logits with each added, (A, n, K)."""
        more = np.flatnonzero(~chosen)
        inside = np.flatnonzero(chosen)
        own = self.gram[:, inside][:, :, inside].sum(axis=(1, 2))
        cross = self.gram[:, :, inside].sum(axis=2)[:, more]
        squared = own[:, None] + 2 * cross + self.gram[:, more, more]
        length = np.maximum(np.sqrt(np.maximum(squared, 0.0)), 1e-12).T
        return more, (self.scores[inside].sum(axis=0) + self.scores[more]) / length[:, None, :]


def class_texts(E: NDArray[np.floating], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return normalised means of some templates' texts, shape (K, d)."""
    total = E[chosen].sum(axis=0, dtype=np.float64)
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12))


def row_losses(Z: NDArray[np.float64], y: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the log-loss of each row under logits (..., n, K), shape (..., n)."""
    top = Z.max(axis=-1)
    partition = top + np.log(np.exp(Z - top[..., None]).sum(axis=-1))
    return np.asarray(partition - Z[..., np.arange(len(y)), y])


def best_temperature(Z: NDArray[np.float64], y: NDArray[np.int64]) -> float:
    """Return the temperature of least log-loss out of :data:`TEMPERATURES`."""
    losses = [row_losses(Z / temperature, y).mean() for temperature in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


def beam_search(
    bank: TemplateBank, y: NDArray[np.int64], temperatures: NDArray[np.float64], most: int, beam: int
) -> list[NDArray[np.bool_]]:
    """Return the best set found of each size from 1 to ``most``, (T,) bool each.

    The score of a set is its mean log-loss at the best of the temperatures.

    Sets of a size are made of the ``beam`` best of the size before and one template more; ties go to the
    set whose templates have smaller numbers.
    """
    found: list[NDArray[np.bool_]] = []
    kept: list[tuple[int, ...]] = [()]
    for _ in range(most):
        losses: dict[tuple[int, ...], float] = {}
        for members in kept:
            chosen = np.zeros(bank.n_templates, dtype=bool)
            chosen[list(members)] = True
            more, Z = bank.grown(chosen)
            scores = np.min([row_losses(Z / t, y).mean(axis=1) for t in temperatures], axis=0)
            for t, loss in zip(more, scores, strict=True):
                losses.setdefault(tuple(sorted((*members, int(t)))), float(loss))
        kept = sorted(losses, key=lambda members: (round(losses[members], 10), members))[:beam]
        best = np.zeros(bank.n_templates, dtype=bool)
        best[list(kept[0])] = True
        found.append(best)
    return found


def held_out_losses(
    bank: TemplateBank,
    y: NDArray[np.int64],
    folds: NDArray[np.int64],
    paths: dict[int, list[tuple[NDArray[np.bool_], float]]],
) -> NDArray[np.float64]:
    """Return the loss of each seed under sets, and at temperatures, found without its fold; (sets, n)."""
    losses = np.empty((len(next(iter(paths.values()))), len(y)))
    for fold, path in paths.items():
        held = folds == fold
        part = bank.only(held)
        for row, (chosen, temperature) in enumerate(path):
            losses[row, held] = row_losses(part.logits(chosen) / temperature, y[held])
    return losses


def choose_size(losses: NDArray[np.float64]) -> int:
    """Return the size of least mean loss if it beats all templates by one standard error, else 0."""
    difference = losses[0] - losses[1:]
    size = int(difference.mean(axis=1).argmax())
    gain = difference[size]
    error = gain.std(ddof=1) / np.sqrt(len(gain))
    return size + 1 if gain.mean() > error + 1e-12 else 0
