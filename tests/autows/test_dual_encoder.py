"""Zero-shot answers and class texts of a small dual encoder, beside plain loops, and who sees them."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest

import tasks
from autows.dual_encoder import DualEncoder
from autows.errors import NotApplicable, UserError
from autows.method import Method
from autows.representations.raw import Raw
from autows.runs.cell import Cell, execute
from autows.runs.plan import left_out, plan
from autows.runs.store import RunStore
from autows.runs.views import spoken
from autows.types import Labels
from autows.zero_shot import speaker


class Toy(DualEncoder):
    """Images by the means of two halves, texts by their letters."""

    name = "toy"
    modalities = ("image",)
    loaded: ClassVar[int] = 0

    def __init__(self, sharp: float = 5.0) -> None:
        self.sharp = sharp

    def load(self):
        type(self).loaded += 1
        self.logit_scale_ = self.sharp

    def identity(self):
        return {"weights_sha256": "toy"}

    def encode(self, X, modality):
        flat = np.asarray(X, dtype=np.float32).reshape(len(X), -1)
        Z = np.stack([flat[:, :32].mean(axis=1), flat[:, 32:].mean(axis=1)], axis=1) + 0.1
        return Z / np.linalg.norm(Z, axis=1, keepdims=True)

    def encode_texts(self, texts):
        Z = np.array([[1 + sum(map(ord, text)) % 7, 1 + len(text) % 5] for text in texts], dtype=np.float32)
        return Z / np.linalg.norm(Z, axis=1, keepdims=True)


class Listener(Method):
    """Repeat what the foundation model says."""

    name = "listener"
    family = "zero-shot"
    needs = frozenset({"zero_shot"})

    def fit_predict(self, view, rng):
        assert view.template_embeddings is None
        return Labels(pool=view.zero_shot_pool, test=view.zero_shot_test, n_classes=view.n_classes)


class Reader(Method):
    """Answer with the nearest class text."""

    name = "reader"
    family = "zero-shot"
    needs = frozenset({"class_embeddings"})

    def fit_predict(self, view, rng):
        assert view.zero_shot_pool is None
        T = view.class_embeddings
        return Labels(
            pool=(view.X_pool @ T.T).argmax(axis=1),
            test=(view.X_test @ T.T).argmax(axis=1),
            n_classes=view.n_classes,
        )


def test_answers_are_one_softmax_over_cosines_with_averaged_texts():
    task, toy = tasks.create("digits"), Toy()
    P_pool, P_test = toy.zero_shot(task)
    assert P_pool.shape == (1297, 10)
    card, X = task.card, toy.features(task).X_test
    for i in (0, 17, 499):
        logits = []
        for name in card.class_names:
            mean = np.mean([toy.encode_texts([prompt.format(name)])[0] for prompt in card.prompts], axis=0)
            logits.append(5.0 * np.dot(X[i], mean / np.linalg.norm(mean)))
        expected = np.exp(logits) / np.exp(logits).sum()
        np.testing.assert_allclose(P_test[i], expected, rtol=1e-4)


def test_texts_are_embedded_once_and_anew_for_other_prompts_or_parameters():
    card = tasks.create("digits").card
    Toy.loaded = 0
    first, scale = Toy(sharp=2.5).class_texts(card)
    again, _ = Toy(sharp=2.5).class_texts(card)
    np.testing.assert_array_equal(first, again)
    assert (Toy.loaded, scale, first.shape) == (1, 2.5, (len(card.prompts), 10, 2))
    other, _ = Toy(sharp=2.5).class_texts(card, ("{}",))
    assert (Toy.loaded, other.shape) == (2, (1, 10, 2))
    assert Toy(sharp=3.5).class_texts(card)[1] == 3.5


def test_names_that_mean_nothing_are_said():
    with pytest.raises(NotApplicable, match="breast_cancer mean nothing to a foundation model"):
        Toy().class_texts(tasks.create("breast_cancer").card)


def only(method, tmp_path, **more):
    cell = Cell(tasks.create("digits"), more.pop("representation", Raw()), method, 0, 100, **more)
    store = RunStore(tmp_path)
    store.make()
    return execute(cell, store, {}), cell


def test_a_record_says_who_spoke_with_which_weights_and_prompts(tmp_path):
    record, cell = only(Listener(), tmp_path, speaker=Toy())
    assert record.status == "ok"
    assert record.labels["zero_shot"] == "toy"
    said = record.key.encoders["zero_shot"]
    assert (said["model"], said["weights"]) == ("toy", {"weights_sha256": "toy"})
    assert said["prompts"] == list(cell.task.card.prompts)
    others = [
        replace(cell, speaker=Toy(sharp=2.0)),
        replace(cell, prompts=("a {}",)),
        replace(cell, speaker=None),
    ]
    assert len({c.key.id for c in (cell, *others)}) == 4
    assert only(Listener(), tmp_path)[0].reason.startswith("needs zero-shot answers")


def test_prompts_of_ones_own_change_answers_and_the_name_in_tables(tmp_path):
    own, _ = only(Listener(), tmp_path, speaker=Toy(), prompts=("{}",))
    assert own.labels["method"] == "listener ['{}']"
    usual, _ = only(Listener(), tmp_path, speaker=Toy())
    assert own.scores["log_loss"] != usual.scores["log_loss"]


def test_class_texts_come_with_features_of_the_same_space_only(tmp_path):
    record, _ = only(Reader(), tmp_path, representation=Toy())
    assert record.status == "ok"
    assert record.key.encoders["representation"] == {"weights_sha256": "toy"}
    assert record.key.encoders["prompts"] == list(tasks.create("digits").card.prompts)
    assert "in the space of the features" in only(Reader(), tmp_path)[0].reason


def test_what_a_method_does_not_ask_for_is_no_part_of_its_key():
    card = tasks.create("digits")
    cells = plan([card], [Raw(), Toy()], [Listener(), Reader()], 1, 100, zero_shot="none")
    assert [(c.method.name, c.representation.name) for c in cells] == [
        ("listener", "raw"),
        ("listener", "toy"),
        ("reader", "toy"),
    ]
    assert "zero_shot" not in cells[0].key.encoders
    assert "prompts" not in cells[1].key.encoders
    bare = plan([card], [Raw()], [Listener(), Reader()], 1, 100, zero_shot="none")
    assert left_out(bare, [Listener(), Reader()]) == ["reader"]
    with pytest.raises(UserError, match="No features with text embeddings for reader; add clip"):
        plan([card], [Raw()], [Reader()], 1, 100)
    with pytest.raises(UserError, match="Unknown representation 'clipp'"):
        plan([card], [Raw()], [Listener()], 1, 100, zero_shot="clipp")


def test_the_prompts_of_the_card_are_the_usual_ones(tmp_path):
    record, cell = only(Listener(), tmp_path, speaker=Toy(), prompts=tasks.create("digits").card.prompts)
    assert cell.prompts is None
    assert record.labels["method"] == "listener"
    assert "prompts" not in record.info


def test_what_a_foundation_model_says_cannot_be_written_to():
    task = tasks.create("digits")
    said = spoken(task, Toy(), Listener(), Toy(), None)
    assert not said["zero_shot_pool"].flags.writeable
    assert not spoken(task, Toy(), Reader(), None, None)["template_embeddings"].flags.writeable


def test_other_braces_of_a_prompt_are_letters():
    E, _ = Toy().class_texts(tasks.create("digits").card, ("{x} {}",))
    np.testing.assert_array_equal(E[0, 3], Toy().encode_texts(["{x} three"])[0])


@pytest.mark.parametrize(("task", "names"), [("digits", ("clip", "glyph_clip")), ("youtube", ("sentence",))])
def test_the_first_model_at_hand_speaks(monkeypatch, task, names):
    card = tasks.create(task).card
    assert speaker.BY_MODALITY[card.modality] == names
    chosen = speaker.choose(card)
    assert chosen is None or (chosen.name in names and chosen.at_hand())
    if task == "digits":
        assert chosen is not None


def test_nobody_speaks_where_names_mean_nothing_or_nobody_is_wanted():
    assert speaker.choose(tasks.create("breast_cancer").card) is None
    assert speaker.choose(tasks.create("digits").card, "none") is None
    assert speaker.choose(tasks.create("youtube").card, "glyph_clip") is None
    with pytest.raises(UserError, match="embeds no texts"):
        speaker.choose(tasks.create("digits").card, "pca")
    with pytest.raises(UserError, match="Unknown representation 'clipp'"):
        speaker.choose(tasks.create("digits").card, "clipp")
