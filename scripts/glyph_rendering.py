"""Pictures of letters, digits and shapes as distance fields, from the fonts of a folder.

A glyph is kept as two fields. ``outline`` is the signed distance to the glyph's edge, positive in the
ink; ``stroke`` is minus the distance to its middle line, so that the line can be drawn again with a pen of
any width. Ink is where a field plus some offset is positive: thickness becomes an addition, and a field can
be turned and bent before it is made ink without its edge growing blurred.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from glyph_captions import CONCEPTS
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import distance_transform_edt
from tqdm import tqdm

SIDE = 48
"""Pixels along a field."""
BOX = 36
"""Pixels along the longer side of what is drawn, in the middle of a field."""
STEPS = 8
"""Steps of a stored field to one pixel."""
FILLED = ("circle", "square", "triangle", "diamond", "star", "heart")
"""Shapes that are drawn as a whole or as their edge."""
_INK = 90  # of 255: hairlines, which are grey when drawn small, stay in one piece
_DRAWN_AT = 128
_SUFFIXES = (".ttf", ".otf", ".ttc")
_VARIANTS_OF_A_SHAPE = 60
_THINNED_AT_ONCE = 512


class Face(NamedTuple):
    """A font file, and the family it is of."""

    path: Path
    family: str


@dataclass(frozen=True)
class Bank:
    """Rendered glyphs.

    Parameters
    ----------
    outline, stroke : (n, 48, 48) int8
        The two fields of each, in eighths of a pixel.
    concept : (n,) int64
        What it shows, an index into ``glyph_captions.CONCEPTS``.
    family : (n,) int64
        Number of its font's family; -1 for shapes.
    """

    outline: NDArray[np.int8]
    stroke: NDArray[np.int8]
    concept: NDArray[np.int64]
    family: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.concept)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Bank:
        """Return the bank of some rows, given as a mask or by number."""
        return Bank(self.outline[rows], self.stroke[rows], self.concept[rows], self.family[rows])


def find_faces(folder: Path, faces_a_family: int, rng: np.random.Generator) -> list[Face]:
    """Return fonts below a folder that have all letters and digits, a few of every family.

    Parameters
    ----------
    folder : Path
        Searched with its subfolders; links are not followed.
    faces_a_family : int
        At most so many of one family, drawn at random.

    Raises
    ------
    SystemExit
        If there is none.
    """
    families: dict[str, list[Face]] = {}
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in _SUFFIXES and not p.is_symlink()):
        try:
            family, _ = ImageFont.truetype(path, 8).getname()
        except OSError:  # not a font that FreeType reads
            continue
        families.setdefault(family or path.stem, []).append(Face(path, family or path.stem))
    faces = []
    for family in sorted(families):
        order = rng.permutation(len(families[family]))
        complete = (families[family][i] for i in order)
        faces += [face for face in complete if _is_complete(face.path)][:faces_a_family]
    if not faces:
        raise SystemExit(f"There is no font with all letters and digits below {folder}")
    return faces


def _is_complete(path: Path) -> bool:
    """Tell whether a font draws all letters and digits, and digits that differ."""
    font = ImageFont.truetype(path, 24)
    absent = bytes(font.getmask("\U0010fffd", mode="L"))
    drawn = {c.text: bytes(font.getmask(c.text, mode="L")) for c in CONCEPTS if c.kind != "shape"}
    if any(not any(mask) or mask == absent for mask in drawn.values()):
        return False
    return len({drawn[digit] for digit in "0123456789"}) == 10


def render(font: ImageFont.FreeTypeFont, text: str) -> NDArray[np.bool_]:
    """Return a character's ink, shape (48, 48), its longer side 36 pixels, centred."""
    mask = font.getmask(text, mode="L")
    picture = Image.frombytes("L", mask.size, bytes(mask))
    return fit(picture)


def fit(picture: Image.Image) -> NDArray[np.bool_]:
    """Crop a grey picture to its ink and scale it into the middle of a field."""
    inked = picture.crop(picture.getbbox())
    ratio = BOX / max(inked.size)
    width, height = (max(1, round(length * ratio)) for length in inked.size)
    canvas = Image.new("L", (SIDE, SIDE))
    small = inked.resize((width, height), Image.Resampling.BILINEAR)
    canvas.paste(small, ((SIDE - width) // 2, (SIDE - height) // 2))
    grey = np.asarray(canvas)
    return grey > min(_INK, int(grey.max()) // 2)


def draw_shape(name: str, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return a simple shape's ink with proportions drawn at random, shape (48, 48)."""
    side = 4 * BOX
    picture = Image.new("L", (side, side))
    draw = ImageDraw.Draw(picture)
    middle, reach = side / 2, 0.46 * side
    turn = rng.uniform(-0.2, 0.2)
    pen = int(rng.uniform(0.06, 0.16) * side)

    def points(angles: NDArray[np.float64], radii: NDArray[np.float64] | float) -> list[tuple[float, float]]:
        x, y = middle + radii * np.sin(angles + turn), middle - radii * np.cos(angles + turn)
        return list(zip(x.tolist(), y.tolist(), strict=True))

    corners = {"triangle": 3, "square": 4, "diamond": 4}
    if name == "circle":
        draw.ellipse((middle - reach, middle - reach, middle + reach, middle + reach), fill=255)
    elif name in corners:
        k = corners[name]
        start = np.pi / 4 if name == "square" else 0.0
        draw.polygon(points(start + 2 * np.pi * np.arange(k) / k, reach), fill=255)
    elif name == "star":
        k = int(rng.integers(5, 7))
        radii = np.where(np.arange(2 * k) % 2 == 0, reach, reach * rng.uniform(0.38, 0.5))
        draw.polygon(points(np.pi * np.arange(2 * k) / k, radii), fill=255)
    elif name == "heart":
        t = np.linspace(0, 2 * np.pi, 60)
        x, y = 16 * np.sin(t) ** 3, 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
        draw.polygon(points(np.arctan2(x, y), np.hypot(x, y) * reach / 17), fill=255)
    elif name == "cross":
        start = rng.choice([0.0, np.pi / 4])
        for angle in (start, start + np.pi / 2):
            draw.line(points(angle + np.array([0, np.pi]), reach), fill=255, width=pen)
    elif name == "line":
        angle = rng.uniform(0, np.pi)
        draw.line(points(angle + np.array([0, np.pi]), reach), fill=255, width=pen)
    else:
        angle = rng.choice(4) * np.pi / 2
        draw.line(points(angle + np.array([0, np.pi]), reach), fill=255, width=pen)
        head = np.array([0, 0.5, -0.5])
        draw.polygon(points(angle + head, np.array([1.0, 0.75, 0.75]) * reach), fill=255)
    return fit(picture)


def thin(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the middle lines of pictures, one pixel wide, with as many pieces and holes as before.

    Parameters
    ----------
    ink : (n, height, width) bool
        The outermost rows and columns are taken to be empty.

    Notes
    -----
    O(n height width) for each pixel of half the greatest stroke width.

    References
    ----------
    T. Y. Zhang and C. Y. Suen (1984), A fast parallel algorithm for thinning digital patterns,
    Communications of the ACM 27(3).
    """
    out = np.empty_like(ink)
    for start in range(0, len(ink), _THINNED_AT_ONCE):
        part = ink[start : start + _THINNED_AT_ONCE].astype(np.uint8)
        part[:, [0, -1]] = 0
        part[:, :, [0, -1]] = 0
        changed = True
        while changed:
            changed = False
            for peelable in _PEELABLE:
                around = np.zeros_like(part[:, 1:-1, 1:-1])
                for bit, (dy, dx) in enumerate(_AROUND):
                    stop_y, stop_x = part.shape[1] - 1 + dy, part.shape[2] - 1 + dx
                    around |= part[:, 1 + dy : stop_y, 1 + dx : stop_x] << bit
                peeled = peelable[around] & part[:, 1:-1, 1:-1]
                part[:, 1:-1, 1:-1] ^= peeled
                changed |= bool(peeled.any())
        out[start : start + len(part)] = part.astype(bool)
    return out


# The eight neighbours, clockwise from north.
_AROUND = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))


def _peelable() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return for both halves of a pass whether a pixel may go, by its neighbours, one bit each."""
    near = (np.arange(256)[:, None] >> np.arange(8)) & 1
    count = near.sum(axis=1)
    rises = ((near == 0) & (np.roll(near, -1, axis=1) == 1)).sum(axis=1)
    north, east, south, west = near[:, 0], near[:, 2], near[:, 4], near[:, 6]
    edge = (count >= 2) & (count <= 6) & (rises == 1)
    first = edge & (north * east * south == 0) & (east * south * west == 0)
    second = edge & (north * east * west == 0) & (north * south * west == 0)
    return first.astype(np.uint8), second.astype(np.uint8)


_PEELABLE = _peelable()


def fields(ink: NDArray[np.bool_], filled: NDArray[np.bool_]) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Return the two fields of pictures, each of shape (n, 48, 48).

    Parameters
    ----------
    ink : (n, 48, 48) bool
    filled : (n,) bool
        Of which the line to draw is the edge and not the middle line.
    """
    lines = thin(ink)
    outline, stroke = np.empty(ink.shape, np.int8), np.empty(ink.shape, np.int8)
    for i in tqdm(range(len(ink)), desc="distance fields", unit="glyph", mininterval=2):
        inside, outside = distance_transform_edt(ink[i]), distance_transform_edt(~ink[i])
        # Pixel centres lie half a pixel from the edge between two pixels.
        signed = inside - outside - np.where(ink[i], 0.5, -0.5)
        to_line = np.abs(signed) if filled[i] else distance_transform_edt(~lines[i])
        outline[i], stroke[i] = _stored(signed), _stored(-to_line)
    return outline, stroke


def _stored(field: NDArray[np.float64]) -> NDArray[np.int8]:
    return np.rint(field * STEPS).clip(-127, 127).astype(np.int8)


def build_bank(folder: Path, faces_a_family: int, seed: int) -> Bank:
    """Render all letters and digits of the fonts below a folder, and all shapes.

    Parameters
    ----------
    folder : Path
    faces_a_family : int
        See :func:`find_faces`.
    seed : int
        Which faces of a large family, and the shapes' proportions.

    Notes
    -----
    About a millisecond a glyph.
    """
    rng = np.random.default_rng(seed)
    faces = find_faces(folder, faces_a_family, rng)
    texts = [i for i, concept in enumerate(CONCEPTS) if concept.kind != "shape"]
    ink = np.stack([_drawn(face, [CONCEPTS[i].text for i in texts]) for face in tqdm(faces, "fonts")])
    kept = legible(ink)
    ink = ink[kept].reshape(-1, SIDE, SIDE)
    names = np.array([face.family for face in faces])[kept]
    family = np.unique(names, return_inverse=True)[1].repeat(len(texts))
    concept = np.tile(texts, len(names))
    shapes = np.setdiff1d(np.arange(len(CONCEPTS)), texts).repeat(_VARIANTS_OF_A_SHAPE)
    ink = np.concatenate([ink, [draw_shape(CONCEPTS[i].text, rng) for i in shapes]])
    concept, family = np.concatenate([concept, shapes]), np.concatenate([family, np.full(len(shapes), -1)])
    solid = np.array(
        [c.text in ("circle", "square", "triangle", "diamond", "star", "heart") for c in CONCEPTS]
    )
    outline, stroke = fields(ink, solid[concept])
    return Bank(outline, stroke, concept, family)


def _drawn(face: Face, texts: list[str]) -> NDArray[np.bool_]:
    font = ImageFont.truetype(face.path, _DRAWN_AT)
    return np.stack([render(font, text) for text in texts])


def legible(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which faces draw digits like the mean face does.

    Fonts of symbols have something in their place. A face is kept if at least half of its digits,
    stretched to a square, are more like their own mean than like any other's.

    Parameters
    ----------
    ink : (faces, characters, 48, 48) bool
        Of each face the digits, and then others.
    """
    pictures = np.stack([[_stretched(one) for one in face[:10]] for face in ink])
    mean = pictures.mean(axis=0)
    mean /= np.linalg.norm(mean, axis=1, keepdims=True)
    nearest = (pictures @ mean.T).argmax(axis=2)
    return (nearest == np.arange(10)).mean(axis=1) >= 0.5


def _stretched(ink: NDArray[np.bool_]) -> NDArray[np.float32]:
    picture = Image.fromarray(np.uint8(255) * ink)
    square = picture.crop(picture.getbbox()).resize((16, 16), Image.Resampling.BILINEAR)
    return np.asarray(square, dtype=np.float32).ravel() / np.float32(255)
