"""A person as the oracle: questions at the terminal, before the run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TextIO

import click
import numpy as np
from numpy.typing import NDArray

from autows.draws import generator
from autows.errors import NotApplicable, UserError
from autows.lf_family import Rows
from autows.lf_search import sample_rows
from autows.lf_words import in_words
from autows.methods._lf_candidates import Candidates
from autows.methods._oracles import WORDS, Answer, NoMoreAnswers, person_says
from autows.methods.iws import IWS
from autows.runs.answers import AnswerFile
from autows.runs.cell import Cell, finished
from autows.runs.examples import show, telling_words
from autows.runs.record import Key
from autows.runs.stages import synthesised
from autows.runs.store import RunStore
from autows.runs.views import make_view, spoken
from autows.task import TaskData
from autows.texts import Texts
from autows.types import ABSTAIN, TaskView

ROWS_LOOKED_AT = 2_000
"""Pool rows among which examples are sought and coverage is measured."""
SHOWN = 3
TEXTS_COMPARED = 300
PROMPT = "Useful? [y]es, [n]o, [?] don't know; [u]ndo the last, [d]one, [q]uit: "
HELP = "Press y, n or ? to answer; u takes the last answer back; d ends the questions; q leaves, all is kept"


class _Left(Exception):
    """The person wants to leave."""


class _TakenBack(Exception):
    """The person has taken an answer back."""


class Terminal:
    """Where a person reads and answers; by default standard input and standard error.

    Parameters
    ----------
    keys : TextIO, optional
        At a terminal one key is one answer; from anything else one line is.
    screen : TextIO, optional
    """

    def __init__(self, keys: TextIO | None = None, screen: TextIO | None = None) -> None:
        self.keys = keys or sys.stdin
        self.screen = screen or sys.stderr

    @property
    def colour(self) -> bool:
        """Whether the screen shows colours."""
        return self.screen.isatty()

    def say(self, text: str = "") -> None:
        """Print a line."""
        click.echo(text, file=self.screen)

    def key(self, prompt: str) -> str:
        """Ask for a key; at the end of input and for Ctrl-C it is "q"."""
        click.echo(prompt, file=self.screen, nl=False)
        try:
            if self.keys.isatty():
                pressed = click.getchar()
                self.say(pressed if pressed.isprintable() else "")
            else:
                line = self.keys.readline()
                self.say(line.rstrip("\n"))
                if not line:
                    return "q"
                pressed = line.strip()
        except (KeyboardInterrupt, EOFError):
            self.say()
            return "q"
        return pressed[:1].lower()


def answer_questions(cell: Cell, store: RunStore, terminal: Terminal | None = None) -> bool:
    """Ask a person about the labeling functions of a run, whose method then has heard the answers.

    Answers are kept as they are given; called again, what was answered is not asked again, and questions
    that the person has ended stay so.

    Parameters
    ----------
    cell : Cell
        Its method is :class:`~autows.methods.iws.IWS` with ``oracle="human"``; no other cell may share it.
    store : RunStore
    terminal : Terminal, optional

    Returns
    -------
    bool
        Whether the run can be executed, or is done; False if the person left before the end.

    Raises
    ------
    UserError
        If the method asks nobody, or somebody is answering already.
    CorruptRecord
        If the file of answers cannot be read.
    """
    method = cell.method
    if not isinstance(method, IWS) or method.oracle != "human":
        raise UserError(f"{method.spec} asks no person; only iws[oracle=human] does")
    terminal = terminal or Terminal()
    store.make()
    record = finished(store, cell.key, None)
    if record is not None and record.status == "ok":
        return True
    file = AnswerFile(store.root, _topic(cell.key))
    with file.open() as words:
        asked = None
        found = synthesised(method, cell.key, store)
        if found is not None:
            terminal.say(
                f"The votes of {found[1].labels['method']} are used, for the answers given then. "
                f"To be asked on, delete {store.path(found[1].key)}"
            )
        else:
            try:
                asked = _Session(cell, method, terminal, file, words).hold()
            except NotApplicable:
                pass  # The run says so itself, in its record.
            except _Left:
                terminal.say(
                    f"Kept: {len(words)} answers, in {file.path}. The same command goes on from there"
                )
                return False
        method.hear(words, asked)
    if record is not None:
        # Skipped when there was no terminal.
        store.path(cell.key).unlink(missing_ok=True)
    return True


def with_person(cells: Sequence[Cell]) -> list[Cell]:
    """Return cells in which every method that can ask a person does so.

    Raises
    ------
    UserError
        If there is none.
    """
    asking = [cell for cell in cells if isinstance(cell.method, IWS)]
    if not asking:
        raise UserError("None of these methods asks anybody; --oracle human is for iws")
    return [
        replace(cell, method=IWS(**{**cell.method.get_params(), "oracle": "human"}))  # type: ignore[arg-type]
        if isinstance(cell.method, IWS)
        else cell
        for cell in cells
    ]


def interview(cells: Sequence[Cell], store: RunStore, terminal: Terminal | None = None) -> bool:
    """Hold the sessions of all cells that ask a person, one after the other; say whether all were ended."""
    return all(
        answer_questions(cell, store, terminal)
        for cell in cells
        if isinstance(cell.method, IWS) and cell.method.oracle == "human"
    )


def _topic(key: Key) -> Key:
    """Return what answers are about: the key without parameters and code.

    An answer is about a labeling function, named by all that it is. It holds whatever chose the
    question and whatever is made of it, so a person who changes a parameter is not asked again.
    """
    return replace(key, parameters={}, source_hash="", protocol_version=0)


class _Session:
    """The questions of one run, as an oracle that knows what was answered and asks for the rest."""

    def __init__(
        self, cell: Cell, method: IWS, terminal: Terminal, file: AnswerFile, words: dict[str, str]
    ) -> None:
        self.method, self.terminal, self.file, self.words = method, terminal, file, words
        self.card = cell.task.card
        self.data: TaskData = cell.task.load()
        features = cell.representation.features(cell.task)
        said = spoken(cell.task, cell.representation, method, cell.speaker, cell.prompts)
        X = features.X_pool, features.X_test
        view = make_view(cell.task, self.data, *X, cell.draw, cell.n_labels, **said)
        self.view: TaskView = view.restricted_to(method.requirements)
        reason = method.skip_reason(self.view)
        if reason is not None:
            raise NotApplicable(reason)
        axes: dict[str, str | int] = {"task": self.card.id, "draw": cell.draw}
        # The run's own randomness, so that it asks the same questions.
        self.rng = generator(purpose="method", method=method.name, **axes)
        self.example_rng = generator(purpose="examples", **axes)

    def hold(self) -> int:
        """Ask all questions and return how many were answered."""
        self.terminal.say(f"{self.card.title}: which labeling functions are useful?")
        self.found: Candidates = self.method.candidates(self.view, self.rng)
        self.rows = sample_rows(self.view.unlabeled_index, ROWS_LOOKED_AT, self.example_rng)
        self.sample = Rows.pool(self.view)[self.rows]
        while True:
            self.given: list[Answer] = []
            try:
                return len(self.method.interview(self.found, self).asked)
            except _TakenBack:
                continue

    def ask(self, j: int) -> Answer:
        """Answer from the file, or show the labeling function and wait for a key."""
        name = self.found.name(j)
        if name not in self.words and name == self.file.ended_at:
            self.terminal.say(
                f"You ended the questions after {len(self.given)} answers. "
                f"To be asked on, delete the last line of {self.file.path}"
            )
            raise NoMoreAnswers
        if name not in self.words:
            self.terminal.say("\n" + "\n".join(self._question(j)))
        while name not in self.words:
            key = self.terminal.key(PROMPT)
            if key in WORDS:
                self.file.add(name, key, self._about(j))
                self.words[name] = key
            elif key == "q":
                raise _Left
            elif key == "d" and self.words:
                self.file.end_at(name)
                raise NoMoreAnswers
            elif key == "u" and self.words:
                last = next(reversed(self.words))
                self.file.take_back(last)
                del self.words[last]
                raise _TakenBack
            else:
                self.terminal.say("There is no answer yet" if key in ("d", "u") else HELP)
        self.given.append(person_says(self.words[name]))
        return self.given[-1]

    def _about(self, j: int) -> dict[str, Any]:
        (about,) = self.found.lfs.take(np.array([j])).describe()
        return about

    def _question(self, j: int) -> list[str]:
        about, names = self._about(j), self.card.class_names
        votes = self.found.lfs.take(np.array([j])).votes(self.sample)[:, 0] != ABSTAIN
        total = min(self.method.n_queries, len(self.found))
        tally = [sum(answer.useful is useful for answer in self.given) for useful in (True, False, None)]
        lines = [
            f"Question {len(self.given) + 1} of at most {total} "
            f"({tally[0]} useful, {tally[1]} useless, {tally[2]} unknown so far)",
            click.style(in_words(about, names), bold=True),
            f"  pool: votes on {100 * votes.mean():.1f} % of {len(votes)} rows",
            f"  held-out seeds: {self._seed_line(j)}",
        ]
        features = about["features"]
        if len(features) == 1:
            lines.append(f"  feature {features[0]}: {self._range_line(features[0], votes)}")
        for title, index in (("votes on", np.flatnonzero(votes)), ("abstains on", np.flatnonzero(~votes))):
            lines += self._examples(title, index, votes, features)
        return lines

    def _seed_line(self, j: int) -> str:
        """Say on how many seeds it votes, out of fold, and what these are."""
        cast = self.found.seed_votes[:, j] != ABSTAIN
        counts = np.bincount(self.view.y_seed[cast], minlength=self.card.n_classes)
        right, wrong = int(self.found.record.right[j]), int(self.found.record.wrong[j])
        parts = [
            f"{counts[k]} {self.card.class_names[k]}" for k in np.argsort(-counts, kind="stable") if counts[k]
        ]
        told = f" ({', '.join(parts)})" if parts else ""
        return f"votes on {right + wrong} of {len(cast)}, {right} right and {wrong} wrong{told}"

    def _range_line(self, feature: int, votes: NDArray[np.bool_]) -> str:
        x = self._values([feature], np.arange(len(votes)))[:, 0]
        said = [
            f"{x[side].min():.4g} to {x[side].max():.4g} where it {what}"
            for side, what in ((votes, "votes"), (~votes, "abstains"))
            if side.any()
        ]
        return ", ".join(said)

    def _values(self, features: list[int], index: NDArray[np.intp]) -> NDArray[np.float32]:
        X = self.sample.X[index][:, features]
        return np.asarray(X.toarray() if hasattr(X, "indptr") else X)

    def _examples(
        self, title: str, index: NDArray[np.intp], votes: NDArray[np.bool_], features: list[int]
    ) -> list[str]:
        if len(index) == 0:
            return [f"  {title} none of them"]
        lines = [f"  {title}:"]
        X, chosen = self.data.X_pool, self.rows[index]
        if isinstance(X, Texts) and votes[index[0]]:
            others = self.rows[~votes][:TEXTS_COMPARED]
            words = telling_words((X[int(r)] for r in chosen[:TEXTS_COMPARED]), (X[int(r)] for r in others))
            lines.append(f"    typical words: {', '.join(words)}")
        # Spread over the sample, and the same whenever the question is shown.
        some = index[np.linspace(0, len(index) - 1, min(SHOWN, len(index))).astype(int)]
        raw = show(X, self.rows[some].tolist(), self.card.modality, self.terminal.colour)
        lines += [f"    {line}" for line in raw]
        if 0 < len(features) <= SHOWN and self.card.modality != "text":
            shown = "; ".join(
                " ".join(f"{value:.4g}" for value in row) for row in self._values(features, some).tolist()
            )
            lines.append(f"    feature {', '.join(map(str, features))}: {shown}")
        return lines
