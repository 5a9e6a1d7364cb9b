"""EMBER's features beside a definition for one row and one name at a time."""

from __future__ import annotations

import numpy as np
import pytest
from ember_rows import changed, raw_rows
from sklearn.feature_extraction import FeatureHasher
from sklearn.utils import murmurhash3_32

from tasks._ember_features import BLOCKS, N_FEATURES, vectorise


def hashed(items, width):
    """Hash names, or pairs of name and value, into ``width`` numbers."""
    out = np.zeros(width)
    for item in items:
        name, value = item if isinstance(item, tuple) else (item, 1)
        code = int(murmurhash3_32(name, seed=0))
        out[abs(code) % width] += value if code >= 0 else -value
    return out


def share(counts):
    return np.array(counts) / (sum(counts) or 1)


def strings(part):
    per = part["printables"] if part["printables"] > 0 else 1
    return [
        part["numstrings"],
        part["avlength"],
        part["printables"],
        *(count / per for count in part["printabledist"]),
        part["entropy"],
        part["paths"],
        part["urls"],
        part["registry"],
        part["MZ"],
    ]


def general(part):
    names = "size vsize has_debug exports imports has_relocations has_resources has_signature has_tls symbols"
    return [part[name] for name in names.split()]


def header(part):
    coff, optional = part["coff"], part["optional"]
    versions = [
        optional[f"{which}_{what}_version"]
        for what in ("image", "linker", "operating_system", "subsystem")
        for which in ("major", "minor")
    ]
    sizes = [optional[f"sizeof_{what}"] for what in ("code", "headers", "heap_commit")]
    return np.concatenate(
        [
            [coff["timestamp"]],
            hashed([coff["machine"]], 10),
            hashed(coff["characteristics"], 10),
            hashed([optional["subsystem"]], 10),
            hashed(optional["dll_characteristics"], 10),
            hashed([optional["magic"]], 10),
            versions,
            sizes,
        ]
    )


def section(part):
    table, entry = part["sections"], part["entry"]
    counts = np.zeros(5)
    for row in table:
        counts += [
            1,
            row["size"] == 0,
            len(row["name"]) == 0,
            {"MEM_READ", "MEM_EXECUTE"} <= set(row["props"]),
            "MEM_WRITE" in row["props"],
        ]
    props = []
    for row in table:
        if row["name"] == entry:
            props += row["props"]
    return np.concatenate(
        [
            counts,
            hashed([(row["name"], row["size"]) for row in table], 50),
            hashed([(row["name"], row["entropy"]) for row in table], 50),
            hashed([(row["name"], row["vsize"]) for row in table], 50),
            hashed(list(entry), 50),
            hashed(props, 50),
        ]
    )


def imports(part):
    functions = [f"{library.lower()}:{name}" for library in part for name in part[library]]
    return np.concatenate([hashed({library.lower() for library in part}, 256), hashed(functions, 1024)])


def directories(part):
    out = np.zeros(30)
    for place, entry in enumerate(part[:15]):
        out[2 * place] = entry["size"]
        out[2 * place + 1] = entry["virtual_address"]
    return out


DEFINITION = {
    "histogram": (256, share),
    "byteentropy": (256, share),
    "strings": (104, strings),
    "general": (10, general),
    "header": (62, header),
    "section": (255, section),
    "imports": (1280, imports),
    "exports": (128, lambda part: hashed(part, 128)),
    "datadirectories": (30, directories),
}


@pytest.fixture(scope="module")
def rows():
    return list(raw_rows(60, seed=0))


@pytest.mark.parametrize("name", DEFINITION)
def test_every_block_equals_its_definition(rows, name):
    start = sum(width for width, _ in list(DEFINITION.values())[: list(DEFINITION).index(name)])
    width, make = DEFINITION[name]
    found = vectorise(rows)[:, start : start + width]
    expected = np.array([make(row[name]) for row in rows])
    np.testing.assert_allclose(found, expected, rtol=1e-7)
    assert len(np.unique(expected, axis=0)) > 3, "the rows must tell a wrong block from a right one"


def test_the_vector_has_2381_numbers_in_the_published_order():
    assert N_FEATURES == 2381
    assert list(BLOCKS.items()) == [(name, width) for name, (width, _) in DEFINITION.items()]


def test_a_batch_is_its_rows_one_by_one(rows):
    together = vectorise(rows)
    assert together.dtype == np.float32
    np.testing.assert_array_equal(together, np.concatenate([vectorise([row]) for row in rows]))


def test_hashes_are_those_of_feature_hasher(rows):
    names = rows[0]["exports"] + list(rows[0]["imports"]) + ["", "é"]
    expected = FeatureHasher(128, input_type="string").transform([names]).toarray()[0]
    np.testing.assert_array_equal(hashed(names, 128), expected)


def test_the_entry_name_is_hashed_letter_by_letter(rows):
    # Today's scikit-learn refuses what it took for a list of letters when the features were published.
    with pytest.raises(ValueError, match="single string"):
        FeatureHasher(50, input_type="string").transform([".text"])
    row = changed(rows[0], "section", to={"entry": ".text", "sections": []})
    part = vectorise([row])[0, 688:943]
    np.testing.assert_array_equal(part[:155], 0)
    np.testing.assert_array_equal(part[155:205], hashed([".", "t", "e", "x", "t"], 50))
    np.testing.assert_array_equal(part[205:], 0)


def test_sections_of_size_zero_and_without_a_name_by_hand(rows):
    table = [
        {"name": "", "size": 0, "entropy": -0.0, "vsize": 3, "props": ["MEM_READ", "MEM_EXECUTE"]},
        {"name": "", "size": 7, "entropy": 1.5, "vsize": 4, "props": ["MEM_WRITE", "MEM_READ"]},
        {"name": "x", "size": 0, "entropy": 0.0, "vsize": 0, "props": ["MEM_WRITE", "MEM_EXECUTE"]},
    ]
    part = vectorise([changed(rows[0], "section", to={"entry": "", "sections": table})])[0, 688:943]
    np.testing.assert_array_equal(part[:5], [3, 2, 2, 1, 2])
    # The hash of the empty name is 0: column 0, positive.
    assert murmurhash3_32("", seed=0) == 0
    np.testing.assert_array_equal(part[[5, 55, 105]], [7, 1.5, 7])
    np.testing.assert_array_equal(part[155:205], 0)
    np.testing.assert_array_equal(part[205:], hashed(table[0]["props"] + table[1]["props"], 50))


def test_capitals_of_a_library_count_once_and_its_functions_twice(rows):
    both = {"A.dll": ["f"], "a.DLL": ["f", "g"], "b.dll": []}
    part = vectorise([changed(rows[0], "imports", to=both)])[0, 943:2223]
    np.testing.assert_array_equal(part[:256], hashed(["a.dll", "b.dll"], 256))
    np.testing.assert_array_equal(part[256:], hashed(["a.dll:f", "a.dll:f", "a.dll:g"], 1024))


def test_empty_parts_are_zeros_and_never_nan(rows):
    row = changed(rows[0], "histogram", to=[0] * 256)
    row["byteentropy"] = [0] * 256
    row["strings"] |= {"printables": 0, "printabledist": [0.0] * 96}
    row |= {"imports": {}, "exports": [], "datadirectories": [], "section": {"entry": "", "sections": []}}
    found = vectorise([row])[0]
    assert np.isfinite(found).all()
    assert not found[:512].any()
    assert not found[515:611].any()
    assert not found[688:].any()
