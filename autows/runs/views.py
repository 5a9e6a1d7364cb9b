"""What a method is shown of a task: features, seeds, and what a foundation model says."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import numpy as np

from autows.draws import draw
from autows.dual_encoder import DualEncoder
from autows.errors import NotApplicable
from autows.method import Method
from autows.representation import Representation
from autows.task import Task, TaskData
from autows.types import TaskView


def make_view(
    task: Task, data: TaskData, X_pool: Any, X_test: Any, k: int, n_labels: int, **more: Any
) -> TaskView:
    """Return what may be seen of a task in draw ``k``; arrays are read-only and hold no other label.

    ``more`` are further fields of the view, such as zero-shot answers.
    """
    index = draw(task, k, n_labels)
    X_seed, y_seed = X_pool[index], np.asarray(data.y_pool)[index].astype(np.int64)
    for array in (X_seed, y_seed, index):
        if isinstance(array, np.ndarray):
            array.setflags(write=False)
    card = task.card
    return TaskView(
        X_seed=X_seed,
        y_seed=y_seed,
        X_pool=X_pool,
        X_test=X_test,
        n_classes=card.n_classes,
        seed_index=index,
        groups_seed=None
        if data.groups_pool is None
        else np.asarray(data.groups_pool)[index].astype(np.int64),
        modality=card.modality,
        class_names=card.class_names,
        **{"prompts": card.prompts or None, **more},
    )


def spoken(
    task: Task,
    representation: Representation,
    method: Method,
    speaker: DualEncoder | None,
    prompts: tuple[str, ...] | None,
) -> dict[str, Any]:
    """Return the fields of the view that a foundation model fills, as far as the method asks for them."""
    asked = method.requirements
    said: dict[str, Any] = {}
    if "zero_shot" in asked and speaker is not None:
        P_pool, P_test = speaker.zero_shot(task, prompts)
        said.update(zero_shot_pool=P_pool, zero_shot_test=P_test)
    card = task.card
    if "class_embeddings" in asked and isinstance(representation, DualEncoder) and card.prompts:
        E, scale = representation.class_texts(card, prompts)
        said.update(template_embeddings=E, logit_scale=scale)
    for array in said.values():
        if isinstance(array, np.ndarray):
            array.setflags(write=False)
    if prompts is not None:
        said["prompts"] = prompts
    return said


@lru_cache(maxsize=256)
def _identity_of(kind: type[Representation], params: str) -> str:
    try:
        return json.dumps(kind(**json.loads(params)).identity(), sort_keys=True)
    except NotApplicable:
        return "{}"  # The run will say what is missing.


def encoder_identity(encoder: Representation) -> dict[str, Any]:
    """Return the identity of an encoder's weights; empty where it has none or they are missing.

    Looked up once a process: keys are asked for often.
    """
    if type(encoder).identity is Representation.identity:
        return {}
    found: dict[str, Any] = json.loads(_identity_of(type(encoder), json.dumps(encoder.get_params())))
    return found
