"""Methods that mean no harm, as somebody would hand them in."""

from __future__ import annotations

import numpy as np

from autows import Labels, Method
from autows.errors import NotApplicable


class NearestMean(Method):
    """Give every row the class whose seeds have the nearest mean.

    More words.
    """

    name = "nearest_mean"
    family = "baseline"
    modalities = ("tabular", "image")
    pretrained_data = "none"

    def __init__(self, power: float = 2.0, soft: bool = False, note: str | None = None) -> None:
        self.power = power
        self.soft = soft
        self.note = note

    def validate(self) -> None:
        if self.power <= 0:
            raise ValueError(f"power is {self.power}; expected a positive number")

    @property
    def requirements(self):
        return frozenset({"zero_shot"}) if self.soft else frozenset()

    def fit_predict(self, view, rng):
        classes = np.unique(view.y_seed)
        means = np.stack([np.asarray(view.X_seed[view.y_seed == k].mean(axis=0)).ravel() for k in classes])

        def nearest(X):
            return classes[np.argmin((means**2).sum(axis=1) - self.power * (X @ means.T), axis=1)]

        return Labels(
            pool=nearest(view.X_pool),
            test=nearest(view.X_test),
            n_classes=view.n_classes,
            info={"random": float(rng.random()), "note": self.note},
        )


class Everything(Method):
    """Use all that a view can hold, and answer with all that labels can hold."""

    name = "everything"
    needs = frozenset({"class_names", "zero_shot", "class_embeddings"})

    def fit_predict(self, view, rng):
        assert view.class_names is not None
        assert view.prompts is not None
        assert view.template_embeddings is not None
        assert np.array_equal(view.X_pool[view.seed_index], view.X_seed)
        assert not view.X_pool.flags.writeable
        assert not view.y_seed.flags.writeable
        first = {"pool": view.X_pool[:, 0] > 0, "test": view.X_test[:, 0] > 0, "seed": view.X_seed[:, 0] > 0}
        votes = {
            f"{name}_votes": np.where(yes, 1, -1).astype(np.int8)[:, None] for name, yes in first.items()
        }
        return Labels(
            pool=view.zero_shot_pool,
            test=view.zero_shot_test,
            n_classes=view.n_classes,
            pool_covered=first["pool"],
            test_covered=first["test"],
            lfs=({"feature": 0, "scale": view.logit_scale, "names": list(view.class_names)},),
            info={
                "scale": view.logit_scale,
                "groups": view.groups_seed.tolist(),
                "templates": list(view.prompts),
                "embeddings": float(view.template_embeddings.sum()),
            },
            **votes,
        )


class Shy(Method):
    """Does not want to."""

    name = "shy"

    def __init__(self, late: bool = False) -> None:
        self.late = late

    def skip_reason(self, view):
        return None if self.late else "needs better weather"

    def fit_predict(self, view, rng):
        raise NotApplicable("the weather has changed")


class Busy(Method):
    """Import, open and start what honest methods import, open and start."""

    name = "busy"

    def fit_predict(self, view, rng):
        import getpass
        import multiprocessing
        import subprocess
        import sys
        import tempfile
        from pathlib import Path

        import joblib

        from autows import method

        assert Path.home() == Path.cwd()
        for path in (
            "/proc/cpuinfo",
            "/proc/self/status",
            "/dev/urandom",
            "/etc/passwd",
            "/sys/devices/system/cpu/online",
        ):
            with open(path, "rb") as stream:
                stream.read(16)
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "a.csv").write_text("a,1")
            Path(folder, "b").symlink_to(sys.executable)
        np.save(Path.home() / "features.npy", view.X_pool)
        with multiprocessing.Pool(1) as pool:
            roots = pool.map(abs, [-1, 2])
        roots += joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(i) for i in (-3, 4))
        said = subprocess.run([sys.executable, "-c", "print(5)"], capture_output=True, text=True, check=True)
        print("a word on what I do")
        return Labels(
            pool=np.zeros(len(view.X_pool), dtype=int),
            test=np.zeros(len(view.X_test), dtype=int),
            n_classes=view.n_classes,
            info={
                "user": getpass.getuser(),
                "roots": [*roots, int(said.stdout)],
                "methods": len(method.names()),
                "hash": hash("a text"),
            },
        )
