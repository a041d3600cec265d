"""The look as data: colours of the two themes, the 4 px grid, type scale and radii. Nothing here imports Qt."""

from enum import Enum
from typing import Final

import attrs


class Space:
    """The 4 px grid: `SIBLING` between things that belong together, `GROUP` between those that do not."""

    TIGHT: Final = 4
    SIBLING: Final = 8
    INNER: Final = 12
    GROUP: Final = 16
    WIDE: Final = 24


class Radius:
    CONTROL: Final = 8
    CARD: Final = 12
    FIELD: Final = 12


class TypeSize:
    """Pixel sizes; Qt scales them with the screen."""

    SMALL: Final = 12
    BODY: Final = 13
    NAME: Final = 14
    TIMER: Final = 15
    FIELD: Final = 15
    TITLE: Final = 18


class Density(Enum):
    COMFORTABLE = "comfortable"
    COMPACT = "compact"

    @property
    def control_height(self) -> int:
        return 26 if self is Density.COMPACT else 32


@attrs.frozen(kw_only=True)
class Theme:
    """Every colour that is painted. `*_fill` lie under `on_*` texts, `*_text` are readable on all backgrounds, the plain state
    colours are for dots and bars, which always have a word beside them."""

    name: str
    dark: bool
    background: str
    surface: str
    raised: str
    line: str
    line_strong: str
    hover: str
    pressed: str
    text: str
    muted: str
    accent: str
    accent_background: str
    accent_fill: str
    on_accent: str
    good: str
    good_text: str
    good_fill: str
    on_good: str
    good_background: str
    danger: str
    danger_text: str
    danger_fill: str
    on_danger: str
    danger_background: str
    warning: str
    warning_text: str
    warning_fill: str
    on_warning: str
    held_background: str
    offline: str
    toast: str
    on_toast: str
    on_toast_muted: str


LIGHT: Final = Theme(
    name="light",
    dark=False,
    background="#fbfbfd",
    surface="#ffffff",
    raised="#ffffff",
    line="#e6e6ee",
    line_strong="#d3d4df",
    hover="#f3f3f8",
    pressed="#e9e9f1",
    text="#1c1d27",
    muted="#636574",
    accent="#5b5bd6",
    accent_background="#ededfc",
    accent_fill="#5b5bd6",
    on_accent="#ffffff",
    good="#2b9a66",
    good_text="#1b7549",
    good_fill="#1f8052",
    on_good="#ffffff",
    good_background="#e6f6ee",
    danger="#e5484d",
    danger_text="#c5303a",
    danger_fill="#d0363d",
    on_danger="#ffffff",
    danger_background="#feebec",
    warning="#f0862e",
    warning_text="#9a4d0a",
    warning_fill="#f0862e",
    on_warning="#2b1703",
    held_background="#fff3e6",
    offline="#9a9cab",
    toast="#262733",
    on_toast="#f4f5fa",
    on_toast_muted="#b9bbca",
)

DARK: Final = Theme(
    name="dark",
    dark=True,
    background="#15161d",
    surface="#1b1c25",
    raised="#22232e",
    line="#2e303d",
    line_strong="#414355",
    hover="#252734",
    pressed="#2e3040",
    text="#eceef5",
    muted="#9a9db0",
    accent="#8583f5",
    accent_background="#2a2a4d",
    accent_fill="#8583f5",
    on_accent="#12121f",
    good="#3dd68c",
    good_text="#3dd68c",
    good_fill="#3dd68c",
    on_good="#0c2117",
    good_background="#173328",
    danger="#ff6369",
    danger_text="#ff7d82",
    danger_fill="#ff6369",
    on_danger="#2a0a0c",
    danger_background="#3b1d22",
    warning="#ffa057",
    warning_text="#ffa057",
    warning_fill="#ffa057",
    on_warning="#2b1703",
    held_background="#3a2a18",
    offline="#6d7080",
    toast="#34364a",
    on_toast="#f4f5fa",
    on_toast_muted="#bcbfd0",
)

AVATAR_HUES: Final = ("#3e63dd", "#7c4fd0", "#a83fb3", "#c43374", "#c8402f", "#a6590b", "#22795a", "#0b7285")
"""Eight hues of even lightness; white initials are readable on each."""

ON_AVATAR: Final = "#ffffff"


@attrs.frozen(kw_only=True)
class TextPair:
    """Text of this colour is painted on that background somewhere; both are names of `Theme` fields."""

    text: str
    background: str


TEXT_PAIRS: Final = tuple(
    TextPair(text=text, background=background)
    for text, backgrounds in (
        ("text", ("background", "surface", "raised", "hover", "pressed", "held_background", "accent_background")),
        ("muted", ("background", "surface", "raised", "hover", "held_background", "accent_background")),
        ("accent", ("background", "surface", "raised", "hover")),
        ("good_text", ("background", "surface", "raised", "good_background")),
        ("danger_text", ("background", "surface", "raised", "danger_background")),
        ("warning_text", ("background", "surface", "raised", "held_background")),
        ("on_accent", ("accent_fill",)),
        ("on_good", ("good_fill",)),
        ("on_danger", ("danger_fill",)),
        ("on_warning", ("warning_fill",)),
        ("on_toast", ("toast",)),
        ("on_toast_muted", ("toast",)),
    )
    for background in backgrounds
)
"""Every combination in use; a test computes the contrast of each (WCAG 2.1, 1.4.3)."""


def relative_luminance(colour: str) -> float:
    """WCAG 2.1 definition, of a `#rrggbb` colour."""
    channels = [int(colour[position : position + 2], 16) / 255 for position in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """WCAG 2.1 contrast ratio, 1 to 21."""
    lighter, darker = sorted((relative_luminance(first), relative_luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)
