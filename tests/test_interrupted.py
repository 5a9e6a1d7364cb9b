"""Ctrl-C in the first second: one line and status 130, whatever is being imported or started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from run_bench import INTERRUPTED

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.skipif(not hasattr(os, "setsid"), reason="needs POSIX process groups")


def start(results, **environment):
    command = [sys.executable, str(ROOT / "run_bench.py"), "run", "--tasks", "breast_cancer", "--draws", "2"]
    command += ["--representations", "raw", "--methods", "majority_class", "--jobs", "2"]
    return subprocess.Popen(
        [*command, "--results", str(results)],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # Tests that run in the background ignore it, and so would this.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def interrupted(process):
    """Press Ctrl-C, which everybody in the group hears; return what is said."""
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, b"")
    return err.decode()


def test_while_the_program_itself_is_imported(tmp_path):
    (tmp_path / "click.py").write_text("import time\nprint(flush=True)\ntime.sleep(60)\n")
    process = start(tmp_path / "r", PYTHONPATH=str(tmp_path))
    assert process.stdout.read(1) == b"\n"
    assert interrupted(process) == f"\n{INTERRUPTED}\n"


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.25, 0.5])
def test_while_workers_start(tmp_path, seconds):
    process = start(tmp_path / "r")
    # The bar is there just before the first worker is.
    shown = process.stderr.read(1)
    time.sleep(seconds)
    said = shown.decode() + interrupted(process)
    assert "Traceback" not in said
    assert "Error" not in said
    assert said.endswith(f"\n{INTERRUPTED}\n")
    assert said.count(INTERRUPTED) == 1
