"""What a stranger's files name is not created, read or fetched unless it is known or was accepted."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from click.testing import CliRunner
from handed_in import SOURCE, SUBMISSION, Handed, Mine, cell, complete, exported

from autows import sources
from autows.errors import DataMissing, UserError
from autows.submissions import accepted, schema
from autows.submissions import folder as folders
from run_bench import main

RECORD = complete(cell())
FOREIGN = ("resnet18[weights=evil/repo]", "sentence[model=/etc]", "clip[pretrained=/etc/passwd]")


def test_features_with_their_defaults_are_known_and_others_by_name():
    known = accepted.accepted(["pca[n_components=50]"])
    accepted.refuse_others(["raw", "resnet18", "clip", "pca[n_components=50]"], known)
    for spec in (*FOREIGN, "pca[n_components=51]", "nothing"):
        with pytest.raises(schema.InvalidSubmission, match=r"are not looked into: .* --accept"):
            accepted.refuse_others([spec], known)
    assert accepted.spec_of("pca", {"n_components": 100}) == "pca"
    assert accepted.spec_of("resnet18", {"weights": "evil/repo"}) == FOREIGN[0]
    with pytest.raises(UserError, match="Unknown representation 'x'"):
        accepted.spec_of("x", {})


@pytest.fixture
def _nothing_is_created(monkeypatch):
    def create(*arguments, **parameters):
        raise AssertionError(f"created: {arguments}, {parameters}")

    monkeypatch.setattr("autows.representations.create", create)


def verify(folder, *more):
    return CliRunner().invoke(main, ["verify", str(folder), "--cells", "0", *more])


@pytest.mark.usefixtures("_nothing_is_created")
@pytest.mark.parametrize("spec", FOREIGN)
def test_foreign_features_of_a_method_are_not_created(tmp_path, spec):
    made = replace(SUBMISSION, representations=(spec,))
    folders.write(tmp_path / "mine-2", made, SOURCE, [RECORD])
    found = verify(tmp_path / "mine-2")
    assert found.exit_code == 1, found.output
    assert f"FAIL cells: features '{spec}' are not looked into" in found.stdout


@pytest.mark.usefixtures("_nothing_is_created")
def test_foreign_features_of_answers_are_not_created(tmp_path):
    made = replace(SUBMISSION, kind="predictions", negative_controls={}, parameters={})
    key = replace(
        RECORD.key,
        parameters={},
        representation="resnet18",
        representation_parameters={"weights": "evil/repo"},
    )
    record = replace(RECORD, key=key, labels={**RECORD.labels, "representation": FOREIGN[0]})
    folders.write(tmp_path / "mine-2", made, None, [record])
    found = verify(tmp_path / "mine-2")
    assert f"FAIL cells: features '{FOREIGN[0]}' are not looked into" in found.stdout
    # Parameters count, whatever the label says.
    folders.write(
        tmp_path / "mine-2",
        made,
        None,
        [replace(record, labels={**RECORD.labels, "representation": "resnet18"})],
    )
    assert "FAIL cells: features" in verify(tmp_path / "mine-2").stdout


def test_foreign_tasks_are_not_created(tmp_path):
    made = replace(SUBMISSION, tasks=("digits[source=/etc]",))
    folders.write(tmp_path / "mine-2", made, SOURCE, [RECORD])
    assert "FAIL cells: Unknown task 'digits[source=/etc]'" in verify(tmp_path / "mine-2").stdout


def test_an_export_that_comes_with_answers_is_looked_at_first(tmp_path):
    manifest = exported(Handed(), tmp_path / "export")
    known = accepted.accepted()
    accepted.check_manifest(manifest, known)
    for change in (
        {"zero_shot": FOREIGN[2]},
        {"representation": "sentence", "representation_parameters": {"model": "/etc"}},
    ):
        with pytest.raises(schema.InvalidSubmission, match="are not looked into"):
            accepted.check_manifest(replace(manifest, **change), known)


class Asking(Mine):
    """A method that needs zero-shot answers."""

    needs = frozenset({"zero_shot"})


@pytest.mark.parametrize(
    ("stated", "given", "message"),
    [
        ("auto", "glyph_clip", None),
        ("auto", "clip", None),
        ("glyph_clip", "glyph_clip", None),
        (
            "auto",
            "sentence",
            "digits / raw / draw 0: zero-shot answers are of 'sentence'; .* clip or",
        ),
        ("none", "clip", "zero-shot answers are of 'clip'"),
        ("auto", FOREIGN[2], "are not looked into"),
    ],
)
def test_the_zero_shot_model_is_the_one_that_the_record_names(stated, given, message):
    asking = replace(cell(), method=Asking())
    submission = replace(SUBMISSION, needs=("zero_shot",), zero_shot=stated)
    record = replace(RECORD, labels={**RECORD.labels, "zero_shot": given})
    arguments = ([asking], [record], submission, accepted.accepted())
    if message is None:
        (found,) = accepted.with_stated_speakers(*arguments)
        assert found.speaker.spec == given
        unnamed = accepted.with_stated_speakers([asking], [RECORD], submission, accepted.accepted())
        assert unnamed[0].speaker is None
    else:
        with pytest.raises(schema.InvalidSubmission, match=message):
            accepted.with_stated_speakers(*arguments)


def test_nothing_is_fetched_offline(tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setenv("AUTOWS_CACHE", str(tmp_path))
    monkeypatch.delenv("AUTOWS_MIRROR", raising=False)
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "0")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr("pooch.create", lambda *a, **b: pytest.fail("a download"))
    with sources.offline():
        assert os.environ["HF_HUB_OFFLINE"] == "1"
        assert constants.is_offline_mode()
        with pytest.raises(DataMissing, match=r"Cannot get x\.zip from https://example\.org"):
            sources.download("site", "x.zip", "https://example.org")
    assert not constants.HF_HUB_OFFLINE
    assert os.environ["HF_DATASETS_OFFLINE"] == "0"
    assert "HF_HUB_OFFLINE" not in os.environ
    assert "AUTOWS_OFFLINE" not in os.environ
