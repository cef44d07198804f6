"""The colours that pages and extension share can be read on every surface, by day and by night (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

import re
from typing import Final

import pytest

from tests.support.project import ROOT

TOKENS: Final = ROOT / "wasm_build" / "ui" / "tokens.css"
SURFACES: Final = ("surface", "surface-raised", "surface-sunken")
WORDS: Final = (
    "text",
    "text-muted",
    "accent",
    "accent-hover",
    "verified",
    "signed-unverified",
    "invalid",
    "encrypted-only",
    "plain",
)
TEXT_CONTRAST: Final = 4.5
SHAPE_CONTRAST: Final = 3.0


def read_colours(scheme: str) -> dict[str, str]:
    light, dark = TOKENS.read_text().split("@media (prefers-color-scheme: dark)")
    colours = dict(re.findall(r"(?<![a-z-])--([a-z-]++): (#[0-9a-f]{6});", light))
    return colours | (dict(re.findall(r"(?<![a-z-])--([a-z-]++): (#[0-9a-f]{6});", dark)) if scheme == "dark" else {})


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance as WCAG defines it for sRGB."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_black_on_white_is_the_strongest_contrast() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read_on_every_surface(scheme: str) -> None:
    colours = read_colours(scheme)
    pairs = [(word, surface) for word in WORDS for surface in SURFACES]
    pairs += [
        ("on-accent", "accent"),
        ("on-accent", "accent-hover"),
        ("text", "accent-soft"),
        ("accent", "accent-soft"),
    ]
    faint = {pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in faint.items() if ratio < TEXT_CONTRAST} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_borders_of_controls_and_the_focus_can_be_seen(scheme: str) -> None:
    colours = read_colours(scheme)
    pairs = [(shape, surface) for shape in ("border-strong", "focus") for surface in SURFACES]
    faint = {pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in faint.items() if ratio < SHAPE_CONTRAST} == {}
