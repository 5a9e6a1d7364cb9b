"""What each axis makes of a plan."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest
import troublemakers as t

import tasks
from autows import method, representations
from autows.draws import draw
from autows.errors import UserError
from autows.methods.snuba import Snuba
from autows.runs.ablation import find, planned_representations, stages, vary
from autows.runs.axes import AXES
from autows.runs.axes.n_labels import DEFAULT_SIZES
from autows.runs.axes.parameter import DEFAULT_VALUES, variants
from autows.runs.axes.polarity import counterpart
from autows.runs.diagnostics.diagnosis import END_MODELS, STAGE_NAMES
from autows.runs.plan import plan
from autows.task import TaskCard


def cells(methods="snuba", task="breast_cancer", features="raw", draws=1, n=100, zero_shot="auto"):
    return plan(
        [tasks.create(name) for name in task.split(",")],
        [representations.create(spec) for spec in features.split(",")],
        [method.create(spec) for spec in methods.split()],
        draws,
        n,
        zero_shot,
    )


def told(varied):
    return [(a.cell.task.card.id, a.cell.method.spec, a.value, a.reference) for a in varied.arms]


def test_every_axis_is_found_and_so_is_every_parameter():
    assert set(AXES) == {"representation", "n_labels", "polarity", "prompt", "end_model", "stages"}
    for name in AXES:
        assert find(name, []).name == name
    assert find("threshold", [method.create("iws")]).name == "threshold"


@pytest.mark.parametrize("name", ["polaritie", "threshhold", "keepp"])
def test_an_unknown_axis_lists_those_there_are(name):
    near = {"polaritie": "polarity", "threshhold": "threshold", "keepp": "keep"}[name]
    with pytest.raises(UserError) as caught:
        vary(cells("snuba iws"), name)
    message = str(caught.value)
    assert message.startswith(
        f"Unknown axis '{name}'. Did you mean '{near}'? See: the axes are representation, "
    )
    assert "\n" not in message
    assert "threshold" in message


def test_a_parameter_is_varied_where_a_method_has_it():
    varied = vary(cells("snuba logistic_regression iws"), "threshold", ["0.7"])
    assert told(varied) == [
        ("breast_cancer", "iws", 0.6, True),
        ("breast_cancer", "iws[threshold=0.7]", 0.7, False),
    ]
    assert varied.left_out == ["Without threshold, so left out: snuba, logistic_regression"]


@pytest.mark.parametrize("parameter", sorted(DEFAULT_VALUES))
def test_default_values_are_within_range_of_every_method_that_has_the_parameter(parameter):
    having = [m for m in map(method.create, ("snuba", "iws", "goggles")) if parameter in m.get_params()]
    assert having
    for one in having:
        values = [variant.get_params()[parameter] for variant in variants(one, parameter)]
        assert len(values) > 1
        assert one.get_params()[parameter] == values[0]


def test_default_values_that_do_not_go_with_other_parameters_are_passed_over():
    asked = method.create("iws[final=as]")
    assert [v.acquisition for v in variants(asked, "acquisition")] == ["lse", "as"]
    with pytest.raises(UserError, match="acquisition=all asks nothing"):
        variants(asked, "acquisition", ["all"])


def test_a_variant_that_asks_a_foundation_model_is_given_one():
    varied = vary(cells("snuba", "digits", "raw"), "families", ["stumps", "zero_shot"])
    speakers = {a.value: a.cell.speaker and a.cell.speaker.name for a in varied.arms}
    assert speakers == {"stumps+logistic": None, "stumps": None, "zero_shot": "glyph_clip"}
    textless = vary(cells("snuba", "digits", "raw,glyph_clip"), "families", ["stumps+templates"])
    assert textless.left_out == [
        "Left out, for want of text embeddings: snuba[families=stumps+templates] on digits / raw"
    ]
    assert [a.representation for a in textless.arms] == ["raw", "glyph_clip", "glyph_clip"]


def test_two_methods_must_differ_in_more_than_the_axis():
    with pytest.raises(UserError, match="snuba and snuba_multipolar differ in polarity alone"):
        vary(cells("snuba snuba_multipolar"), "polarity")
    with pytest.raises(UserError, match="differ in keep alone"):
        vary(cells("snuba snuba[keep=2]"), "keep", ["3"])
    # The same method twice is one.
    assert len(vary(cells("snuba snuba[keep=1]"), "keep", ["3"]).arms) == 2


def test_representations_are_compared_with_the_first():
    varied = vary(cells("snuba logistic_regression", features="pca,raw", draws=2), "representation")
    assert [(a.value, a.reference, a.representation) for a in varied.arms if a.method == "snuba"] == [
        *[("pca", True, None)] * 2,
        *[("raw", False, None)] * 2,
    ]
    assert len(varied.arms) == 8


def test_what_has_nothing_to_be_compared_with_is_left_out():
    both = cells("zlap logistic_regression", "digits", "raw,glyph_clip")
    varied = vary(both, "representation", ["raw", "glyph_clip", "spectral"])
    assert {a.method for a in varied.arms} == {"logistic_regression"}
    assert varied.left_out == [
        "Under one representation only, so left out: zlap on digits (glyph_clip)",
        "Task digits is image, on which these do not work: spectral",
    ]
    with pytest.raises(UserError, match="There is nothing to compare: give two representations"):
        vary(cells(), "representation")


def test_the_values_of_the_axis_of_representations_are_planned_for():
    assert planned_representations("representation", ["raw", "pca[n_components=5]"], None) == (
        "raw,pca[n_components=5]"
    )
    assert planned_representations("representation", None, "raw") == "raw"
    assert planned_representations("keep", ["1"], "raw") == "raw"
    with pytest.raises(UserError, match="Give --values or --representations"):
        planned_representations("representation", ["raw"], "raw")
    with pytest.raises(UserError, match="--values names nothing"):
        planned_representations("representation", [], None)


def test_polarity_takes_the_parameters_along():
    varied = vary(cells("snuba[keep=2] iws"), "polarity")
    assert told(varied) == [
        ("breast_cancer", "snuba[keep=2]", "unipolar", True),
        ("breast_cancer", "snuba_multipolar[keep=2]", "multipolar", False),
    ]
    assert varied.left_out == ["Having one polarity only, so left out: iws"]
    assert told(vary(cells("snuba_multipolar"), "polarity", ["unipolar"])) == [
        ("breast_cancer", "snuba_multipolar", "multipolar", True),
        ("breast_cancer", "snuba", "unipolar", False),
    ]
    with pytest.raises(UserError, match=r"Unknown snuba polarity 'bipolar'\. Did you mean 'unipolar'"):
        vary(cells(), "polarity", ["bipolar"])
    with pytest.raises(UserError, match="None of these methods has a unipolar and a multipolar form"):
        vary(cells("iws"), "polarity")


class Choosy(Snuba):
    """A counterpart with a parameter more."""

    polarities: ClassVar = {"unipolar": "choosy", "multipolar": "snuba_multipolar"}
    name = "choosy"

    def __init__(self, keep: int = 1, more: int = 0) -> None:
        super().__init__(keep=keep)
        self.more = more


def test_a_parameter_that_the_counterpart_lacks_is_dropped_at_its_default_alone():
    assert counterpart(Choosy(keep=3), "snuba_multipolar").spec == "snuba_multipolar[keep=3]"
    with pytest.raises(UserError, match="Unknown snuba_multipolar parameter 'more'"):
        counterpart(Choosy(more=1), "snuba_multipolar")


def test_numbers_of_labels_go_as_far_as_the_pool_and_companions_join():
    varied = vary(
        cells("snuba", "breast_cancer,digits", zero_shot="glyph_clip"), "n_labels", None, "glyph_clip"
    )
    sizes = {}
    for a in varied.arms:
        assert a.value == a.cell.n_labels
        assert a.reference == (a.value == 100)
        sizes.setdefault((a.cell.task.card.id, a.method), []).append(a.value)
    small = [10, 25, 50, 100, 200]
    assert sizes == {
        ("breast_cancer", "snuba"): small,
        ("breast_cancer", "logistic_regression"): small,
        ("digits", "snuba"): list(DEFAULT_SIZES),
        ("digits", "logistic_regression"): list(DEFAULT_SIZES),
        ("digits", "zero_shot_clip"): [100],
    }
    assert varied.left_out == ["Left out on breast_cancer, whose pool has 369 rows: 400, 1000 labels"]
    (spoken,) = (a.cell for a in varied.arms if a.method == "zero_shot_clip")
    assert spoken.speaker.name == "glyph_clip"
    assert spoken.prompts is None


def test_companions_that_are_there_are_not_added_again():
    given = cells("zero_shot_clip logistic_regression", "digits", draws=2)
    varied = vary(given, "n_labels", ["50", "10"])
    assert [(a.method, a.cell.draw, a.value) for a in varied.arms] == [
        *[("zero_shot_clip", k, 100) for k in range(2)],
        *[("logistic_regression", k, n) for k in range(2) for n in (10, 50, 100)],
    ]
    silent = vary(cells("snuba", "digits", zero_shot="none"), "n_labels", ["50"], "none")
    assert {a.method for a in silent.arms} == {"snuba", "logistic_regression"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["ten"], "'ten' is no number of labels"),
        (["0"], "'0' is no number of labels"),
        (["-5"], "'-5' is no number of labels"),
        (["369", "500"], "No pool is so large: that of breast_cancer has 369 rows; ask for fewer labels"),
        ([], "--values names nothing"),
    ],
)
def test_a_number_of_labels_that_cannot_be_is_told(values, message):
    with pytest.raises(UserError) as caught:
        vary(cells(), "n_labels", values)
    assert message in str(caught.value)


class Unknown(t.Absent):
    """Data that are not to be had, of a size that nobody knows."""

    card = TaskCard(**{**vars(t.Absent.card), "id": "unknown_size", "n_pool": None})


def test_where_the_data_are_missing_the_runs_will_say_so():
    varied = vary(plan([Unknown()], [representations.create("raw")], [Snuba()], 1, 20), "n_labels", ["1000"])
    assert [a.value for a in varied.arms if a.method == "snuba"] == [20, 1000]


def test_the_draws_of_a_curve_are_nested():
    varied = vary(cells("snuba", "digits", draws=2), "n_labels")
    for k in range(2):
        drawn = [
            draw(a.cell.task, k, a.cell.n_labels)
            for a in varied.arms
            if a.cell.draw == k and a.method == "snuba"
        ]
        assert [len(rows) for rows in drawn] == list(DEFAULT_SIZES)
        for fewer, more in pairwise(drawn):
            np.testing.assert_array_equal(fewer, more[: len(fewer)])


def test_end_models_and_stages_are_for_what_leaves_votes():
    given = cells("snuba goggles logistic_regression")
    varied = vary(given, "end_model", ["none"])
    assert told(varied) == [
        ("breast_cancer", "snuba", "soft", True),
        ("breast_cancer", "snuba", "none", False),
    ]
    assert varied.left_out == ["Leaving no votes to a label model, so left out: goggles, logistic_regression"]
    assert [a.value for a in vary(given, "end_model").arms] == list(END_MODELS)
    assert [a.value for a in vary(given, "stages").arms] == list(STAGE_NAMES)
    assert [a.value for a in vary(given, "stages").arms if a.reference] == ["label model"]
    with pytest.raises(UserError, match=r"Unknown end model 'sofd'\. Did you mean 'soft'"):
        vary(given, "end_model", ["sofd"])
    with pytest.raises(UserError, match="has values of its own"):
        vary(given, "stages", ["soft"])
    for axis in ("end_model", "stages"):
        with pytest.raises(UserError, match="leaves votes to a label model; try snuba"):
            vary(cells("goggles"), axis)


def test_prompts_are_one_at_a_time():
    given = cells("zero_shot_clip snuba", "digits")
    varied = vary(given, "prompt", ["a {}", "the {}"])
    assert [(a.value, a.cell.prompts, a.reference) for a in varied.arms] == [
        ("all of the card", None, True),
        ("a {}", ("a {}",), False),
        ("the {}", ("the {}",), False),
    ]
    assert varied.left_out == ["Asking no foundation model about these tasks, so left out: snuba"]


def test_runs_with_other_numbers_of_labels_do_not_share_votes():
    varied = vary(cells("snuba"), "n_labels", ["10", "50"])
    assert len(stages([a.cell for a in varied.arms])) == 1
    aggregated = vary(cells("snuba"), "label_model", ["majority_vote", "metal"])
    assert [len(part) for part in stages([a.cell for a in aggregated.arms])] == [1, 2]
