"""Methods that meddle with what is around them, one way each, made from one that passes all checks."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from broken_methods import Good

ROOT = Path(__file__).resolve().parents[3]


class GlobalNumpy(Good):
    def fit_predict(self, view, rng):
        np.random.rand()  # noqa: NPY002
        return super().fit_predict(view, rng)


class GlobalPython(Good):
    def fit_predict(self, view, rng):
        random.seed(0)
        return super().fit_predict(view, rng)


class GlobalTorch(Good):
    def fit_predict(self, view, rng):
        import torch

        torch.rand(1)
        return super().fit_predict(view, rng)


class ReadsGlobalSeed(Good):
    def fit_predict(self, view, rng):
        shift = int(np.random.get_state()[1][0] != 20240229)  # noqa: NPY002
        labels = super().fit_predict(view, rng)
        return replace(labels, pool=(labels.pool + shift) % view.n_classes, pool_covered=None)


class Prints(Good):
    def fit_predict(self, view, rng):
        print("epoch 1")
        print("epoch 2")
        return super().fit_predict(view, rng)


class PrintsPastPython(Good):
    def fit_predict(self, view, rng):
        os.write(1, b"written by C\n")
        return super().fit_predict(view, rng)


class LeavesThread(Good):
    def fit_predict(self, view, rng):
        threading.Thread(target=time.sleep, args=(2.5,), name="straggler", daemon=True).start()
        return super().fit_predict(view, rng)


class LeavesProcess(Good):
    def fit_predict(self, view, rng):
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(4)"])
        return super().fit_predict(view, rng)


class OpensFile(Good):
    def fit_predict(self, view, rng):
        (ROOT / "README.md").read_text()
        return super().fit_predict(view, rng)


class OpensCache(Good):
    def fit_predict(self, view, rng):
        from autows.cache import cache_folder

        path = cache_folder() / "of_a_check" / "y_test.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text("1")
        return super().fit_predict(view, rng)


class Connects(Good):
    def fit_predict(self, view, rng):
        from contextlib import suppress

        with socket.socket() as s, suppress(OSError):
            s.settimeout(0.01)
            s.connect(("127.0.0.1", 9))
        return super().fit_predict(view, rng)


class Resolves(Good):
    def fit_predict(self, view, rng):
        from contextlib import suppress

        with suppress(OSError):
            socket.getaddrinfo("127.0.0.1", 80)
        return super().fit_predict(view, rng)


class StartsProgram(Good):
    def fit_predict(self, view, rng):
        subprocess.run([sys.executable, "-c", ""], check=True)
        return super().fit_predict(view, rng)


class ReadsToken(Good):
    def fit_predict(self, view, rng):
        os.environ.get("HF_TOKEN")
        return super().fit_predict(view, rng)


class ReadsEnvironment(Good):
    def fit_predict(self, view, rng):
        dict(os.environ)
        return super().fit_predict(view, rng)
