from __future__ import annotations

import pickle
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from autows.errors import UserError
from autows.method import Method
from autows.method_file import MAX_BYTES, load_class, name_mistake, reserved_name, split_target
from autows.params import build
from autows.runs.workers import Worker
from autows.source import source_hash

METHOD = '''
import numpy as np
from autows import Labels, Method

class {cls}(Method):
    """A method."""
    name = "{name}"
    {more}
    def fit_predict(self, view, rng):
        return Labels(np.zeros(len(view.X_pool), int), np.zeros(len(view.X_test), int), view.n_classes)
'''


def text(cls="Mine", name="mine", more="", top=""):
    return top + METHOD.format(cls=cls, name=name, more=more)


@pytest.fixture
def file(tmp_path):
    """Return a function that writes a file of a method."""

    def write(content=None, name="mine.py"):
        path = tmp_path / name
        path.write_text(text() if content is None else content)
        return path

    yield write
    for name in [n for n in sys.modules if n.startswith("_autows_method_file_")]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("mine.py", ("mine.py", None)),
        ("a/b/mine.py:Mine", ("a/b/mine.py", "Mine")),
        ("a:b/mine.py", ("a:b/mine.py", None)),
        ("a:b/mine.py:Mine", ("a:b/mine.py", "Mine")),
        ("mine.txt", ("mine.txt", None)),
    ],
)
def test_targets_are_split_at_the_class(target, expected):
    path, name = expected
    assert split_target(target) == (Path(path), name)


@pytest.mark.parametrize("target", ["mine.py:", "mine.py:9a", "mine.py:a b", ":Mine"])
def test_what_is_no_target_is_said(target):
    with pytest.raises(UserError, match=r"write FILE\.py or FILE\.py:Class"):
        split_target(target)


def test_a_file_becomes_a_class_and_leaves_no_trace(file, capsys):
    path = file(text(top="import sys; sys.path.insert(0, 'somewhere'); print('hello')\n"))
    before, modules = list(sys.path), set(sys.modules)
    cls = load_class(path)
    assert issubclass(cls, Method)
    assert cls.name == "mine"
    assert sys.path == before
    assert [n for n in set(sys.modules) - modules if "autows" in n] == [cls.__module__]
    assert [p.name for p in path.parent.iterdir()] == ["mine.py"]
    out = capsys.readouterr()
    assert (out.out, out.err) == ("", "hello\n")


def test_the_same_content_is_the_same_class_and_changed_content_another(file):
    first = load_class(file())
    assert load_class(file()) is first
    changed = load_class(file(text(more="family = 'baseline'")))
    assert changed is not first
    assert changed.family == "baseline"


def test_its_source_identifies_it_wherever_it_lies(file, tmp_path):
    first = source_hash(load_class(file()).__module__)
    (tmp_path / "elsewhere").mkdir()
    moved = load_class(file(name="elsewhere/mine.py"))
    assert source_hash(moved.__module__) == first
    assert source_hash(load_class(file(text(more="x = 1"))).__module__) != first


def test_the_class_may_be_named(file):
    path = file(text("A", "a") + text("B", "b") + text("_Hidden", "hidden"))
    assert load_class(path, "B").name == "b"
    assert load_class(path, "_Hidden").name == "hidden"
    with pytest.raises(UserError, match=r"holds several methods, A and B; say which: mine\.py:A"):
        load_class(path)


def test_a_shared_base_and_what_is_imported_are_not_meant(file):
    base = """
from autows import Method
from autows.methods.snuba import Snuba

class Base(Method):
    pass

class Mine(Base):
    name = "mine"
    def fit_predict(self, view, rng):
        pass

Same = Mine
"""
    path = file(base)
    assert load_class(path).__name__ == "Mine"
    with pytest.raises(UserError, match=r"'Snuba' of mine\.py is not a method defined there"):
        load_class(path, "Snuba")


INIT = "def __init__(self, {}):\n        pass"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x = (", r"mine\.py, line 1: not valid Python: "),
        ("x = 1\n\ny = 1 +\n", r"mine\.py, line 3: not valid Python: "),
        ("x = 1\n1 / 0\n", r"mine\.py, line 2: it fails on import: ZeroDivisionError: division by zero"),
        ("import sys\nsys.exit(3)\n", r"line 2: it fails on import: SystemExit: 3"),
        ("from autows import Nothing", "it fails on import: ImportError: cannot import name 'Nothing'"),
        (
            "import numpy.nothing",
            "it fails on import: ModuleNotFoundError: No module named 'numpy.nothing'",
        ),
        (
            "import no_such_package_1.x",
            r"mine\.py needs the package 'no_such_package_1', which is not installed",
        ),
        ("import beside_it", r"mine\.py imports 'beside_it', which lies beside it; a method is one file"),
        ("x = 1", r"mine\.py holds no method; derive a class from autows\.Method"),
        ("class Mine:\n    name = 'mine'\n", r"holds no method; derive a class from autows\.Method"),
        (
            "from autows import Method\nclass Mine(Method):\n    name = 'mine'\n",
            r"Mine in mine\.py does not implement fit_predict",
        ),
        (text(name=""), r'Mine in mine\.py has no name; set name = "\.\.\." on the class'),
        (text(name="Mine"), "has the name 'Mine'; .*expected a lowercase identifier"),
        (text(name="2x"), "has the name '2x'"),
        (text(name="a" * 65), "at most 64 characters"),
        (text(name="class"), "it is a word of Python"),
        (
            text(more="needs = {'zero_shots'}"),
            "needs with 'zero_shots'; known are class_embeddings, class_names",
        ),
        (text(more="needs = 'zero_shot'"), r"needs = 'zero_shot'; write needs = frozenset\(\{"),
        (text(more="needs = {1}"), r"needs = \{1\}; write needs"),
        (text(more="modalities = 'image'"), r"modalities = 'image'; write modalities = \(\"image\",\)"),
        (text(more="modalities = ('images',)"), "modalities with 'images'; known are field, image"),
        (text(more="family = None"), "family = None; expected text"),
        (text(more="pretrained_data = 3"), "pretrained_data = 3; expected text"),
        (text(more=INIT.format("k")), "must take named parameters with defaults; these are not: k"),
        (text(more=INIT.format("*k")), "must take named parameters with defaults; these are not: k"),
        (text(more=INIT.format("k=()")), "parameter k defaults to a tuple; parameters are strings"),
        (text(more=INIT.format("k=float('nan')")), "parameter k defaults to nan; expected a finite number"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_line(file, content, message):
    file("x = 1", name="beside_it.py")
    with pytest.raises(UserError, match=message) as error:
        load_class(file(content))
    assert "\n" not in str(error.value)
    assert not [n for n in sys.modules if n.startswith("_autows_method_file_") and "x = (" in content]


def test_a_named_class_that_is_not_there(file):
    with pytest.raises(UserError, match=r"mine\.py has no class 'Yours'; it holds Mine"):
        load_class(file(), "Yours")
    with pytest.raises(UserError, match=r"'np' of mine\.py is not a method"):
        load_class(file(), "np")


def test_what_is_not_a_file_of_python(file, tmp_path):
    (tmp_path / "folder.py").mkdir()
    for path, message in (
        (tmp_path / "nothing.py", "There is no file .*nothing"),
        (tmp_path / "mine.txt", "is not a Python file"),
        (tmp_path / "folder.py", "is a folder"),
        (file("#" * (MAX_BYTES + 1)), r"has 1048577 bytes; a method's file has at most 1048576 \(1 MiB\)"),
    ):
        with pytest.raises(UserError, match=message):
            load_class(path)
    path = tmp_path / "latin.py"
    path.write_bytes(b"x = '\xe4'\n")
    with pytest.raises(UserError, match="not valid Python"):
        load_class(path)


def spec_and_sum(method, view):
    return method.spec, method.weight, int(method.fit_predict(view, np.random.default_rng(0)).test.sum())


def test_a_method_of_a_file_goes_to_a_worker(file, blobs):
    more = "def __init__(self, weight=1.0):\n        self.weight = weight"
    path = file(text(more=more))
    mine = build(load_class(path), "method", {"weight": 2})
    view, _, _ = blobs()
    worker = Worker()
    try:
        assert worker.call(spec_and_sum, mine, view, timeout=60) == ("mine[weight=2.0]", 2.0, 0)
    finally:
        worker.end()
    sent = pickle.dumps(mine)
    assert pickle.loads(sent).weight == 2.0
    file(text(more=more + "\n    # changed"))
    with pytest.raises(UserError, match=re.escape(f"{path} was changed while it was used")):
        pickle.loads(sent)


def test_reserved_names_are_those_of_registered_methods():
    assert reserved_name("snuba")
    assert not reserved_name("mine")


@pytest.mark.parametrize("name", ["a", "two_means", "x9"])
def test_good_names(name):
    assert name_mistake(name) is None


@pytest.mark.parametrize("name", ["", None, 3, "A", "_a", "a-b", "a b", "9", "for", "ä", "a\n"])
def test_bad_names(name):
    assert name_mistake(name)
