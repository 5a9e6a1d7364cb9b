from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import upstream as up

from autows import representations
from autows.draws import draw
from autows.errors import AutoWSError, DataMissing, UserError
from autows.runs.views import make_view
from tasks.cifar10 import Cifar10
from tasks.ecg import STRIDES, WINDOW, Ecg, standardised, window_starts
from tasks.fashion_mnist import FashionMnist
from tasks.imdb import Imdb
from tasks.kmnist import Kmnist
from tasks.mnist import Mnist
from tasks.permuted_mnist import PermutedMnist, bit_reversal
from tasks.spherical_mnist import SphericalMnist, project, random_rotations, sphere_grid
from tasks.yelp import Yelp
from tasks.youtube import Youtube

SIZES = {"train": 30, "test": 12}


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """An empty mirror and a cache of its own."""
    monkeypatch.setenv("AUTOWS_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("AUTOWS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "mirror").mkdir()
    return tmp_path / "mirror"


def cache_is_clean(mirror):
    entries = list((mirror.parent / "cache" / "tasks").glob("*"))
    return not [entry for entry in entries if entry.is_dir()]


@pytest.mark.parametrize("cls", [Mnist, FashionMnist, Kmnist, Cifar10])
def test_hub_images_are_read_as_they_are(mirror, cls):
    content = up.hub_images(mirror, cls, SIZES)
    data = up.small(cls, 30, 12).load()
    for side, split in (("pool", "train"), ("test", "test")):
        X, y = content[split]
        assert np.array_equal(getattr(data, f"X_{side}"), X)
        assert getattr(data, f"X_{side}").dtype == np.uint8
        assert getattr(data, f"y_{side}").tolist() == y.tolist()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (dict(label=10), r"row 29 of ylecun/mnist \(train\) has label 10; expected 0 to 9"),
        (dict(image=True), r"row 29 of ylecun/mnist \(train\) is not a readable image"),
        (dict(image_name="picture"), "has columns picture, label; expected 'image' and 'label'"),
        (dict(parquet=True), r"hub/ylecun/mnist cannot be read .*Fetch it again"),
    ],
)
def test_damaged_hub_images_are_named_and_nothing_is_cached(mirror, damage, message):
    up.hub_images(mirror, Mnist, SIZES, **damage)
    with pytest.raises(AutoWSError, match=message):
        up.small(Mnist, 30, 12).load()
    assert cache_is_clean(mirror)


def test_sizes_that_are_not_the_cards_are_refused(mirror):
    up.hub_images(mirror, Mnist, SIZES)
    with pytest.raises(AutoWSError, match="Task 'mnist' has 30 pool rows; its card says 60000"):
        Mnist().load()
    assert cache_is_clean(mirror)


def test_a_missing_source_says_what_from_where_and_how(mirror):
    with pytest.raises(DataMissing) as caught:
        Mnist().load()
    message = str(caught.value)
    assert "hub dataset ylecun/mnist" in message
    assert "put it at hub/ylecun/mnist/" in message
    assert "AUTOWS_MIRROR" in message
    assert "\n" not in message
    with pytest.raises(DataMissing, match=r"classification/yelp.zip .*put it at hub/jieyuz2/WRENCH"):
        Yelp().load()


def test_a_mirror_that_is_not_a_folder_is_the_users_mistake(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOWS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("AUTOWS_MIRROR", str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match=r"AUTOWS_MIRROR names .*nowhere, which cannot be read: No such file"):
        Mnist().load()


def test_permuted_mnist_permutes_every_picture_alike(mirror, monkeypatch):
    content = up.hub_images(mirror, Mnist, SIZES)
    plain = up.small(Mnist, 30, 12)
    monkeypatch.setattr("tasks.permuted_mnist.Mnist", lambda: plain)
    data = up.small(PermutedMnist, 30, 12).load()
    order = bit_reversal(28)
    assert sorted(order.tolist()) == list(range(28))
    for i in (0, 29):
        assert np.array_equal(data.X_pool[i], content["train"][0][i][np.ix_(order, order)])
    assert data.y_test.tolist() == content["test"][1].tolist()


def test_spherical_mnist_turns_pool_and_test_independently(mirror, monkeypatch):
    up.hub_images(mirror, Mnist, {"train": 12, "test": 12})
    plain = up.small(Mnist, 12, 12)
    monkeypatch.setattr("tasks.spherical_mnist.Mnist", lambda: plain)
    data = up.small(SphericalMnist, 12, 12).load()
    assert data.X_pool.shape == (12, 60, 60)
    again = up.small(SphericalMnist, 12, 12).read()
    assert np.array_equal(again.X_pool, data.X_pool)
    X = np.repeat(plain.load().X_pool[:1], 2, axis=0)
    twice = project(X, random_rotations(2, np.random.default_rng(0)), 30)
    assert not np.array_equal(twice[0], twice[1])


def test_projection_equals_its_plain_definition():
    rng = np.random.default_rng(1)
    X = rng.integers(0, 256, size=(2, 28, 28), dtype=np.uint8)
    R = random_rotations(2, rng)
    assert np.allclose(R @ R.transpose(0, 2, 1), np.eye(3))
    assert np.allclose(np.linalg.det(R), 1)
    got = project(X, R, 4)
    grid = sphere_grid(4)
    assert np.allclose(np.linalg.norm(grid, axis=-1), 1)
    inside = 0
    for n in range(2):
        for i in range(8):
            for j in range(8):
                x, y, z = R[n] @ grid[i, j]
                # From the north pole through the point to the plane that touches the south pole.
                u, v = 2 * x / (1 - z), 2 * y / (1 - z)
                expected = 0.0
                if abs(u) <= 1.5 and abs(v) <= 1.5:
                    inside += 1
                    column, row = (u + 1.5) / 3 * 27, (v + 1.5) / 3 * 27
                    c, r = min(int(column), 26), min(int(row), 26)
                    fc, fr = column - c, row - r
                    P = X[n].astype(float)
                    top = P[r, c] * (1 - fc) + P[r, c + 1] * fc
                    bottom = P[r + 1, c] * (1 - fc) + P[r + 1, c + 1] * fc
                    expected = top * (1 - fr) + bottom * fr
                assert abs(float(got[n, i, j]) - expected) <= 0.5 + 1e-3
    assert inside > 20


@pytest.mark.parametrize("cls", [Yelp, Imdb])
def test_wrench_texts_labels_and_votes(mirror, cls):
    _, content = up.wrench_zip(mirror, cls.archive, {"train": 25, "valid": 5, "test": 10})
    data = up.small(cls, 25, 10).load()
    rows = list(content["train"].values())
    assert list(data.X_pool) == [row["data"]["text"] for row in rows]
    assert data.y_pool.tolist() == [row["label"] for row in rows]
    assert data.votes_pool.tolist() == [row["weak_labels"] for row in rows]
    assert data.votes_pool.dtype == np.int8
    assert len(data.X_test) == len(data.votes_test) == 10


def test_rows_of_wrench_are_in_numerical_order(mirror):
    up.wrench_zip(mirror, "yelp", {"train": 12, "test": 3})
    data = up.small(Yelp, 12, 3).load()
    assert [text.split()[2] for text in data.X_pool] == [str(i) for i in range(12)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda items: items["0"].pop("weak_labels"), "not laid out as WRENCH's files are .KeyError"),
        (lambda items: items["0"].update(weak_labels=[0]), "not laid out as WRENCH's files are .ValueError"),
        (lambda items: items["0"].update(weak_labels=[0, 2, 1]), "must be rows of votes from -1 to 1"),
        (lambda items: items["0"].update(label=2), "labels from 0 to 2; its card names 2 classes"),
        (lambda items: items["0"].pop("data"), "KeyError"),
    ],
)
def test_damaged_wrench_archives_are_named(mirror, change, message):
    up.wrench_zip(mirror, "yelp", {"train": 25, "test": 10}, change=change)
    with pytest.raises(AutoWSError, match=message):
        up.small(Yelp, 25, 10).load()
    assert cache_is_clean(mirror)


def test_a_truncated_zip_and_a_wrong_checksum(mirror):
    path, _ = up.wrench_zip(mirror, "yelp", {"train": 25, "test": 10})
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(AutoWSError, match=r"yelp\.zip is not a readable zip .*Delete it and fetch it again"):
        up.small(Yelp, 25, 10).load()
    up.wrench_zip(mirror, "youtube", {"train": 25, "test": 10})
    with pytest.raises(AutoWSError, match=r"youtube\.zip is not the file it should be: SHA-256"):
        Youtube().load()


def test_texts_are_features(mirror):
    up.wrench_zip(mirror, "yelp", {"train": 25, "test": 10})
    task = up.small(Yelp, 25, 10)
    raw = representations.create("raw").features(task)
    assert hasattr(raw.X_pool, "indptr")
    assert raw.X_pool.shape[0] == 25
    norms = np.sqrt(np.asarray(raw.X_pool.multiply(raw.X_pool).sum(axis=1))).ravel()
    assert np.allclose(norms, 1, atol=1e-5)
    dense = representations.create("pca[n_components=3]").features(task)
    assert dense.X_pool.shape == (25, 3)
    view = make_view(task, task.load(), raw.X_pool, raw.X_test, 0, 10)
    assert view.X_seed.shape == (10, raw.X_pool.shape[1])


def test_ecg_windows_are_cut_by_class_and_split_by_record(mirror):
    content = up.ecg_zip(mirror)
    task = Ecg()
    assert task.variant() == "records-24"
    data = task.load()
    assert data.X_pool.dtype == np.float32
    assert data.X_pool.shape[1] == WINDOW
    assert not set(data.groups_pool) & set(data.groups_test)
    assert len(set(data.groups_pool)) + len(set(data.groups_test)) == 24
    assert len(set(data.groups_test)) == 5
    names = list(content)
    for side in ("pool", "test"):
        X, y, groups = (getattr(data, f"{part}_{side}") for part in ("X", "y", "groups"))
        for record in set(groups):
            signal, symbol = content[names[record]]
            label = "NAO~".index(symbol)
            mine = groups == record
            assert set(y[mine]) == {label}
            whole = (signal - signal.mean()) / signal.std()
            starts = range(0, len(signal) - WINDOW, (500, 83, 250, 25)[label])
            expected = np.stack([whole[s : s + WINDOW] for s in starts])
            # Rows are shuffled; the windows of a recording are the same set.
            assert np.allclose(np.sort(X[mine], axis=0), np.sort(expected, axis=0), atol=1e-5)


def test_seeds_of_one_recording_are_told_to_belong_together(mirror):
    up.ecg_zip(mirror)
    task = Ecg()
    data = task.load()
    view = make_view(task, data, np.asarray(data.X_pool), np.asarray(data.X_test), 0, 20)
    assert view.groups_seed.tolist() == data.groups_pool[view.seed_index].tolist()


def test_a_part_of_the_ecg_archive_is_a_run_of_its_own(mirror):
    up.ecg_zip(mirror)
    first = Ecg()
    rows, n_pool, fingerprint = draw(first, 0, 10), first.n_pool, first.fingerprint()
    assert rows.max() < n_pool == len(first.load().y_pool)
    up.ecg_zip(mirror, records=20)
    other = Ecg()
    assert other.variant() == "records-20"
    assert other.n_pool == len(other.load().y_pool) != n_pool
    assert other.fingerprint() != fingerprint


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("member", r"training2017/A00003\.mat, which training2017/REFERENCE\.csv names"),
        ("symbol", r"has a line \['A00003', 'X'\]; expected record,N\|A\|O\|~"),
        ("reference", "holds no REFERENCE.csv"),
        ("truncated", r"training2017\.zip cannot be read .*Delete it and fetch it again"),
    ],
)
def test_damaged_ecg_archives_are_named(mirror, damage, message):
    up.ecg_zip(mirror, damage=damage)
    with pytest.raises(AutoWSError, match=message):
        Ecg().load()
    assert cache_is_clean(mirror)


def test_short_and_flat_recordings():
    assert window_starts(WINDOW, 0).tolist() == []
    assert window_starts(500, 3).tolist() == []
    assert window_starts(WINDOW + 1, 3).tolist() == [0]
    assert STRIDES == (500, 83, 250, 25)
    assert standardised(np.full(10, 7, dtype=np.int16)).tolist() == [0] * 10


REAL = Path(os.environ["AUTOWS_MIRROR"]) if os.environ.get("AUTOWS_MIRROR") else None


@pytest.mark.skipif(REAL is None, reason="AUTOWS_MIRROR is not set: no real data here")
class TestRealData:
    def test_mnist(self):
        data = Mnist().load()
        assert data.X_pool.shape == (60_000, 28, 28)
        # The class counts that the data set is known for.
        assert (
            " ".join(map(str, np.bincount(data.y_pool)))
            == "5923 6742 5958 6131 5842 5421 5918 6265 5851 5949"
        )
        assert " ".join(map(str, np.bincount(data.y_test))) == "980 1135 1032 1010 982 892 958 1028 974 1009"
        assert Mnist().fingerprint() == Mnist.card.fingerprint
        assert shared_rows(data.X_pool, data.X_test) == 0

    def test_youtube(self):
        data = Youtube().load()
        assert np.bincount(data.y_pool).tolist() == [755, 831]
        assert data.votes_pool.shape == (1586, 10)
        covered = data.votes_pool != -1
        right = (data.votes_pool == data.y_pool[:, None]) & covered
        # What people wrote is better than a coin: mean accuracy of the ten functions.
        assert (right.sum(axis=0) / covered.sum(axis=0)).mean() > 0.75
        # Spam is posted more than once; known copies of pool comments in the test set, which may only shrink.
        pool = set(data.X_pool)
        assert sum(text in pool for text in data.X_test) <= 8

    def test_ecg(self):
        task = Ecg()
        data = task.load()
        assert not set(data.groups_pool) & set(data.groups_test)
        assert len(set(data.groups_pool)) + len(set(data.groups_test)) <= 8528
        assert set(np.unique(data.y_pool)) == set(np.unique(data.y_test)) == {0, 1, 2, 3}
        # A row's neighbour says no more of its class than any other row does.
        shares = np.bincount(data.y_pool) / len(data.y_pool)
        assert abs((data.y_pool[1:] == data.y_pool[:-1]).mean() - (shares**2).sum()) < 0.02


def shared_rows(pool, test):
    """How many test rows are, to the bit, also pool rows."""
    seen = {row.tobytes() for row in np.asarray(pool)}
    return sum(row.tobytes() in seen for row in np.asarray(test))
