from __future__ import annotations

import importlib.metadata
import sys

import pytest

import tasks
from autows import label_models, method, representations
from autows.errors import AutoWSError, UserError
from autows.method import Method
from autows.registry import Registry
from autows.task import Task

METHOD = '''
import numpy as np
from autows import Labels, Method
class {cls}(Method):
    """A method."""
    name = "{name}"
    def fit_predict(self, view, rng):
        return Labels(np.zeros(len(view.X_pool), int), np.zeros(len(view.X_test), int), view.n_classes)
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return a function that puts modules into a package folder of the test's own."""
    folder = tmp_path / "entrants_of_test"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)

    def add(**modules):
        for name, text in modules.items():
            (folder / f"{name}.py").write_text(text)
        return Registry("method", Method, ("entrants_of_test", "package_that_is_not_there"))

    yield add
    for name in [n for n in sys.modules if n.startswith("entrants_of_test")]:
        del sys.modules[name]


def test_an_entrant_is_found_because_its_module_is_in_the_folder(package):
    registry = package(first=METHOD.format(cls="First", name="first"), _helper="x = 1")
    assert registry.names() == ["first"]
    assert registry.create("first").spec == "first"
    assert "entrants_of_test._helper" not in sys.modules


def test_names_do_not_import_modules(package):
    assert package(broken="raise RuntimeError").names() == ["broken"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "holds 0 public classes derived from Method"),
        (METHOD.format(cls="A", name="m") + METHOD.format(cls="B", name="m"), "holds 2 public classes"),
        (METHOD.format(cls="A", name="other"), "registered as 'm' but its class says name = 'other'"),
    ],
)
def test_a_module_that_does_not_keep_the_contract_is_named(package, text, message):
    with pytest.raises(AutoWSError, match=message):
        package(m=text).get("m")


def test_other_packages_add_entrants_by_entry_point(package, tmp_path):
    registry = package(plug=METHOD.format(cls="Plug", name="plug"))
    info = tmp_path / "other_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[autows.methods]\nplug = entrants_of_test.plug:Plug\n")
    importlib.invalidate_caches()
    outside = Registry("method", Method, ("autows.methods", "baselines"))
    assert "plug" in outside.names()
    assert type(outside.create("plug")).__name__ == "Plug"
    with pytest.raises(
        AutoWSError, match=r"'plug' is claimed by entrants_of_test\.plug and entrants_of_test"
    ):
        Registry("method", Method, registry.packages).get("plug")


@pytest.mark.parametrize(
    ("registry", "wrong", "meant"),
    [
        (method, "snubba", "snuba"),
        (tasks, "digit", "digits"),
        (representations, "pcaa", "pca"),
        (label_models, "dawidskene", "dawid_skene"),
    ],
)
def test_an_unknown_name_gets_the_nearest_one(registry, wrong, meant):
    with pytest.raises(UserError, match=f"'{wrong}'. Did you mean '{meant}'\\? See: run_bench.py list "):
        registry.create(wrong)


def test_every_entrant_of_the_project_is_created_by_its_name():
    for registry in (method, tasks, representations, label_models):
        for name in registry.names():
            thing = registry.create(name)
            assert thing.name == name
            about = type(thing).about()
            assert about["summary"].endswith(".")
            assert about["parameters"] == thing.get_params()


def test_parameters_come_from_brackets_and_keywords():
    snuba = method.create("snuba[n_iterations=5]", keep=2)
    assert snuba.get_params() | {"n_iterations": 5, "keep": 2} == snuba.get_params()
    assert snuba.spec == "snuba[keep=2,n_iterations=5]"


def test_every_task_has_a_card_that_agrees_with_its_name():
    for name in tasks.names():
        task = tasks.create(name)
        assert isinstance(task, Task)
        assert task.card.id == name
        for other in task.card.same_as.values():
            assert other in tasks.names()
