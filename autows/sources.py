"""Where data and weights come from: a mirror folder if there is one, else the hub or a site.

``AUTOWS_MIRROR`` names a folder that stands in for the network, for machines that have none. It is
laid out as the sources are: ``hub/<owner>/<name>/...`` as the hub repository, ``<site>/<file>`` for
plain downloads.

``AUTOWS_OFFLINE``, set to anything, leaves mirror and caches as the only places; :func:`offline` sets it.
"""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autows.cache import cache_folder
from autows.errors import AutoWSError, DataMissing, UserError
from autows.files import make_folder, sha256


def mirror() -> Path | None:
    """Return the folder that ``AUTOWS_MIRROR`` names, or None if it is not set.

    Raises
    ------
    UserError
        If it names something that is not a readable folder.
    """
    named = os.environ.get("AUTOWS_MIRROR")
    if not named:
        return None
    folder = Path(named).expanduser().resolve()
    try:
        next(iter(folder.iterdir()), None)
    except OSError as error:
        raise UserError(f"AUTOWS_MIRROR names {folder}, which cannot be read: {error.strerror}") from error
    return folder


def mirrored(path: str) -> Path | None:
    """Return a file or folder of the mirror, or None if it is not there (or there is no mirror)."""
    folder = mirror()
    if folder is None or not (folder / path).exists():
        return None
    return folder / path


@contextmanager
def offline() -> Iterator[None]:
    """Keep this process, and those that it starts meanwhile, from fetching anything."""
    wanted = dict.fromkeys(("AUTOWS_OFFLINE", "HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"), "1")
    before = {name: os.environ.get(name) for name in wanted}
    # These read the environment when they are imported, which may have been before.
    names = ("huggingface_hub.constants", "datasets.config")
    readers: list[tuple[Any, bool]] = [
        (sys.modules[name], sys.modules[name].HF_HUB_OFFLINE) for name in names if name in sys.modules
    ]
    os.environ.update(wanted)
    for module, _ in readers:
        module.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        for module, value in readers:
            module.HF_HUB_OFFLINE = value
        for name, old in before.items():
            os.environ.pop(name)
            if old is not None:
                os.environ[name] = old


def hub_file(
    repo: str, path: str, revision: str = "main", kind: str = "dataset", digest: str | None = None
) -> Path:
    """Return a file of a hub repository, from the mirror or downloaded once.

    Parameters
    ----------
    repo : str
        ``owner/name``.
    path : str
        The file inside it.
    revision : str
        Commit, tag or branch.
    kind : str, default "dataset"
        ``dataset`` or ``model``.
    digest : str, optional
        Expected SHA-256 in hexadecimal.

    Raises
    ------
    DataMissing
        If it is neither in the mirror nor to be had from the hub; says where to put it.
    AutoWSError
        If it is not the file it should be.
    """
    found = mirrored(f"hub/{repo}/{path}")
    if found is None:
        from huggingface_hub import hf_hub_download

        try:
            found = Path(hf_hub_download(repo, path, repo_type=kind, revision=revision))
        except Exception as error:
            raise _missing(f"{path} of the hub {kind} {repo}", f"hub/{repo}/{path}", error) from error
    return _checked(found, digest)


def hub_rows(repo: str, split: str, revision: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of one split of a hub dataset, images as their encoded bytes.

    Parameters
    ----------
    repo : str
        ``owner/name``.
    split : str
        ``train`` or ``test``.
    revision : str
        Commit of the hub repository; a mirror has the one it has.

    Raises
    ------
    DataMissing
        If it is neither in the mirror nor to be had from the hub.
    AutoWSError
        If its files are damaged.
    """
    import datasets

    place = mirrored(f"hub/{repo}")
    try:
        if place is not None:
            rows = datasets.load_dataset(str(place), split=split, streaming=True)
        else:
            rows = datasets.load_dataset(repo, split=split, revision=revision, streaming=True)
        for name, feature in (rows.features or {}).items():
            if isinstance(feature, datasets.Image):
                rows = rows.cast_column(name, datasets.Image(decode=False))
    except Exception as error:
        if place is not None:
            raise _damaged(place, error) from error
        raise _missing(f"hub dataset {repo}", f"hub/{repo}/", error) from error
    try:
        yield from rows
    except Exception as error:
        raise _damaged(place or Path(repo), error) from error


def download(site: str, name: str, url: str, digest: str | None = None) -> Path:
    """Return a file of a site, from the mirror or downloaded once into the cache.

    Parameters
    ----------
    site, name : str
        Where it lies below the mirror and below the cache's ``downloads``.
    url : str
        Where to download it from.
    digest : str, optional
        Expected SHA-256 in hexadecimal; a file of the mirror is not held to it, because a mirror may
        have a part of an archive on purpose.

    Raises
    ------
    DataMissing
        If it is not in the mirror and cannot be downloaded; says where to put it.
    """
    found = mirrored(f"{site}/{name}")
    if found is not None:
        return found
    folder = make_folder(cache_folder() / "downloads" / site, "downloads; AUTOWS_CACHE names another cache")
    if os.environ.get("AUTOWS_OFFLINE") and not (folder / name).is_file():
        raise _missing(f"{name} from {url}", f"{site}/{name}", OSError("nothing is fetched now"))
    import pooch

    try:
        # Writes under a temporary name, checks the hash, then renames.
        fetcher = pooch.create(
            folder, base_url="", registry={name: digest}, urls={name: url}, retry_if_failed=3
        )
        return Path(fetcher.fetch(name, progressbar=True))
    except Exception as error:
        raise _missing(f"{name} from {url}", f"{site}/{name}", error) from error


def _checked(path: Path, digest: str | None) -> Path:
    if digest is not None and sha256(path) != digest:
        raise AutoWSError(
            f"{path} is not the file it should be: SHA-256 {sha256(path)[:12]}, expected {digest[:12]}. "
            "Delete it and fetch it again"
        )
    return path


def _missing(what: str, place: str, error: Exception) -> DataMissing:
    reason = _shortened(str(error)) or type(error).__name__
    return DataMissing(
        f"Cannot get {what}: {reason}. Without a network, put it at {place} "
        "below a folder and name that folder in AUTOWS_MIRROR"
    )


def _shortened(text: str) -> str:
    return textwrap.shorten(text, 160, placeholder=" ...").rstrip(". ")


def _damaged(path: Path, error: Exception) -> AutoWSError:
    reason = _shortened(str(error))
    return AutoWSError(f"{path} cannot be read ({type(error).__name__}: {reason}). Fetch it again")
