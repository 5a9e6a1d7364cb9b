"""Small files in the layouts of the sources, so that every loader is exercised without them."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np


def small(task_class, n_pool, n_test):
    """Return a task of the class whose card expects small sizes."""
    card = replace(task_class.card, n_pool=n_pool, n_test=n_test, fingerprint=None)
    return type(task_class.__name__, (task_class,), {"card": card, "__module__": task_class.__module__})()


def png(array):
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


def pictures(shape, rows, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, size=(rows, *shape), dtype=np.uint8), np.arange(rows) % 10


def hub_images(mirror: Path, task_class, rows, **damage):
    """Write a hub repository of images as parquet files; return what is in it by split."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    image, label = task_class.columns
    folder = mirror / "hub" / task_class.repo / "data"
    folder.mkdir(parents=True)
    content = {}
    for seed, (split, n) in enumerate(rows.items()):
        X, y = pictures(task_class.shape, n, seed)
        labels = [int(v) for v in y]
        if damage.get("label") is not None:
            labels[-1] = damage["label"]
        encoded = [{"bytes": png(x), "path": None} for x in X]
        if damage.get("image"):
            encoded[-1]["bytes"] = encoded[-1]["bytes"][:40]
        table = pa.table({damage.get("image_name", image): encoded, label: pa.array(labels, type=pa.int64())})
        path = folder / f"{split}-00000-of-00001.parquet"
        pq.write_table(table, path)
        if damage.get("parquet"):
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        content[split] = X, y
    return content


def wrench_zip(mirror: Path, name, rows, votes=3, change=None):
    """Write a WRENCH archive; return texts, labels and votes by split."""
    path = mirror / "hub" / "jieyuz2" / "WRENCH" / "classification" / f"{name}.zip"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {}
    with zipfile.ZipFile(path, "w") as archive:
        for split, n in rows.items():
            rng = np.random.default_rng(n)
            items = {
                str(i): {
                    "data": {"text": f"{split} text {i} über {'good' if i % 2 else 'bad'} things"},
                    "label": i % 2,
                    "weak_labels": [int(v) for v in rng.integers(-1, 2, size=votes)],
                }
                for i in range(n)
            }
            if change is not None:
                change(items)
            archive.writestr(f"{name}/{split}.json", json.dumps(items))
            content[split] = items
        archive.writestr(f"{name}/label.json", json.dumps({"0": "a", "1": "b"}))
    return path, content


def ecg_zip(mirror: Path, records=24, damage=None):
    """Write a PhysioNet archive of short recordings; return signals and symbols by record."""
    from scipy.io import savemat

    path = mirror / "physionet" / "training2017.zip"
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    content, lines = {}, []
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(records):
            name, symbol = f"A{i:05d}", "NAO~"[i % 4]
            signal = rng.integers(-500, 500, size=2_700 + 100 * i).astype(np.int16)
            buffer = io.BytesIO()
            savemat(buffer, {"val": signal[None]}, format="4")
            if damage != "member" or i != 3:
                archive.writestr(f"training2017/{name}.mat", buffer.getvalue())
            archive.writestr(f"training2017/{name}.hea", f"{name} 1 300 {len(signal)}\n")
            lines.append(f"{name},{'X' if damage == 'symbol' and i == 3 else symbol}")
            content[name] = signal, symbol
        if damage != "reference":
            archive.writestr("training2017/REFERENCE.csv", "\n".join(lines) + "\n")
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:2000])
    return content
