from __future__ import annotations

import os
import time

import numpy as np

from autows.runs.workers import Worker

KEPT = []


def grow(megabytes, seconds):
    KEPT.append(np.ones(megabytes * 2**17))
    time.sleep(seconds)
    return os.getpid()


def test_a_worker_that_has_grown_goes_on():
    worker = Worker()
    try:
        # loky would look at the memory a second after it has last done so.
        first = worker.call(grow, 400, 1.1)
        time.sleep(0.3)
        assert worker.call(grow, 0, 0.0) == first
    finally:
        worker.close(at_once=True)
