"""A person at the terminal: sessions that are left, resumed, taken back and finished."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest

import tasks
from autows import method, representations
from autows.draws import draw, generator
from autows.errors import UserError
from autows.label_models.metal import Metal
from autows.lf_family import Rows
from autows.runs.answers import AnswerFile
from autows.runs.cell import Cell, execute
from autows.runs.interactive import Terminal, _topic, answer_questions, interview, with_person
from autows.runs.plan import run as run_plan
from autows.runs.provenance import provenance
from autows.runs.store import RunStore
from autows.runs.views import make_view
from autows.task import Task, TaskCard, TaskData
from autows.texts import Texts


def make_cell(spec="iws[oracle=human]", task="breast_cancer", representation="raw"):
    return Cell(tasks.create(task), representations.create(representation), method.create(spec), 0, 100)


def talk(cell, root, keys):
    """Hold a session with these keys, one a line; return the run's record and what the screen showed.

    The record is None if the person left.
    """
    screen, store = io.StringIO(), RunStore(root)
    text = "".join(f"{key}\n" for key in keys)
    ended = answer_questions(cell, store, Terminal(io.StringIO(text), screen))
    return execute(cell, store, provenance()) if ended else None, screen.getvalue()


def stored(cell, root):
    """Return the lines of the file of answers after the first."""
    path = AnswerFile(root, _topic(cell.key)).path
    return [json.loads(line) for line in path.read_text().splitlines()][1:]


def answers(cell, root):
    return [line["answer"] for line in stored(cell, root)]


def questions(screen):
    """Return what was asked, in order."""
    lines = screen.splitlines()
    return [lines[i + 1] for i, line in enumerate(lines) if line.startswith("Question ")]


def test_a_whole_session_becomes_a_record(tmp_path):
    cell = make_cell("iws[oracle=human,n_queries=12]")
    record, screen = talk(cell, tmp_path, "ynyynynyyn?y")
    assert record.status == "ok"
    told = record.info["synthesis"]
    assert (told["queries"], told["useful"], told["useless"], told["dont_know"]) == (12, 7, 4, 1)
    assert record == RunStore(tmp_path).read(cell.key)
    assert record.provenance["packages"]
    assert RunStore(tmp_path).load_predictions(record)["pool_votes"].shape[1] == told["kept"]
    assert len(questions(screen)) == 12
    assert screen.count("Useful?") == 12
    # Done is done: nothing is asked again.
    again, screen = talk(cell, tmp_path, "")
    assert again == record
    assert screen == ""


def test_leaving_keeps_everything_and_records_no_run(tmp_path):
    cell = make_cell("iws[oracle=human,n_queries=8]")
    record, first = talk(cell, tmp_path, "ynyq")
    assert record is None
    assert RunStore(tmp_path).read(cell.key) is None
    assert "Kept: 3 answers" in first
    assert answers(cell, tmp_path) == ["y", "n", "y"]
    # The end of input is leaving, too.
    record, second = talk(cell, tmp_path, "n")
    assert record is None
    record, third = talk(cell, tmp_path, "yyyy")
    assert record.status == "ok"
    # The question that was open when the person left comes first the next time.
    assert questions(first)[3] == questions(second)[0]
    assert questions(second)[1] == questions(third)[0]
    whole, screen = talk(make_cell("iws[oracle=human,n_queries=8]"), tmp_path / "other", "ynynyyyy")
    assert questions(first)[:3] + questions(second)[:1] + questions(third) == questions(screen)
    assert whole.scores == record.scores
    assert whole.info == record.info


def test_taking_back_asks_again_and_goes_another_way(tmp_path):
    # Twice yes; no instead of the second; both taken back; four times no.
    record, screen = talk(make_cell("iws[oracle=human,n_queries=4]"), tmp_path, "uyyunuunnnn")
    straight, plain = talk(make_cell("iws[oracle=human,n_queries=4]"), tmp_path / "plain", "nnnn")
    assert "There is no answer yet" in screen
    one, two, three = questions(screen)[:3]
    assert questions(screen) == [one, two, three, two, three, two, one, two, *questions(plain)[2:]]
    assert questions(screen)[-4:] == questions(plain)
    assert record.info == straight.info
    assert record.scores == straight.scores
    assert answers(make_cell(), tmp_path) == ["y", "y", None, "n", None, None, *"nnnn"]


def test_an_answer_taken_back_does_not_stand_the_next_time(tmp_path):
    cell = make_cell()
    talk(cell, tmp_path, "yyuq")
    assert answers(cell, tmp_path) == ["y", "y", None]
    _, screen = talk(cell, tmp_path, "q")
    assert screen.count("Question 2 of") == 1


def test_done_ends_the_questions_early(tmp_path):
    cell = make_cell()
    record, screen = talk(cell, tmp_path, "dyynd")
    assert "There is no answer yet" in screen
    assert record.status == "ok"
    assert record.info["synthesis"]["queries"] == 3
    assert stored(cell, tmp_path)[-1].keys() == {"ended_at"}


def test_done_is_remembered_when_the_run_fails_and_by_other_label_models(tmp_path, monkeypatch):
    fit = Metal.fit

    def picky(model, L, *seeds):
        if L.shape[1] < 3:
            raise ValueError("at least 3")
        return fit(model, L, *seeds)

    monkeypatch.setattr(Metal, "fit", picky)
    spec = "iws[oracle=human,final=as,label_model=metal]"
    record, screen = talk(make_cell(spec), tmp_path, "yd")
    assert record.status == "failed"
    assert "at least 3" in record.reason
    lines = stored(make_cell(spec), tmp_path)
    # Keys that nobody asks for are not read.
    record, again = talk(make_cell(spec), tmp_path, "yyy")
    assert record.status == "failed"
    assert questions(again) == []
    path = AnswerFile(tmp_path, _topic(make_cell().key)).path
    assert f"after 1 answers. To be asked on, delete the last line of {path}" in again
    assert stored(make_cell(spec), tmp_path) == lines
    # An end is about questions, whatever is made of the answers.
    record, other = talk(make_cell("iws[oracle=human,label_model=majority_vote]"), tmp_path, "")
    assert (record.status, record.info["synthesis"]["queries"]) == ("ok", 1)
    assert questions(other) == []
    # As the message says.
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    record, more = talk(make_cell(spec), tmp_path, "yyyyd")
    assert record.status == "ok"
    assert record.info["synthesis"]["queries"] == 5
    assert questions(more)[0] == questions(screen)[1]


def test_done_is_said_at_a_question_and_other_questions_are_asked(tmp_path):
    record, _ = talk(make_cell(), tmp_path, "ynynynynynd")
    assert record.info["synthesis"]["queries"] == 10
    # The ninth question is the first that is chosen, and active search chooses another one.
    record, screen = talk(make_cell("iws[oracle=human,acquisition=as,n_queries=12]"), tmp_path, "nnnn")
    assert record.info["synthesis"]["queries"] == 12
    assert 1 <= len(questions(screen)) <= 4
    # After another answer the end no longer stands; "least" has no say in what a person is asked.
    record, screen = talk(make_cell("iws[oracle=human,least=0.3]"), tmp_path, "q")
    assert record is None
    assert len(questions(screen)) == 1


def test_interviews_leave_the_runs_to_the_plan_which_does_each_once(tmp_path):
    cells = with_person(
        [make_cell(f"iws[final=as,label_model={name}]") for name in ("metal", "majority_vote")]
    )
    store, screen = RunStore(tmp_path), io.StringIO()
    store.make()
    execute(cells[0], store, provenance())
    assert store.read(cells[0].key).status == "skipped"
    assert interview(cells, store, Terminal(io.StringIO("y\nd\n"), screen))
    assert [store.read(cell.key) for cell in cells] == [None, None]
    outcome = run_plan(cells, store)
    assert outcome.executed == 2
    assert outcome.counts == {"ok": 2}
    assert len(questions(screen.getvalue())) == 2
    (note,) = outcome.notes
    assert note.startswith(
        "iws[final=as,label_model=metal,oracle=human] on breast_cancer: metal needs at least 3 "
    )
    assert "got 1" in note


def test_what_is_no_answer_is_explained_and_asked_again(tmp_path):
    record, screen = talk(make_cell("iws[oracle=human,n_queries=2]"), tmp_path, ["", "maybe", "Yes", "N"])
    assert screen.count("Press y, n or ?") == 2
    assert (record.info["synthesis"]["useful"], record.info["synthesis"]["useless"]) == (1, 1)


def test_answers_hold_for_other_parameters_and_votes_for_other_label_models(tmp_path):
    talk(make_cell("iws[oracle=human,n_queries=6]"), tmp_path, "ynynyn")
    record, screen = talk(make_cell("iws[oracle=human,n_queries=6,label_model=majority_vote]"), tmp_path, "")
    assert record.status == "ok"
    assert "Question" not in screen
    assert "The votes of iws[n_queries=6,oracle=human] are used" in screen
    path = RunStore(tmp_path).path(make_cell("iws[oracle=human,n_queries=6]").key)
    assert f"delete {path}" in screen
    record, screen = talk(make_cell("iws[oracle=human,n_queries=7]"), tmp_path, "y")
    assert record.info["synthesis"]["queries"] == 7
    assert len(questions(screen)) == 1


def test_a_run_without_a_terminal_is_skipped_and_can_be_answered_later(tmp_path):
    cell, store = make_cell("iws[oracle=human,n_queries=2]"), RunStore(tmp_path)
    store.make()
    record = execute(cell, store, provenance())
    assert record.status == "skipped"
    assert "--oracle human" in record.reason
    record, _ = talk(make_cell("iws[oracle=human,n_queries=2]"), tmp_path, "yn")
    assert record.status == "ok"


def test_ctrl_c_at_a_question_leaves(tmp_path):
    class Interrupted(io.StringIO):
        def readline(self, *_):
            line = super().readline()
            if not line:
                raise KeyboardInterrupt
            return line

    cell, store = make_cell("iws[oracle=human,n_queries=3]"), RunStore(tmp_path)
    assert not answer_questions(cell, store, Terminal(Interrupted("y\nn\n"), io.StringIO()))
    assert store.read(cell.key) is None
    assert answers(cell, tmp_path) == ["y", "n"]


def test_leaving_keeps_the_record_of_a_skipped_run(tmp_path):
    cell, store = make_cell("iws[oracle=human,n_queries=3]"), RunStore(tmp_path)
    store.make()
    before = execute(cell, store, provenance())
    assert talk(cell, tmp_path, "yq")[0] is None
    assert store.read(cell.key) == before


@pytest.mark.parametrize("end", [EOFError, KeyboardInterrupt])
def test_at_a_real_terminal_a_key_is_an_answer(tmp_path, monkeypatch, end):
    class Keyboard(io.StringIO):
        def isatty(self):
            return True

    pressed = iter("y\x1bN")

    def getchar():
        for key in pressed:
            return key
        raise end

    monkeypatch.setattr("click.getchar", getchar)
    cell, screen = make_cell(), io.StringIO()
    assert not answer_questions(cell, RunStore(tmp_path), Terminal(Keyboard("unread"), screen))
    assert answers(cell, tmp_path) == ["y", "n"]
    assert screen.getvalue().count("Press y, n or ?") == 1


def test_only_a_method_that_asks_can_be_answered(tmp_path):
    with pytest.raises(UserError, match="asks no person"):
        answer_questions(make_cell("iws"), RunStore(tmp_path), Terminal(io.StringIO(), io.StringIO()))


def test_the_screen_shows_what_a_person_needs(tmp_path):
    cell = make_cell()
    _, screen = talk(cell, tmp_path, "q")
    assert "Question 1 of at most" in screen
    assert "malignant where" in screen or "benign where" in screen
    assert "pool: votes on" in screen
    data, features = cell.task.load(), cell.representation.features(cell.task)
    view = make_view(cell.task, data, features.X_pool, features.X_test, 0, 100)
    rng = generator(purpose="method", method="iws", task="breast_cancer", draw=0)
    found = cell.method.candidates(view, rng)
    j = int(np.argmin(np.where(found.label == 0, found.rank, len(found))))
    right, wrong = int(found.record.right[j]), int(found.record.wrong[j])
    assert f"votes on {right + wrong} of 100, {right} right and {wrong} wrong" in screen
    feature = found.lfs.describe()[j]["features"][0]
    votes = found.lfs.take(np.array([j])).votes(Rows.pool(view)[view.unlabeled_index])[:, 0] >= 0
    x = np.asarray(view.X_pool)[view.unlabeled_index, feature]
    assert f"feature {feature}: {x[votes].min():.4g} to {x[votes].max():.4g} where it votes" in screen
    assert f"{100 * votes.mean():.1f} % of {len(votes)} rows" in screen


def test_pool_labels_are_not_looked_at(tmp_path):
    class Fooled(type(tasks.create("breast_cancer"))):
        def load(self):
            data = super().load()
            seeds = np.zeros(len(data.y_pool), dtype=bool)
            seeds[draw(self, 0, 100)] = True
            y = np.where(seeds, data.y_pool, 1 - data.y_pool)
            return TaskData(data.X_pool, y, data.X_test, 1 - data.y_test)

    cell = make_cell()
    fooled = Cell(Fooled(), cell.representation, method.create(cell.method.spec), 0, 100)
    _, screen = talk(cell, tmp_path / "a", "yny?yq")
    _, same = talk(fooled, tmp_path / "b", "yny?yq")
    assert questions(screen) == questions(same)
    assert screen.replace(str(tmp_path / "a"), "") == same.replace(str(tmp_path / "b"), "")


class Comments(Task):
    """Texts that a word decides."""

    card = TaskCard(
        id="comments",
        version=1,
        title="Comments",
        modality="text",
        class_names=("ham", "spam"),
        n_pool=300,
        n_test=50,
        source="a test",
        licence="none",
        citation="none",
    )

    def read(self):
        rng = np.random.default_rng(0)
        y = rng.integers(2, size=350)
        words = np.array(["song", "nice", "love", "video", "watch", "great"])
        texts = [" ".join([*rng.choice(words, 4), "subscribe" if k else "music"]) for k in y]
        return TaskData(Texts.of(texts[:300]), y[:300], Texts.of(texts[300:]), y[300:])


def test_texts_are_shown_with_their_typical_words(tmp_path):
    cell = Cell(Comments(), representations.create("raw"), method.create("iws[oracle=human]"), 0, 40)
    record, screen = talk(cell, tmp_path, ["y", "y", "d"])
    assert record.status == "ok"
    assert "typical words: subscribe" in screen or "typical words: music" in screen
    assert "    - " in screen


# The file of answers
