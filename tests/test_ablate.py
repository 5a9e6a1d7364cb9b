"""The command `ablate`, from what is typed to what is printed, written and kept."""

from __future__ import annotations

import csv
import json

import pytest
from click.testing import CliRunner
from threadpoolctl import threadpool_limits

from autows.runs.record import Record
from leaderboard import stages
from run_bench import main

SPEC = "snuba[families=stumps,n_iterations=2]"


class Here:
    """A worker that is this process, where nothing has to be started."""

    def call(self, function, *arguments, timeout=None):
        with threadpool_limits(1):
            return function(*arguments)

    def close(self, at_once):
        pass


@pytest.fixture
def ablate(tmp_path, monkeypatch):
    """Return a function that runs the command on one results folder and gives its result."""
    for module in ("plan", "diagnostics.diagnose"):
        monkeypatch.setattr(f"autows.runs.{module}.Worker", Here)

    def call(axis, *arguments, methods=SPEC, representations=("--representations", "raw"), status=0):
        chosen = ("--tasks", "breast_cancer", *representations, "--draws", "2", "--methods", methods)
        results = ("--results", tmp_path / "r", "--jobs", "1")
        made = CliRunner().invoke(
            main, [str(a) for a in ("ablate", "--axis", axis, *chosen, *results, *arguments)]
        )
        assert made.exit_code == status, made.output
        return made

    return call


def files(tmp_path, folder):
    return {path: path.stat().st_mtime_ns for path in (tmp_path / "r" / folder).rglob("*.json")}


def test_stages_and_end_models_come_from_finished_runs_and_are_kept(ablate, tmp_path):
    first = ablate("stages", methods=f"{SPEC},majority_class")
    assert "breast_cancer / raw / snuba[families=stumps,n_iterations=2], 2 draws" in first.stdout
    assert "Leaving no votes to a label model, so left out: majority_class" in first.stderr
    records, diagnoses = files(tmp_path, "records"), files(tmp_path, "diagnostics")
    assert (len(records), len(diagnoses)) == (2, 4)
    second = ablate("stages")
    assert second.stdout == first.stdout
    compared = json.loads(ablate("end_model", "--json").stdout)["rows"]
    assert files(tmp_path, "records") == records
    assert {
        path: when for path, when in files(tmp_path, "diagnostics").items() if path in diagnoses
    } == diagnoses
    assert len(files(tmp_path, "diagnostics")) == 6

    by_value = {row["value"]: row for row in compared}
    kept = [Record.from_text(path.read_text()) for path in records]
    for value, name in (("soft", "end_model_accuracy"), ("none", "accuracy")):
        mean = sum(record.scores[name] for record in kept) / 2
        assert by_value[value]["accuracy"] == pytest.approx(mean, abs=1e-6)
    assert by_value["soft"]["reference"]
    waterfalls, notes = stages.read(tmp_path / "r")
    assert notes == []
    (waterfall,) = waterfalls
    shown = {row["value"]: row["accuracy"] for row in json.loads(ablate("stages", "--json").stdout)["rows"]}
    assert {stage["name"]: stage["accuracy"] for stage in waterfall["stages"]} == shown


def test_a_broken_diagnosis_is_named_and_made_again(ablate, tmp_path):
    ablate("end_model")
    path = min(files(tmp_path, "diagnostics"))
    whole = path.read_text()
    path.write_text(whole[:40])
    again = ablate("end_model")
    assert f"Computed again: {path} is not a readable diagnosis" in again.stdout
    assert path.read_text() == whole


def test_a_run_without_predictions_leaves_the_rest_and_status_1(ablate, tmp_path):
    ablate("stages")
    for path in files(tmp_path, "diagnostics"):
        path.unlink()
    beside = min((tmp_path / "r" / "records").rglob("*.npz"))
    content = bytearray(beside.read_bytes())
    content[-1] ^= 1
    beside.write_bytes(content)
    made = ablate("stages", status=1)
    assert "no diagnosis: " in made.stdout
    assert f"{beside} is missing or is not what its record was written with" in made.stdout
    assert ", 1 draw\n" in made.stdout


def test_learning_curves_say_what_a_method_is_worth(ablate, tmp_path):
    made = ablate("n_labels", "--values", "10,40,1000", "--labels", "20", "--out", tmp_path / "out")
    assert "Left out on breast_cancer, whose pool has 369 rows: 1000 labels" in made.stderr
    assert f"{SPEC} with 20 labels" in made.stdout
    assert "worth labels" in made.stdout
    named = [tmp_path / "out" / f"ablation_n_labels.{suffix}" for suffix in ("md", "csv", "json")]
    assert f"Written: {', '.join(map(str, named))}" in made.stderr
    values = json.loads(named[2].read_text())
    rows = {(row["method"], row["value"]): row for row in values["rows"]}
    assert sorted(rows) == [(m, n) for m in ("logistic_regression", SPEC) for n in (10, 20, 40)]
    assert [(row["value"], row["reference"]) for row in values["rows"][:3]] == [
        (10, False),
        (20, True),
        (40, False),
    ]
    curves = {curve["method"]: [point["n_labels"] for point in curve["points"]] for curve in values["curves"]}
    assert curves == {"logistic_regression": [10, 20, 40], SPEC: [10, 20, 40]}
    with named[1].open(newline="") as stream:
        table = list(csv.DictReader(stream))
    assert [float(row["accuracy"]) for row in table] == [row["accuracy"] for row in values["rows"]]
    text = named[0].read_text()
    assert text.startswith("# Ablation: n_labels\n\n## breast_cancer / raw, 2 draws\n\n| method")
    assert "- Left out on breast_cancer" in text


def test_representations_are_paired_against_the_first(ablate):
    made = ablate("representation", "--values", "raw,pca[n_components=3]", "--json", representations=())
    rows = {row["value"]: row for row in json.loads(made.stdout)["rows"]}
    assert sorted(rows) == ["pca[n_components=3]", "raw"]
    assert rows["raw"]["reference"]
    other = rows["pca[n_components=3]"]
    assert other["difference"] == pytest.approx(other["accuracy"] - rows["raw"]["accuracy"], abs=1e-6)
    assert other["representation"] is None


def test_polarities_are_two_methods_in_one_table(ablate, tmp_path):
    made = ablate("polarity", "--draws", "1")
    assert "unipolar (ref.)" in made.stdout
    methods = {path.parent.name for path in files(tmp_path, "records")}
    assert methods == {"snuba", "snuba_multipolar"}


@pytest.mark.parametrize(
    ("axis", "arguments", "methods", "message"),
    [
        ("polaritie", (), "snuba", "Unknown axis 'polaritie'. Did you mean 'polarity'? See: the axes are"),
        ("n_labels", ("--values", "500"), "snuba", "No pool is so large: that of breast_cancer has 369 rows"),
        ("n_labels", ("--values", "many"), "snuba", "'many' is no number of labels"),
        ("stages", (), "goggles", "None of these methods leaves votes to a label model"),
        ("stages", ("--values", "soft"), "snuba", "The axis stages has values of its own"),
        ("end_model", ("--values", "sof"), "snuba", "Unknown end model 'sof'. Did you mean 'soft'?"),
        ("representation", ("--values", ","), "snuba", "--values names nothing"),
        ("representation", ("--values", "raw"), "snuba", "Give --values or --representations"),
        ("representation", (), "snuba", "There is nothing to compare"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_run(ablate, tmp_path, axis, arguments, methods, message):
    made = ablate(axis, *arguments, methods=methods, status=2)
    assert message in made.stderr
    assert len(made.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "r").exists()


def test_a_representation_for_another_modality_is_one_line(ablate):
    made = ablate("representation", "--values", "spectral", representations=(), status=2)
    assert made.stderr.startswith("Error: Task 'breast_cancer' is tabular, on which spectral does not work.")


def test_it_is_said_where_another_label_model_answers(ablate):
    spec = "snuba[families=stumps,n_iterations=1,keep_first=1]"
    made = ablate("label_model", "--values", "metal,weighted_vote", methods=spec)
    assert "metal needs at least 3 labeling functions that vote and got 2; seed_naive_bayes answers" in (
        " ".join(made.stdout.split())
    )
    assert "weighted_vote needs" not in made.stdout
