"""Which CLIP is meant: its architecture, its preprocessing, and where its weights lie."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from autows.errors import DataMissing, NotApplicable, unknown_name
from autows.representations._clip_pixels import Preprocessing
from autows.representations._torch import digest, matching_torchvision
from autows.sources import hub_file, mirror, mirrored

HUB_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
"""How weights are called in a hub repository for which open_clip names no file."""
_SUFFIXES = (".safetensors", ".pt", ".pth", ".bin")


@dataclass(frozen=True)
class ClipSource:
    """A CLIP whose architecture is known and whose weights are to be found.

    Parameters
    ----------
    title : str
        What it is, for messages.
    architecture : mapping
        open_clip's model configuration: ``embed_dim``, ``vision_cfg``, ``text_cfg`` and more.
    preprocessing : Preprocessing
        How images are prepared for it.
    path : Path, optional
        A checkpoint given as a file.
    repo : str
        ``owner/name`` of the hub model, where no file was given.
    files : tuple of str
        Names that the weights may have there, in order of preference.
    """

    title: str
    architecture: Mapping[str, Any]
    preprocessing: Preprocessing
    path: Path | None = None
    repo: str = ""
    files: tuple[str, ...] = ()

    def identity(self) -> dict[str, Any]:
        """Return what embeddings depend on, as JSON values."""
        settings = {"architecture": dict(self.architecture), "preprocessing": asdict(self.preprocessing)}
        # Tuples become lists, as they will be when they are read back.
        return {"weights_sha256": digest([self.weights()]), **json.loads(json.dumps(settings))}

    def weights_at_hand(self) -> Path | None:
        """Return the weights if they are on this machine: the given file, the mirror's or the hub cache's."""
        if self.path is not None:
            return self.path
        from huggingface_hub import try_to_load_from_cache

        for file in self.files:
            found = mirrored(f"hub/{self.repo}/{file}")
            if found is not None:
                return found
        for file in self.files:
            cached = try_to_load_from_cache(self.repo, file)
            if isinstance(cached, str):
                return Path(cached)
        return None

    def weights(self) -> Path:
        """Return the weights, fetched from the hub if they are not on this machine.

        Raises
        ------
        NotApplicable
            If they are not to be had; says how to provide them.
        """
        found = self.weights_at_hand()
        if found is not None:
            return found
        from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

        first: DataMissing | None = None
        for file in self.files:
            try:
                return hub_file(self.repo, file, kind="model")
            except DataMissing as error:
                first = first or error
                absent = isinstance(error.__cause__, EntryNotFoundError)
                # Without a network the next name fails the same way, after the same wait.
                if not absent or isinstance(error.__cause__, LocalEntryNotFoundError):
                    break
        raise NotApplicable(
            f"clip: {first}, give the path of a checkpoint as pretrained, or fetch it where there is a "
            f"network: hf download {self.repo} {self.files[0]}"
        ) from first


def resolve(model: str, pretrained: str) -> ClipSource:
    """Return the CLIP that a name and a tag, or paths, stand for.

    Parameters
    ----------
    model : str
        A name that open_clip knows, or the path of a ``.json`` file with an open_clip configuration: the
        model's own, or a hub repository's ``open_clip_config.json``, which has the preprocessing too.
    pretrained : str
        A tag that open_clip knows for the model, or the path of a checkpoint.

    Raises
    ------
    UserError
        If open_clip does not know the name or the tag.
    NotApplicable
        If a file is not there or cannot be read, or torch does not match its torchvision.

    Notes
    -----
    Some tags were trained with QuickGELU although the model of that name has GELU, as ViT-B-32 with OpenAI's
    weights. open_clip 3.3 warns and builds the model with GELU, whose embeddings are wrong; here such a tag
    is obeyed.
    """
    with matching_torchvision("clip"):
        import open_clip
        from open_clip.transform import PreprocessCfg, merge_preprocess_dict

    usual = asdict(PreprocessCfg())
    path = _checkpoint(pretrained)
    if model.endswith(".json"):
        architecture, given = _read_configuration(Path(model).expanduser())
        if path is None:
            raise NotApplicable(
                f"clip: there is no checkpoint at '{pretrained}'; with a configuration as model, "
                "pretrained is the path of its weights"
            )
        return _of_file(model, architecture, merge_preprocess_dict(usual, given), path)
    known = model.replace("/", "-")
    names = open_clip.list_models()
    if known not in names:
        raise unknown_name("CLIP model", model, names, "open_clip.list_models() in Python")
    architecture = open_clip.get_model_config(known)
    tag = open_clip.get_pretrained_cfg(known, pretrained)
    if not tag:
        if path is not None:
            return _of_file(known, architecture, usual, path)
        if "/" in pretrained or pretrained.endswith(_SUFFIXES):
            raise NotApplicable(f"clip: there is no file of weights at '{pretrained}'")
        tags = open_clip.list_pretrained_tags_by_model(known)
        see = (
            f"open_clip.list_pretrained_tags_by_model('{known}') in Python, or give the path of a checkpoint"
        )
        raise unknown_name(f"weights of CLIP model {known}", pretrained, tags, see)
    repo, _, file = tag.get("hf_hub", "").rpartition("/")
    if not repo:
        raise NotApplicable(
            f"clip: open_clip {open_clip.__version__} names no hub model for {known}/{pretrained}; "
            "pip install -U open_clip_torch, or give the path of a checkpoint as pretrained"
        )
    if tag.get("quick_gelu"):
        architecture["quick_gelu"] = True
    files = HUB_FILES if not file else (f"{Path(file).stem}.safetensors", file)
    preprocessing = _preprocessing(architecture, merge_preprocess_dict(usual, tag))
    return ClipSource(
        f"{known}/{pretrained}", architecture, preprocessing, repo=repo, files=tuple(dict.fromkeys(files))
    )


def anything_at_hand() -> bool:
    """Say whether mirror or hub cache hold weights of any CLIP; fast, because open_clip is not asked."""
    from huggingface_hub import constants

    folder = mirror()
    places = [(Path(constants.HF_HUB_CACHE), "models--*/snapshots/*/{}")]
    places += [(folder, "hub/*/*/{}")] if folder else []
    names = (*HUB_FILES, "pytorch_model.*")
    return any(next(place.glob(form.format(name)), None) for place, form in places for name in names)


def is_archive(path: Path) -> bool:
    """Say whether a checkpoint is a TorchScript archive, which has code in it."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def _checkpoint(pretrained: str) -> Path | None:
    path = Path(pretrained).expanduser()
    return path if path.is_file() else None


def _of_file(
    title: str, architecture: dict[str, Any], preprocessing: Mapping[str, Any], path: Path
) -> ClipSource:
    if is_archive(path):
        if digest([path]) not in set(_openai_digests()):
            raise NotApplicable(
                f"clip: {path} is a TorchScript archive and none of OpenAI's; archives of others are not "
                "opened, because they hold code. Save its state_dict() as .safetensors"
            )
        architecture = {**architecture, "quick_gelu": True}
    try:
        how = _preprocessing(architecture, preprocessing)
    except (TypeError, ValueError) as error:
        raise NotApplicable(f"clip: {title} describes no preprocessing of images: {error}") from error
    return ClipSource(title, architecture, how, path=path)


def _openai_digests() -> Iterator[str]:
    """Yield the SHA-256 of OpenAI's archives, which are in the addresses that open_clip knows."""
    import open_clip

    for model in open_clip.list_pretrained_models_by_tag("openai"):
        parts = open_clip.get_pretrained_url(model, "openai").split("/")
        if len(parts) > 1:
            yield parts[-2]


def _read_configuration(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NotApplicable(f"clip: the configuration {path} cannot be read: {error}") from error
    wrong = f"clip: {path} is no configuration of open_clip:"
    if not isinstance(read, dict):
        raise NotApplicable(f"{wrong} it holds {read!r:.40} instead of an object")
    architecture, preprocessing = read.get("model_cfg", read), read.get("preprocess_cfg", {})
    _check_objects({"model_cfg": architecture, "preprocess_cfg": preprocessing}, wrong)
    lacking = [key for key in ("embed_dim", "vision_cfg", "text_cfg") if key not in architecture]
    if lacking:
        raise NotApplicable(f"{wrong} it has no {', '.join(lacking)}")
    _check_objects({key: architecture[key] for key in ("vision_cfg", "text_cfg")}, wrong)
    return architecture, preprocessing


def _check_objects(parts: Mapping[str, Any], wrong: str) -> None:
    for key, value in parts.items():
        if not isinstance(value, dict):
            raise NotApplicable(f"{wrong} its {key} is {value!r:.40} instead of an object")


def _preprocessing(architecture: Mapping[str, Any], settings: Mapping[str, Any]) -> Preprocessing:
    # The network's size counts, as in open_clip, whatever the settings say.
    size = architecture["vision_cfg"].get("image_size", 224)
    height, width = (size, size) if isinstance(size, int) else size
    return Preprocessing(
        height=height,
        width=width,
        mean=tuple(settings["mean"]),
        std=tuple(settings["std"]),
        interpolation=settings["interpolation"],
        resize_mode=settings["resize_mode"],
        fill=settings["fill_color"] / 255,
    )
