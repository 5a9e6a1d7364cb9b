"""How many rows per second each representation encodes, on generated data of the sizes of real tasks.

    python benchmarks/representations.py [NAME ...]

Learning from the pool is timed apart from encoding. ResNet-18 and CLIP (ViT-B-32 and RN50) run with random
weights, which are as fast as trained ones; what is not available here is named with the reason.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

SECONDS = 5.0
WORDS = 40


def raw_data(rng: np.random.Generator, rows: int) -> dict[str, tuple[str, Any]]:
    """Return raw data by a name for people, each with its modality."""
    from autows.texts import Texts

    vocabulary = np.array(["".join(rng.choice(list("aeilmnorst"), 6)) for _ in range(5000)])
    texts = Texts.of(" ".join(rng.choice(vocabulary, WORDS)) for _ in range(rows))
    return {
        "image 28 x 28": ("image", rng.integers(0, 256, (rows, 28, 28), dtype=np.uint8)),
        "image 32 x 32 x 3": ("image", rng.integers(0, 256, (rows, 32, 32, 3), dtype=np.uint8)),
        "field 32 x 32": ("field", rng.standard_normal((rows, 32, 32), dtype=np.float32)),
        "signal of 1000": ("signal", rng.standard_normal((rows, 1000), dtype=np.float32)),
        "tabular of 100": ("tabular", rng.standard_normal((rows, 100), dtype=np.float32)),
        f"text of {WORDS} words": ("text", texts),
    }


def random_resnet(folder: Path) -> str:
    """Save a ResNet-18 that has learned nothing and return its path."""
    import timm
    from safetensors.torch import save_file

    path = folder / "resnet18.safetensors"
    save_file(timm.create_model("resnet18", pretrained=False).state_dict(), path)
    return str(path)


def random_clip(folder: Path, model: str) -> dict[str, str]:
    """Save a CLIP that has learned nothing and return the parameters that name it."""
    from safetensors.torch import save_file

    from autows.representations._clip_source import resolve
    from autows.representations._clip_weights import build

    path = folder / f"{model}.safetensors"
    if not path.exists():
        save_file(build(resolve(model, "openai").architecture, model).state_dict(), path)
    return {"model": model, "pretrained": str(path)}


def variants(name: str, folder: Path) -> dict[str, dict[str, str]]:
    """Return the parameters to run a representation with, by a name for people."""
    if name == "resnet18":
        return {name: {"weights": random_resnet(folder)}}
    if name == "clip":
        return {f"clip {model}": random_clip(folder, model) for model in ("ViT-B-32", "RN50")}
    return {name: {}}


def measure(representation: Any, modality: str, X: Any) -> tuple[float, float]:
    """Return seconds of learning from the pool, and rows encoded per second in about five seconds."""
    start = time.perf_counter()
    representation.fit(X, modality)
    fit_seconds = time.perf_counter() - start
    warm = min(16, len(X))
    representation.encode(X[:warm], modality)
    rows, start = 0, time.perf_counter()
    chunk = min(representation.rows_at_once, len(X))
    while time.perf_counter() - start < SECONDS:
        # A chunk of a slow encoder takes a minute.
        part = min(chunk, max(warm, 2 * rows))
        representation.encode(X[:part], modality)
        rows += part
    return fit_seconds, rows / (time.perf_counter() - start)


def main() -> None:
    """Measure and print."""
    from autows.device import pick
    from autows.errors import AutoWSError
    from autows.representations import create, names

    data = raw_data(np.random.default_rng(0), rows=4096)
    print(f"device of encoders in torch: {pick()}")
    print(f"{'representation':16} {'4,096 rows of':22} {'fit s':>8} {'rows / s':>10}")
    with tempfile.TemporaryDirectory() as folder:
        chosen = sys.argv[1:] or names()
        runs = [(name, *variant) for name in chosen for variant in variants(name, Path(folder)).items()]
        for name, called, params in runs:
            for what, (modality, X) in data.items():
                try:
                    representation = create(name, **params)
                    if representation.modalities and modality not in representation.modalities:
                        continue
                    fit_seconds, rate = measure(representation, modality, X)
                except (AutoWSError, ImportError) as error:
                    print(f"{called:16} {what:22} not available: {error}")
                    break
                print(f"{called:16} {what:22} {fit_seconds:8.2f} {rate:10.1f}", flush=True)


if __name__ == "__main__":
    main()
