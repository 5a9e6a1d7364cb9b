"""Glyphs drawn in ever new ways, many at once."""

from __future__ import annotations

import torch
from glyph_rendering import BOX, SIDE, STEPS
from torch import Tensor
from torch.nn import functional

PEN = 0.6
"""Share of glyphs that are drawn along their middle line with a pen instead of as they are."""
PEN_RADIUS = (0.9, 4.0)
WEIGHT = (-0.8, 1.8)
"""Pixels of a field by which a stroke drawn as it is grows on either side."""
SOFTNESS = (0.5, 2.2)
"""Pixels of a field over which ink fades."""
EXTENT = (0.5, 1.02)
"""Longer side of the glyph as a share of the picture's side."""
ASPECT = 0.3
"""Standard deviation of the logarithm of the ratio by which height and width are stretched."""
ROTATION, SHEAR = 0.17, 0.28
"""Standard deviations, in radians and as a slope."""
BEND = ((3, 0.11), (6, 0.04))
"""Random displacement: knots along a side, and standard deviation as a share of the side."""
COARSE = 0.4
"""Share of glyphs that pass through few pixels."""
COARSE_SIDES = (8, 8, 8, 10, 12, 16, 20)
NOISE = 0.3
"""Share of glyphs with pixel noise."""
NOISE_SCALE = 0.12


def augment(outline: Tensor, stroke: Tensor, side: int, rng: torch.Generator) -> Tensor:
    """Draw glyphs with random thickness, place, slant, bends, blur, resolution and noise.

    Parameters
    ----------
    outline, stroke : (n, 48, 48) int8
        Fields as ``glyph_rendering`` stores them.
    side : int
        Of the pictures.
    rng : torch.Generator

    Returns
    -------
    (n, 1, side, side) float32
        White on black, in [0, 1].

    Notes
    -----
    O(n side^2). A field is turned and bent first and made ink then: thickness and blur cost an addition
    and a multiplication, and the pen's width is bent with the glyph.
    """
    n = len(outline)

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(n, 1, 1, 1, generator=rng)

    pen = torch.rand(n, 1, 1, 1, generator=rng) < PEN
    field = torch.where(pen, stroke[:, None], outline[:, None]).float() / STEPS
    places = _places(n, side, rng)
    # What lies beyond the field is as far from the ink as its border, or farther.
    field = functional.grid_sample(field, places, mode="bilinear", padding_mode="border", align_corners=False)
    # Mostly thin pens; wide ones fill the holes of small letters.
    radius = PEN_RADIUS[0] + (PEN_RADIUS[1] - PEN_RADIUS[0]) * torch.rand(n, 1, 1, 1, generator=rng) ** 1.5
    field = field + torch.where(pen, radius, uniform(*WEIGHT))
    ink = torch.sigmoid(4 * field / uniform(*SOFTNESS))
    ink = _through_few_pixels(ink, rng)
    noisy = torch.rand(n, 1, 1, 1, generator=rng) < NOISE
    noise = torch.randn(ink.shape, generator=rng) * uniform(0, NOISE_SCALE) * noisy
    # Paper is seldom quite black, nor ink quite white and even.
    return (ink + noise).clamp(0, 1) ** torch.exp(uniform(-0.5, 0.5))


def _places(n: int, side: int, rng: torch.Generator) -> Tensor:
    """Return where in the fields the pixels of the pictures look, shape (n, side, side, 2), -1 to 1."""

    def normal() -> Tensor:
        return torch.randn(n, generator=rng)

    extent = EXTENT[0] + (EXTENT[1] - EXTENT[0]) * torch.rand(n, generator=rng)
    # The picture shows 1 / zoom of the field.
    zoom = extent * (SIDE / BOX)
    aspect = torch.exp((ASPECT * normal()).clamp(-0.6, 0.6))
    # Only ever squeezed in one direction, so that the extent stays what it is.
    wide, high = aspect.clamp(max=1) * zoom, (1 / aspect).clamp(max=1) * zoom
    angle, shear = ROTATION * normal(), SHEAR * normal()
    cos, sin = angle.cos(), angle.sin()
    top = torch.stack([cos / wide, (sin + shear * cos) / wide], dim=1)
    bottom = torch.stack([-sin / high, (cos - shear * sin) / high], dim=1)
    room = (1 - extent).clamp(min=0.04)
    shift = (2 * torch.rand(n, 2, generator=rng) - 1) * 0.7 * room[:, None]
    turn = torch.stack([top, bottom], dim=1)
    theta = torch.cat([turn, -(turn @ shift[:, :, None])], dim=2)
    places = functional.affine_grid(theta, [n, 1, side, side], align_corners=False)
    for knots, scale in BEND:
        bends = torch.randn(n, 2, knots, knots, generator=rng) * 2 * scale
        strength = torch.rand(n, 1, 1, 1, generator=rng)
        smooth = functional.interpolate(strength * bends, size=side, mode="bicubic", align_corners=True)
        places = places + smooth.permute(0, 2, 3, 1)
    return places


def _through_few_pixels(ink: Tensor, rng: torch.Generator) -> Tensor:
    """Reduce some pictures to 8 to 20 pixels along a side, and enlarge them again."""
    side = ink.shape[-1]
    coarse = torch.rand(len(ink), generator=rng) < COARSE
    kind = torch.randint(len(COARSE_SIDES), (len(ink),), generator=rng)
    out = ink.clone()
    for k, few in enumerate(COARSE_SIDES):
        rows = coarse & (kind == k)
        if rows.any() and few < side:
            small = functional.interpolate(ink[rows], size=few, mode="area")
            out[rows] = functional.interpolate(small, size=side, mode="bilinear", align_corners=False)
    return out
