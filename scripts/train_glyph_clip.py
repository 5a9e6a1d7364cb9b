"""Train glyph-clip, the small CLIP that ships with the project, on rendered glyphs.

    python scripts/train_glyph_clip.py --fonts /usr/share/fonts --out autows/zero_shot/glyph_clip

No handwritten image is read. Writes ``model_config.json`` and ``model.safetensors`` (float16); the
model card beside them is written by hand. A run with the same fonts, seed, number of threads and
version of torch gives the same weights.
"""

from __future__ import annotations

import copy
import json
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
import torch
from glyph_augmentation import augment
from glyph_captions import CONCEPTS, Captions, alike, tokenised
from glyph_rendering import Bank, build_bank
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from autows.files import write_bytes
from autows.zero_shot._glyph_clip import as_input

CONTEXT_LENGTH = 24
CONFIG: dict[str, Any] = {
    "embed_dim": 128,
    "vision_cfg": {"image_size": 32, "layers": [1, 1, 1, 1], "width": 24, "head_width": 64},
    "text_cfg": {
        "context_length": CONTEXT_LENGTH,
        "vocab_size": 49408,
        "width": 48,
        "heads": 4,
        "layers": 2,
    },
}
SHARES = {"digit": 0.5, "upper": 0.2, "lower": 0.22, "shape": 0.08}
"""How much of a batch is of a kind."""
BATCH = 256
CAPTIONS_OF_A_DIGIT = 4
"""Captions of each digit in a batch; of any other meaning there is one."""
PEAK_RATE, WEIGHT_DECAY, WARM_UP = 2e-3, 0.05, 0.05
AVERAGING_STEPS = 150
"""Over about so many steps the saved weights are averaged."""
BLANKED, SHIFTED, FARTHEST = 0.15, 0.3, 6
"""Share of words that do not name anything left blank; of captions put off by blanks, and by how many."""
LARGEST_SCALE = math.log(100)


class Batch(NamedTuple):
    """Pictures and captions of one step, and which belong together.

    Parameters
    ----------
    pictures : (n, 3, side, side) float32
    tokens : (m, 24) int64
    positive : (n, m) bool
        The caption is true of the picture.
    ignored : (n, m) bool
        It is not, but of a picture that may look the same.
    """

    pictures: Tensor
    tokens: Tensor
    positive: Tensor
    ignored: Tensor


def contrast(logits: Tensor, positive: Tensor, ignored: Tensor) -> Tensor:
    """Return the contrastive loss of a batch in which many pairs belong together.

    The cross entropy between the softmax over captions (for every picture) and the uniform distribution
    over those that are true of it, and the same over pictures for every caption; the mean of both.
    With one positive a row and a column it is CLIP's loss.

    Parameters
    ----------
    logits : (n, m) float
    positive, ignored : (n, m) bool
        Ignored pairs are left out of both softmaxes. Rows and columns without a positive are left out
        of the mean.

    References
    ----------
    J. Yang et al. (2022), Unified contrastive learning in image-text-label space, CVPR.
    """
    masked = logits.masked_fill(ignored, -torch.inf)
    total = logits.new_zeros(())
    for scores, belongs in ((masked, positive), (masked.T, positive.T)):
        some = belongs.any(dim=1)
        log_p = scores[some].log_softmax(dim=1).masked_fill(~belongs[some], 0)
        total = total - (log_p.sum(dim=1) / belongs[some].sum(dim=1)).mean()
    return total / 2


class Batches:
    """Batches without end, drawn at random.

    Parameters
    ----------
    bank : Bank
        Glyphs. Digits, capital and small letters and shapes have fixed shares; within, all concepts are
        equally likely, then all font families, then their faces.
    captions : Captions
    side : int
        Of the pictures.
    seed : int
    """

    def __init__(self, bank: Bank, captions: Captions, side: int, seed: int) -> None:
        self.outline, self.stroke = torch.from_numpy(bank.outline), torch.from_numpy(bank.stroke)
        self.concept = torch.from_numpy(bank.concept)
        self.chance = torch.from_numpy(chances(bank))
        self.tokens = torch.from_numpy(captions.tokens)
        self.named = torch.from_numpy(captions.named)
        self.shows = torch.from_numpy(captions.shows)
        # Captions of a meaning lie together.
        order = np.argsort(captions.meaning, kind="stable")
        sizes = np.bincount(captions.meaning)
        of_digit = captions.shows[:, :10].any(axis=1)[order[sizes.cumsum() - 1]]
        times = np.where(of_digit, CAPTIONS_OF_A_DIGIT, 1)
        self.order = torch.from_numpy(order)
        self.first = torch.from_numpy((sizes.cumsum() - sizes).repeat(times))
        self.size = torch.from_numpy(sizes.repeat(times))
        self.alike = torch.from_numpy(alike())
        self.side = side
        self.rng = torch.Generator().manual_seed(seed)

    def __iter__(self) -> Iterator[Batch]:
        while True:
            yield self.draw(BATCH)

    def draw(self, n: int) -> Batch:
        """Draw ``n`` pictures, and captions for every meaning."""
        rows = torch.multinomial(self.chance, n, replacement=True, generator=self.rng)
        pictures = as_input(augment(self.outline[rows], self.stroke[rows], self.side, self.rng))
        part = torch.rand(len(self.size), generator=self.rng)
        picked = self.order[self.first + (part * self.size).long()]
        shows, concept = self.shows[picked], self.concept[rows]
        positive = shows.T[concept]
        # A caption of anything that looks like the picture's concept, but of that one not.
        ignored = (self.alike[concept].float() @ shows.T.float() > 0) & ~positive
        return Batch(pictures, self._varied(picked), positive, ignored)

    def _varied(self, picked: Tensor) -> Tensor:
        """Blank out some words, and put off some captions, so that unknown words come to mean nothing."""
        tokens, named = self.tokens[picked], self.named[picked]
        blank = ~named & (torch.rand(tokens.shape, generator=self.rng) < BLANKED)
        tokens = tokens.masked_fill(blank, 0)
        n, length = tokens.shape
        by = torch.randint(1, FARTHEST + 1, (n, 1), generator=self.rng)
        by = by * (torch.rand(n, 1, generator=self.rng) < SHIFTED)
        # Never so far that the end is lost.
        free = (tokens.flip(1) != 0).long().argmax(dim=1, keepdim=True)
        by = torch.minimum(by, free)
        place = torch.arange(length).expand(n, -1)
        moved = tokens.gather(1, (place - by).clamp(min=0))
        return torch.where(place == 0, tokens[:, :1], moved.masked_fill((place > 0) & (place <= by), 0))


def chances(bank: Bank) -> NDArray[np.float64]:
    """Return the probability of every glyph of a bank; they sum to 1."""
    kinds = [concept.kind for concept in CONCEPTS]
    of_concept = np.array([SHARES[kind] / kinds.count(kind) for kind in kinds])
    pair = bank.concept * (bank.family.max() + 2) + bank.family + 1
    _, index, faces = np.unique(pair, return_inverse=True, return_counts=True)
    families = np.bincount(bank.concept, weights=1 / faces[index], minlength=len(CONCEPTS))
    chance = of_concept[bank.concept] / families[bank.concept] / faces[index]
    return chance / chance.sum()


def build(vocabulary_size: int) -> Any:
    """Return the untrained model with an embedding of the tokens that occur alone."""
    import open_clip

    text = {**CONFIG["text_cfg"], "vocab_size": vocabulary_size}
    model: Any = open_clip.CLIP(**{**CONFIG, "text_cfg": text})
    with torch.no_grad():
        model.token_embedding.weight[0] = 0
    return model


def train(model: Any, batches: Batches, steps: int, seconds: float = math.inf) -> tuple[Any, list[float]]:
    """Train a model and return its averaged weights as a model, and the loss of every step.

    Parameters
    ----------
    model : open_clip.CLIP
        Changed in place.
    batches : Batches
    steps : int
        The learning rate rises over the first twentieth of them and falls along a cosine to zero.
    seconds : float, optional
        If given, ``steps`` is lowered so that the run takes about so long. What the run yields then
        depends on the machine's speed.
    """
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=PEAK_RATE, betas=(0.9, 0.98))
    # Faster by a quarter than rows of pixels channel by channel.
    model.visual.to(memory_format=torch.channels_last)
    averaged = copy.deepcopy(model).eval().requires_grad_(False)
    losses: list[float] = []
    model.train()
    begun = time.perf_counter()
    bar = tqdm(total=steps, desc="training", unit="step", mininterval=2)
    for step, batch in enumerate(batches):
        if step == 30 and seconds < math.inf:
            steps = bar.total = min(steps, max(31, int(seconds / (time.perf_counter() - begun) * 30)))
        if step >= steps:
            break
        rise = min(1.0, (step + 1) / max(1, WARM_UP * steps))
        for group in optimizer.param_groups:
            group["lr"] = PEAK_RATE * rise * 0.5 * (1 + math.cos(math.pi * step / steps))
        pictures = batch.pictures.contiguous(memory_format=torch.channels_last)
        image = functional.normalize(model.visual(pictures), dim=1)
        text = model.encode_text(batch.tokens, normalize=True)
        loss = contrast(model.logit_scale.exp() * image @ text.T, batch.positive, batch.ignored)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, LARGEST_SCALE)
            model.token_embedding.weight[0] = 0
        _average(averaged, model, min(step / (step + 10), 1 - 1 / AVERAGING_STEPS))
        losses.append(loss.item())
        bar.set_postfix(loss=f"{np.mean(losses[-50:]):.3f}", refresh=False)
        bar.update()
    bar.close()
    return averaged, losses


@torch.no_grad()
def _average(averaged: Any, model: Any, keep: float) -> None:
    for old, new in zip(averaged.state_dict().values(), model.state_dict().values(), strict=True):
        if old.is_floating_point():
            old.lerp_(new, 1 - keep)
        else:
            old.copy_(new)


@torch.no_grad()
def accuracy(model: Any, batches: Batches, n: int) -> float:
    """Return how often a digit's picture is nearest to a caption of that digit among all digits' captions.

    Parameters
    ----------
    model : open_clip.CLIP
    batches : Batches
    n : int
        How many pictures are drawn; those of letters and shapes do not count.
    """
    batch = batches.draw(n)
    image = functional.normalize(model.visual(batch.pictures), dim=1)
    text = model.encode_text(batch.tokens, normalize=True)
    # Those of digits come first.
    right = batch.positive[:, : 10 * CAPTIONS_OF_A_DIGIT]
    nearest = (image @ text.T)[:, : right.shape[1]].argmax(dim=1, keepdim=True)
    return right.gather(1, nearest)[right.any(dim=1)].float().mean().item()


def full_state(model: Any, vocabulary: NDArray[np.int64]) -> dict[str, Tensor]:
    """Return the weights in float16 with the tokeniser's whole vocabulary; tokens not trained on are zero."""
    state = {
        key: (value.half() if value.is_floating_point() else value).contiguous()
        for key, value in model.state_dict().items()
    }
    small = state["token_embedding.weight"]
    large = small.new_zeros(CONFIG["text_cfg"]["vocab_size"], small.shape[1])
    large[torch.from_numpy(vocabulary)] = small
    return {**state, "token_embedding.weight": large}


@click.command(help=__doc__)
@click.option("--fonts", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--steps", default=3000, show_default=True)
@click.option("--minutes", default=math.inf, help="Take fewer steps if they would take longer.")
@click.option("--seed", default=0, show_default=True)
@click.option("--faces", default=3, show_default=True, help="At most so many of one font family.")
def main(fonts: Path, out: Path, steps: int, minutes: float, seed: int, faces: int) -> None:
    """Render, train, say how it went, and write the files."""
    from open_clip.tokenizer import SimpleTokenizer
    from safetensors.torch import save

    bank = build_bank(fonts, faces, seed)
    captions = tokenised(SimpleTokenizer(context_length=CONTEXT_LENGTH).encode)
    # A tenth of the families is kept for the one number that is printed at the end.
    kept = (bank.family >= 0) & (bank.family % 10 == 9)
    side = CONFIG["vision_cfg"]["image_size"]
    torch.manual_seed(seed)
    model = build(len(captions.vocabulary))
    begun = time.perf_counter()
    averaged, losses = train(model, Batches(bank.take(~kept), captions, side, seed), steps, 60 * minutes)
    seconds = time.perf_counter() - begun
    print(f"{len(bank)} glyphs of {bank.family.max() + 1} families; {len(losses)} steps in {seconds:.0f} s")
    print(f"loss of the last 100 steps: {np.mean(losses[-100:]):.3f}")
    if kept.any():
        unseen = accuracy(averaged, Batches(bank.take(kept), captions, side, seed + 1), 5000)
        print(f"digits of {len(np.unique(bank.family[kept]))} families not trained on: {unseen:.3f} right")
    write_bytes(out / "model_config.json", (json.dumps(CONFIG, indent=2) + "\n").encode())
    write_bytes(out / "model.safetensors", save(full_state(averaged, captions.vocabulary)))


if __name__ == "__main__":
    main()
