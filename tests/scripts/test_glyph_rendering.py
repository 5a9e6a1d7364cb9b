"""Rendering, thinning, fields, drawing and captions of glyph-clip's training, and a short training run."""

from __future__ import annotations

import itertools
from pathlib import Path

import glyph_captions
import glyph_rendering
import matplotlib
import numpy as np
import pytest
import torch
import train_glyph_clip
from glyph_augmentation import augment
from glyph_captions import CONCEPTS, HELD_OUT, OF_DIGITS, alike, sentences, tokenised
from glyph_rendering import BOX, SIDE, STEPS, build_bank, draw_shape, fields, find_faces, render, thin
from PIL import Image, ImageFont
from scipy.ndimage import label
from train_glyph_clip import Batches, build, chances, contrast, full_state, train

# Of matplotlib, and so wherever the project is installed.
FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def font():
    return ImageFont.truetype(FONTS / "DejaVuSans-Bold.ttf", 128)


@pytest.fixture(scope="module")
def bank():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(glyph_rendering, "_VARIANTS_OF_A_SHAPE", 5)
        return build_bank(FONTS, 1, seed=0)


@pytest.fixture(scope="module")
def encode():
    from open_clip.tokenizer import SimpleTokenizer

    return SimpleTokenizer(context_length=24).encode


def inked(ink):
    """Return top, bottom, left and right of the ink."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return rows[0], rows[-1], columns[0], columns[-1]


def test_faces_that_lack_letters_or_are_too_many_are_left_out():
    names = {face.path.name for face in find_faces(FONTS, 99, np.random.default_rng(0))}
    assert {"DejaVuSans.ttf", "DejaVuSansMono-Oblique.ttf", "STIXGeneral.ttf"} <= names
    assert "STIXSizThreeSymReg.ttf" not in names
    families = [face.family for face in find_faces(FONTS, 2, np.random.default_rng(0))]
    assert max(families.count(family) for family in families) == 2


def test_fonts_with_symbols_in_place_of_letters_are_left_out():
    # TeX's symbols and extensions have something else under every letter.
    names = ("DejaVuSans.ttf", "DejaVuSerif.ttf", "cmsy10.ttf", "STIXGeneral.ttf", "cmex10.ttf", "cmb10.ttf")
    found = glyph_rendering.legible(
        np.stack(
            [
                [render(ImageFont.truetype(FONTS / name, 128), c.text) for c in CONCEPTS if c.kind != "shape"]
                for name in names
            ]
        )
    )
    assert found.tolist() == [True, True, False, True, False, True]


def test_a_folder_without_fonts_is_told(tmp_path):
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    with pytest.raises(SystemExit, match="There is no font"):
        find_faces(tmp_path, 3, np.random.default_rng(0))


@pytest.mark.parametrize("text", ["0", "1", "m", "W", "i", "g"])
def test_glyphs_fill_the_box(font, text):
    top, bottom, left, right = inked(render(font, text))
    assert abs(max(bottom - top, right - left) + 1 - BOX) <= 1
    assert abs(top + bottom - (SIDE - 1)) <= 2
    assert abs(left + right - (SIDE - 1)) <= 2


@pytest.mark.parametrize("name", glyph_captions.SHAPES)
def test_shapes_are_one_piece(name):
    for _ in range(5):
        ink = draw_shape(name, RNG)
        assert label(ink, np.ones((3, 3)))[1] == 1
        top, bottom, left, right = inked(ink)
        assert abs(max(bottom - top, right - left) + 1 - BOX) <= 2


def plainly_thinned(ink):
    """Thin one picture by Zhang's and Suen's definition, pixel by pixel."""
    ink = ink.copy()
    while True:
        changed = False
        for half in range(2):
            gone = []
            for y, x in np.argwhere(ink):
                p2, p3, p4, p5, p6, p7, p8, p9 = (
                    int(ink[y + dy, x + dx])
                    for dy, dx in ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
                )
                ring = [p2, p3, p4, p5, p6, p7, p8, p9, p2]
                rises = sum(a == 0 and b == 1 for a, b in itertools.pairwise(ring))
                blocked = (p2 * p4 * p6, p4 * p6 * p8) if half == 0 else (p2 * p4 * p8, p2 * p6 * p8)
                if 2 <= sum(ring[:-1]) <= 6 and rises == 1 and not any(blocked):
                    gone.append((y, x))
            for y, x in gone:
                ink[y, x] = False
            changed |= bool(gone)
        if not changed:
            return ink


def test_thinning_is_that_of_the_definition(font):
    blots = RNG.random((3, 20, 24)) < 0.6
    blots[:, [0, -1]] = blots[:, :, [0, -1]] = False
    for pictures in (blots, np.stack([render(font, text) for text in "48a"])):
        found = thin(pictures)
        for one, expected in zip(found, pictures, strict=True):
            np.testing.assert_array_equal(one, plainly_thinned(expected))


def test_thinning_keeps_pieces_and_holes(font):
    glyphs = np.stack([render(font, text) for text in "01468iBg"])
    lines = thin(glyphs)
    assert (lines <= glyphs).all()
    for glyph, line in zip(glyphs, lines, strict=True):
        assert label(line, np.ones((3, 3)))[1] == label(glyph, np.ones((3, 3)))[1]
        assert label(~line)[1] == label(~glyph)[1]
        assert line.sum() < glyph.sum() / 3


def test_fields_hold_distances(font):
    ink = np.stack([render(font, "8"), draw_shape("square", RNG)])
    outline, stroke = fields(ink, np.array([False, True]))
    np.testing.assert_array_equal(outline > 0, ink)
    np.testing.assert_array_equal(stroke[0] == 0, thin(ink)[0])
    np.testing.assert_array_equal(stroke[1], -np.abs(outline[1].astype(int)))
    # By the definition, for some pixels.
    lines, inside, outside = np.argwhere(thin(ink)[0]), np.argwhere(ink[0]), np.argwhere(~ink[0])
    for y, x in RNG.integers(0, SIDE, (40, 2)):
        here = np.array([y, x])
        nearest = np.linalg.norm(lines - here, axis=1).min()
        assert abs(stroke[0, y, x] + min(127, STEPS * nearest)) <= 0.5
        other, sign = (outside, 1) if ink[0, y, x] else (inside, -1)
        edge = sign * (np.linalg.norm(other - here, axis=1).min() - 0.5)
        assert abs(outline[0, y, x] - np.clip(STEPS * edge, -127, 127)) <= 0.5


def test_a_bank_is_whole_and_the_same_again(bank, monkeypatch):
    monkeypatch.setattr(glyph_rendering, "_VARIANTS_OF_A_SHAPE", 5)
    again = build_bank(FONTS, 1, seed=0)
    for field in ("outline", "stroke", "concept", "family"):
        np.testing.assert_array_equal(getattr(bank, field), getattr(again, field))
    n_families = bank.family.max() + 1
    is_shape = np.array([concept.kind == "shape" for concept in CONCEPTS])
    np.testing.assert_array_equal(np.bincount(bank.concept), np.where(is_shape, 5, n_families))
    np.testing.assert_array_equal(bank.family == -1, is_shape[bank.concept])
    assert ((bank.outline > 0).sum(axis=(1, 2)) > 20).all()


def test_drawn_glyphs_are_seen_and_in_range(bank):
    rows = RNG.integers(len(bank), size=300)
    outline, stroke = torch.from_numpy(bank.outline[rows]), torch.from_numpy(bank.stroke[rows])
    drawn = augment(outline, stroke, 32, torch.Generator().manual_seed(0))
    assert drawn.shape == (300, 1, 32, 32)
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    assert torch.equal(drawn, augment(outline, stroke, 32, torch.Generator().manual_seed(0)))
    assert not torch.equal(drawn, augment(outline, stroke, 32, torch.Generator().manual_seed(1)))
    spread = drawn.amax(dim=(1, 2, 3)) - drawn.amin(dim=(1, 2, 3))
    assert (spread > 0.1).all()
    assert (spread > 0.5).float().mean() > 0.8
    # Ink is not most of a picture, nor next to nothing of it.
    share = drawn.mean(dim=(1, 2, 3))
    assert 0.05 < share.median() < 0.4


def test_captions_say_what_is_true(encode):
    from open_clip.tokenizer import SimpleTokenizer

    captions = tokenised(encode)
    decode = SimpleTokenizer(context_length=24).decode
    number = {concept.text: i for i, concept in enumerate(CONCEPTS)}
    written = [words for words, *_ in sentences()]
    assert len(set(written)) == len(written) == len(captions.tokens)
    for i in RNG.choice(len(written), 60):
        row = captions.vocabulary[captions.tokens[i]]
        kept = row[captions.named[i] & (row < 49406) & (row > 0)]
        name = decode(kept).strip()
        assert name in written[i]
        shown = {CONCEPTS[k].text for k in np.flatnonzero(captions.shows[i])}
        last = name.split()[-1]
        if "letter" in name:
            said = set(name.split())
            capital = set() if said & {"lowercase", "small"} else {last.upper()}
            small = set() if said & {"uppercase", "capital", "big"} else {last}
            assert shown == capital | small
        elif last in glyph_captions.WORDS:
            assert shown == {str(glyph_captions.WORDS.index(last))}
        else:
            assert shown == {last}
    by_words = dict(zip(written, captions.meaning, strict=True))
    assert by_words["the number 7"] == by_words["a photo of the digit seven"]
    assert by_words["the letter g"] != by_words["the small letter g"] == by_words["a lowercase letter g"]
    assert not set(HELD_OUT) & set(OF_DIGITS)
    pairs = alike()
    assert pairs[number["0"], number["O"]]
    assert pairs[number["line"], number["1"]]
    assert not pairs[number["0"], number["8"]]


def test_shares_of_kinds_and_families(bank):
    chance = chances(bank)
    kind = np.array([CONCEPTS[c].kind for c in bank.concept])
    for name, share in train_glyph_clip.SHARES.items():
        assert chance[kind == name].sum() == pytest.approx(share)
    # Two faces of a family weigh as much as one of another.
    twice = bank.take(np.r_[np.arange(len(bank)), np.flatnonzero(bank.family == 0)])
    again = chances(twice)
    families = [again[(twice.concept == 3) & (twice.family == f)].sum() for f in range(bank.family.max() + 1)]
    np.testing.assert_allclose(families, families[0])


def test_loss_is_clips_where_pairs_are_single():
    logits = torch.from_numpy(RNG.standard_normal((6, 6)))
    target = torch.arange(6)
    expected = sum(torch.nn.functional.cross_entropy(s, target) for s in (logits, logits.T)) / 2
    found = contrast(logits, torch.eye(6).bool(), torch.zeros(6, 6).bool())
    torch.testing.assert_close(found, expected)


def test_loss_with_many_positives_by_the_definition():
    n, m = 7, 5
    logits = RNG.standard_normal((n, m))
    kind, caption = np.array([0, 0, 1, 2, 1, 3, 0]), np.array([0, 1, 1, 2, 4])
    positive = kind[:, None] == caption
    ignored = np.zeros((n, m), dtype=bool)
    ignored[3, 0] = ignored[5, 2] = True
    halves = []
    for scores, belongs, out in ((logits, positive, ignored), (logits.T, positive.T, ignored.T)):
        rows = []
        for row, true, left_out in zip(scores, belongs, out, strict=True):
            if true.any():
                denominator = np.log(np.exp(row[~left_out]).sum())
                rows.append(-np.mean([score - denominator for score in row[true]]))
        halves.append(np.mean(rows))
    # The picture of kind 3 and the caption of kind 4 belong to nothing.
    assert (positive.any(axis=1).sum(), positive.any(axis=0).sum()) == (6, 4)
    found = contrast(*(torch.from_numpy(a) for a in (logits, positive, ignored)))
    assert found.item() == pytest.approx(np.mean(halves))


def test_batches_pair_pictures_with_true_captions(bank, encode):
    captions = tokenised(encode)
    batch = Batches(bank, captions, 32, seed=0).draw(200)
    same = Batches(bank, captions, 32, seed=0).draw(200)
    assert all(torch.equal(a, b) for a, b in zip(batch, same, strict=True))
    assert batch.pictures.shape == (200, 3, 32, 32)
    assert batch.positive.any(dim=1).all()
    assert not (batch.positive & batch.ignored).any()
    # A digit has four captions, a letter one for itself and one for either case.
    counts = set(batch.positive.sum(dim=1).tolist())
    assert counts == {1, 2, train_glyph_clip.CAPTIONS_OF_A_DIGIT}
    tokens = captions.vocabulary[batch.tokens]
    assert (tokens[:, 0] == 49406).all()
    assert ((tokens == 49407).sum(axis=1) == 1).all()


def test_training_lowers_the_loss_and_is_the_same_again(bank, encode, monkeypatch):
    small = {**train_glyph_clip.CONFIG, "vision_cfg": {**train_glyph_clip.CONFIG["vision_cfg"], "width": 8}}
    monkeypatch.setattr(train_glyph_clip, "CONFIG", small)
    monkeypatch.setattr(train_glyph_clip, "BATCH", 64)
    captions = tokenised(encode)

    def run(steps):
        torch.manual_seed(0)
        model = build(len(captions.vocabulary))
        return train(model, Batches(bank, captions, 32, seed=0), steps)

    averaged, losses = run(20)
    assert np.mean(losses[-4:]) < np.mean(losses[:4]) - 0.2
    assert run(3)[1] == run(3)[1]
    state = full_state(averaged, captions.vocabulary)
    assert {value.dtype for value in state.values() if value.is_floating_point()} == {torch.float16}
    table = state["token_embedding.weight"]
    assert table.shape == (49408, 48)
    assert (set(np.flatnonzero(table.any(dim=1).numpy())) | {0}) == set(captions.vocabulary.tolist())
    expected = averaged.token_embedding.weight.half()
    assert torch.equal(table[torch.from_numpy(captions.vocabulary)], expected)


def test_a_picture_of_text_is_cropped():
    canvas = Image.new("L", (90, 70))
    canvas.paste(255, (60, 10, 70, 50))
    assert inked(glyph_rendering.fit(canvas)) == (6, 41, 19, 27)
