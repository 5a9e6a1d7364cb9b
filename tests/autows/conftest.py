"""What tests of files share: how much of an archive is unpacked."""

from __future__ import annotations

import zipfile
import zlib

import pytest


@pytest.fixture
def inflated(monkeypatch):
    """Return a list that gets the number of bytes of each piece inflated, or handed out of an archive."""
    sizes, inflate, read = [], zlib.decompressobj, zipfile.ZipExtFile.read

    class Counting:
        def __init__(self, *arguments):
            self.wrapped = inflate(*arguments)

        def __getattr__(self, name):
            return getattr(self.wrapped, name)

        def decompress(self, *arguments):
            sizes.append(len(piece := self.wrapped.decompress(*arguments)))
            return piece

    def counting(stream, *arguments):
        sizes.append(len(piece := read(stream, *arguments)))
        return piece

    monkeypatch.setattr(zlib, "decompressobj", Counting)
    monkeypatch.setattr(zipfile.ZipExtFile, "read", counting)
    return sizes
