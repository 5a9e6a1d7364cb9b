"""The source hash: what is followed, what is left out, and what makes it change."""

from __future__ import annotations

import hashlib
import itertools
import sys

import pytest

from autows import source
from autows.source import CONTRACT, source_hash

NUMBER = itertools.count()


class Package:
    """A temporary package whose modules are written from text."""

    def __init__(self, folder, **modules):
        self.name = f"made_for_source_{next(NUMBER)}"
        self.folder = folder / self.name
        self.folder.mkdir()
        self.write(__init__="", **modules)

    def write(self, **modules):
        for module, text in modules.items():
            (self.folder / f"{module}.py").write_text(text.replace("PACKAGE", self.name))

    def hash(self, module="start"):
        source_hash.cache_clear()
        return source_hash(f"{self.name}.{module}")

    def expected(self, *modules):
        """Return the hash over names and texts of these modules; "" is the package itself."""
        digest = hashlib.sha256()
        for module in sorted(modules):
            name, text = f"{self.name}.{module}".rstrip("."), self.folder / f"{module or '__init__'}.py"
            digest.update(f"{name}\0{text.read_text()}\0".encode())
        return digest.hexdigest()


@pytest.fixture
def package(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    made = []

    def make(**modules):
        made.append(Package(tmp_path, **modules))
        return made[-1]

    yield make
    for name in [n for n in sys.modules if n.partition(".")[0] in {p.name for p in made}]:
        del sys.modules[name]
    source_hash.cache_clear()


FAR, NEAR = "import numpy\nx = 1", "from PACKAGE.far import x"


@pytest.mark.parametrize(
    "statement",
    [
        "import PACKAGE.near",
        "import numpy, PACKAGE.near as n",
        "from PACKAGE.near import thing",
        "from .near import thing",
        "def f():\n    from PACKAGE.near import thing",
        "class A:\n    def f(self):\n        if True:\n            import PACKAGE.near",
    ],
)
def test_imports_are_followed_wherever_they_stand_and_other_modules_are_not(package, statement):
    p = package(start=statement, near=NEAR, far=FAR, other="y = 1")
    before = p.hash()
    assert before == p.expected("start", "near", "far")
    p.write(other="y = 2")
    assert p.hash() == before
    for change in (
        dict(far="import numpy\nx = 2"),
        dict(near=NEAR + "\nz = 0"),
        dict(start=statement + "\n"),
    ):
        p.write(**change)
        assert p.hash() != before
        p.write(start=statement, near=NEAR, far=FAR)
        assert p.hash() == before


@pytest.mark.parametrize("statement", ["from PACKAGE import near", "from . import near", "import PACKAGE"])
def test_importing_from_a_folder_counts_all_that_lies_in_it(package, statement):
    p = package(start=statement, near=NEAR, far=FAR, other="y = 1")
    before = p.hash()
    assert before == p.expected("", "start", "near", "far", "other")
    p.write(other="y = 2")
    assert p.hash() != before


def test_modules_that_import_one_another_do_not_go_round_for_ever(package):
    p = package(start="import PACKAGE.near", near="import PACKAGE.start")
    assert p.hash() == p.expected("start", "near")


def test_contract_modules_and_other_peoples_packages_are_left_out(package):
    p = package(start="import numpy, pytest\nfrom autows.types import Labels\nfrom autows import method")
    assert p.hash() == p.expected("start")
    assert {"autows.types", "autows.method", "autows.registry", "autows.task"} <= CONTRACT


def test_what_computes_is_followed_into_the_project(package):
    alone = package(start="x = 1")
    using = package(start="from autows.folds import stratified_folds")
    assert alone.hash() == alone.expected("start")
    assert using.hash() != using.expected("start")


def test_label_models_are_in_the_hash_of_snuba_and_the_runner_is_not(monkeypatch):
    seen = []

    def watched(name, files=source._files):
        for part, path in files(name):
            seen.append(part)
            yield part, path

    monkeypatch.setattr(source, "_files", watched)
    source_hash.cache_clear()
    source_hash("autows.methods.snuba")
    assert {"autows.label_models.dawid_skene", "autows.label_models._onehot", "autows.lfs.stumps"} <= set(
        seen
    )
    assert not any(part.startswith(("baselines", "autows.runs", "leaderboard")) for part in seen)
