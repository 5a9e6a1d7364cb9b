"""Made-up files in the raw format of EMBER 2017, feature version 2, and archives of them."""

from __future__ import annotations

import json
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

LIBRARIES = (
    "KERNEL32.dll",
    "kernel32.DLL",
    "USER32.dll",
    "ADVAPI32.dll",
    "ole32.dll",
    "WS2_32.dll",
    "Ünïcode.dll",
)
SECTIONS = (".text", ".data", ".rdata", ".rsrc", ".reloc", "UPX0", "UPX1", "", "日本")
PROPS = ("CNT_CODE", "CNT_INITIALIZED_DATA", "MEM_EXECUTE", "MEM_READ", "MEM_WRITE", "MEM_DISCARDABLE")
CHARACTERISTICS = ("EXECUTABLE_IMAGE", "CHARA_32BIT_MACHINE", "RELOCS_STRIPPED", "DLL", "LARGE_ADDRESS_AWARE")
DIRECTORIES = (
    "EXPORT_TABLE",
    "IMPORT_TABLE",
    "RESOURCE_TABLE",
    "EXCEPTION_TABLE",
    "CERTIFICATE_TABLE",
    "BASE_RELOCATION_TABLE",
    "DEBUG",
    "ARCHITECTURE",
    "GLOBAL_PTR",
    "TLS_TABLE",
    "LOAD_CONFIG_TABLE",
    "BOUND_IMPORT",
    "IAT",
    "DELAY_IMPORT_DESCRIPTOR",
    "CLR_RUNTIME_HEADER",
    "RESERVED",
)
WORDS = (
    "Get",
    "Set",
    "Create",
    "Close",
    "Read",
    "Write",
    "File",
    "Window",
    "Process",
    "Thread",
    "Key",
    "Value",
    "Ex",
)


def raw_row(rng: np.random.Generator, label: int) -> dict[str, Any]:
    """Return the raw features of one made-up file, about as large as real ones (10 kB of JSON)."""

    def some(names: tuple[str, ...], most: int) -> list[str]:
        return [names[i] for i in rng.integers(len(names), size=rng.integers(most + 1))]

    def number(most: int) -> int:
        return int(rng.integers(most))

    def symbol() -> str:
        if rng.random() < 0.1:
            return f"ordinal{number(500)}"
        return "".join(WORDS[i] for i in rng.integers(len(WORDS), size=3))

    letters = rng.poisson(number(900), size=96) if rng.random() < 0.9 else np.zeros(96)
    sections = [
        {
            "name": name,
            "size": number(10**6) if rng.random() < 0.8 else 0,
            "entropy": float(rng.uniform(0, 8)) if rng.random() < 0.8 else -0.0,
            "vsize": number(10**6),
            "props": some(PROPS, 4),
        }
        for name in some(SECTIONS, 9)
    ]
    imports = {library: [symbol() for _ in range(number(50))] for library in some(LIBRARIES, 8)}
    return {
        "sha256": rng.bytes(32).hex(),
        "appeared": "2017-03",
        "label": label,
        "histogram": rng.poisson(number(20_000), size=256).tolist(),
        "byteentropy": (rng.poisson(9_000, size=256) * (rng.random(256) < 0.7)).tolist(),
        "strings": {
            "numstrings": number(20_000),
            "avlength": float(rng.uniform(5, 30)),
            "printabledist": letters.tolist(),
            "printables": int(letters.sum()),
            "entropy": float(rng.uniform(0, 7)),
            "paths": number(5),
            "urls": number(5),
            "registry": number(5),
            "MZ": number(60),
        },
        "general": {
            "size": number(10**8),
            "vsize": number(2**40),
            "has_debug": number(2),
            "exports": number(100),
            "imports": number(500),
            "has_relocations": number(2),
            "has_resources": number(2),
            "has_signature": number(2),
            "has_tls": number(2),
            "symbols": number(1000),
        },
        "header": {
            "coff": {
                "timestamp": number(2**32),
                "machine": ("I386", "AMD64", "")[number(3)],
                "characteristics": some(CHARACTERISTICS, 5),
            },
            "optional": {
                "subsystem": ("WINDOWS_GUI", "WINDOWS_CUI", "NATIVE")[number(3)],
                "dll_characteristics": some(("DYNAMIC_BASE", "NX_COMPAT", "GUARD_CF"), 3),
                "magic": ("PE32", "PE32_PLUS")[number(2)],
                "major_image_version": number(10),
                "minor_image_version": number(10),
                "major_linker_version": number(15),
                "minor_linker_version": number(60),
                "major_operating_system_version": number(11),
                "minor_operating_system_version": number(3),
                "major_subsystem_version": number(7),
                "minor_subsystem_version": number(3),
                "sizeof_code": number(10**7),
                "sizeof_headers": number(4096),
                "sizeof_heap_commit": number(10**5),
            },
        },
        "section": {
            "entry": sections[number(len(sections))]["name"] if sections else "",
            "sections": sections,
        },
        "imports": imports,
        "exports": [symbol() for _ in range(number(20))] if rng.random() < 0.3 else [],
        "datadirectories": [
            {"name": name, "size": number(2**20), "virtual_address": number(2**32)}
            for name in (DIRECTORIES, DIRECTORIES, DIRECTORIES[:7], ())[number(4)]
        ],
    }


def raw_rows(n: int, seed: int, labels: Iterable[int] = (0, 1)) -> Iterator[dict[str, Any]]:
    """Yield made-up files with labels in turn."""
    rng = np.random.default_rng(seed)
    labels = tuple(labels)
    for row in range(n):
        yield raw_row(rng, labels[row % len(labels)])


def changed(row: Mapping[str, Any], *path: str, to: Any = None) -> dict[str, Any]:
    """Return a copy of a row with one field changed, or without it if ``to`` is not given."""
    copy = inner = json.loads(json.dumps(row))
    for key in path[:-1]:
        inner = inner[key]
    if to is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = to
    return copy


def as_lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Yield rows as JSON lines."""
    return (json.dumps(row).encode() + b"\n" for row in rows)


def pack(
    path: Path, members: Mapping[str, Iterable[bytes]], folder: str = "ember_2017_2", compresslevel: int = 1
) -> Path:
    """Write an archive with members of the given lines, in the given order, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        tarfile.open(path, "w:bz2", compresslevel=compresslevel) as tar,
        tempfile.TemporaryDirectory() as place,
    ):
        for name, lines in members.items():
            content = Path(place) / "member"
            with content.open("wb") as stream:
                stream.writelines(lines)
            tar.add(content, f"{folder}/{name}" if folder else name)
    return path
