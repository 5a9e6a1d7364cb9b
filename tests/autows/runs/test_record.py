from __future__ import annotations

import json
from dataclasses import replace

import pytest

from autows.runs.record import InvalidRecord, Key, Record

KEY = Key("t", 1, "", "raw", 1, {}, "m", {"a": 1}, "0" * 16, 0, 100)
RECORD = Record(
    key=KEY,
    status="ok",
    labels={"task": "t", "representation": "raw", "method": "m"},
    scores={"accuracy": 0.5, "log_loss": None},
    seconds={"fit": 0.1},
)


def test_a_record_survives_its_file():
    text = RECORD.to_text()
    assert Record.from_text(text) == RECORD
    assert list(json.loads(text)) == sorted(json.loads(text))


def test_every_part_of_the_key_is_identity():
    changes = dict(
        task="u",
        task_version=2,
        task_variant="sample",
        representation="pca",
        representation_version=2,
        representation_parameters={"n": 1},
        method="n",
        parameters={"a": 2},
        source_hash="1" * 16,
        draw=1,
        n_labels=50,
        encoders={"zero_shot": {"model": "clip"}},
        protocol_version=99,
    )
    ids = {replace(KEY, **{name: value}).id for name, value in changes.items()} | {KEY.id}
    assert len(ids) == len(changes) + 1
    assert replace(KEY, parameters={"a": 1}).id == KEY.id
    assert KEY.path == f"t/raw/m/draw0-n100-{KEY.id}.json"


def test_the_id_is_a_public_format():
    """A change here makes every run of every user run again; raise PROTOCOL_VERSION instead."""
    assert replace(KEY, protocol_version=1).id == "ae745c43eec4b72b"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(status="done"), "status is 'done'"),
        (dict(scores={}), "must have an accuracy"),
        (dict(scores={"accuracy": None}), "must have an accuracy"),
        (dict(scores={"accuracy": "0.5"}), "scores.accuracy is '0.5'; expected a finite number or null"),
        (dict(scores={"accuracy": float("nan")}), "scores.accuracy is nan"),
        (dict(seconds={"fit": True}), "seconds.fit is True"),
        (dict(labels={"task": "t"}), "labels has no representation"),
        (dict(status="failed"), "must say why"),
        (dict(reason=3), "record.reason is int; expected str"),
        (dict(scores=None), "record.scores is NoneType"),
    ],
)
def test_an_invalid_record_cannot_be_built(change, message):
    with pytest.raises(InvalidRecord, match=message):
        replace(RECORD, **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [(dict(draw=-1), "draw -1"), (dict(draw=True), "bool"), (dict(task=1), "key.task is int")],
)
def test_an_invalid_key_cannot_be_built(change, message):
    with pytest.raises(InvalidRecord, match=message):
        replace(KEY, **change)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda v: None, "not a JSON object"),
        (lambda v: {**v, "schema_version": 99}, "schema_version is 99; this program reads 2 to 3"),
        (lambda v: {k: x for k, x in v.items() if k != "schema_version"}, "schema_version is None"),
        (lambda v: {k: x for k, x in v.items() if k != "scores"}, r"lacks \['scores'\]"),
        (lambda v: {**v, "more": 1}, r"unknown \['more'\]"),
        (lambda v: {**v, "key": {**v["key"], "draw": "0"}}, "key.draw is str"),
        (lambda v: {**v, "key": None}, "key is not an object"),
    ],
)
def test_a_damaged_record_is_refused(damage, message):
    with pytest.raises(InvalidRecord, match=message):
        Record.from_text(json.dumps(damage(json.loads(RECORD.to_text()))))


def test_half_a_record_is_refused():
    with pytest.raises(InvalidRecord, match="not JSON"):
        Record.from_text(RECORD.to_text()[:100])


def test_a_record_of_schema_2_is_read_as_one_of_today():
    values = json.loads(RECORD.to_text())
    del values["curves"]
    old = Record.from_text(json.dumps({**values, "schema_version": 2}))
    assert old == replace(RECORD, curves={})
