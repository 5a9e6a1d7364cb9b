from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from autows.checks import FAILED, Effort, run_checks
from autows.method_file import load_class
from run_bench import main

ROOT = Path(__file__).resolve().parents[2]


def cli(*arguments):
    return CliRunner().invoke(main, ["new-method", *map(str, arguments)])


def test_what_is_written_passes_its_test_and_all_checks(tmp_path):
    result = cli("two_means", "--out", tmp_path / "new")
    assert result.exit_code == 0, result.output
    method, test = tmp_path / "new" / "two_means.py", tmp_path / "new" / "test_two_means.py"
    assert result.stdout.splitlines() == [
        f"Wrote {method} and {test}. Next:",
        "",
        f"  python run_bench.py check {method}",
        f"  python -m pytest {test}",
        f"  python run_bench.py submit {method}",
    ]
    cls = load_class(method)
    assert (cls.__name__, cls.name, cls().spec) == ("TwoMeans", "two_means", "two_means")
    results = run_checks(cls, effort=Effort(pool_sizes=(150, 300, 600)))
    assert [r for r in results if r.status == FAILED] == []
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", test]
    # Plugins that happen to be installed take a second to import, and a newcomer has none.
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    out = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert out.returncode == 0, out.stdout
    assert f"{len(results) + 1} passed" in out.stdout
    assert sorted(path.name for path in method.parent.glob("*.py")) == ["test_two_means.py", "two_means.py"]


@pytest.mark.skipif(shutil.which("ruff", path=Path(sys.executable).parent) is None, reason="ruff is not here")
@pytest.mark.parametrize("name", ["two_means", "method", "x", "a" * 64])
def test_what_is_written_is_clean(tmp_path, name):
    assert cli(name, "--out", tmp_path).exit_code == 0
    ruff = shutil.which("ruff", path=Path(sys.executable).parent)
    for arguments in (("check", "--no-cache"), ("format", "--check", "--no-cache")):
        command = [ruff, *arguments, "--config", ROOT / "pyproject.toml", tmp_path]
        out = subprocess.run(command, capture_output=True, text=True, check=False)
        assert out.returncode == 0, out.stdout


def test_a_name_that_python_or_the_contract_uses_gets_another_class(tmp_path):
    assert cli("labels", "--out", tmp_path).exit_code == 0
    assert load_class(tmp_path / "labels.py").__name__ == "MyLabels"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Two", "'Two' is no name for a method: expected a lowercase identifier"),
        ("two-means", "'two-means' is no name"),
        ("../two", "is no name"),
        ("class", "it is a word of Python"),
        ("snuba", "There is a method called snuba already; choose another name"),
        ("numpy", "There is a Python package called numpy, which the file would hide"),
    ],
)
def test_bad_names_are_refused(tmp_path, name, message):
    result = cli(name, "--out", tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", ["mine.py", "test_mine.py"])
def test_nothing_is_overwritten(tmp_path, there):
    (tmp_path / there).write_text("precious")
    result = cli("mine", "--out", tmp_path)
    assert result.exit_code == 2
    assert f"{tmp_path / there} is there already" in result.stderr
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [(there, "precious")]


def test_a_folder_of_methods_is_no_place_for_a_test():
    result = cli("mine_of_test", "--out", ROOT / "baselines")
    assert result.exit_code == 2
    assert "counts as a method" in result.stderr
    assert not (ROOT / "baselines" / "mine_of_test.py").exists()
