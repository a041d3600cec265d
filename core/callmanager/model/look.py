"""Colours and type sizes by their meaning, so that a plugin's own painting follows theme, density and contrast."""

from enum import Enum


class ThemeColour(Enum):
    """A colour by what it is for. State colours are for dots and bars and never stand alone: a word or a shape goes with them;
    for words there are the `*_TEXT` ones, which are readable on every background (WCAG 2.1 AA)."""

    BACKGROUND = "background"
    """The window."""
    SURFACE = "surface"
    """Cards, fields and the side column."""
    RAISED = "raised"
    """What floats."""
    LINE = "line"
    """Hairlines between things."""
    HOVER = "hover"
    """Under the pointer, and the selected row."""
    TEXT = "text"
    MUTED = "muted"
    """Secondary text."""
    ACCENT = "accent"
    """Focus, selection and links, nothing else."""
    ACCENT_BACKGROUND = "accent_background"
    GOOD = "good"
    GOOD_TEXT = "good_text"
    GOOD_BACKGROUND = "good_background"
    DANGER = "danger"
    DANGER_TEXT = "danger_text"
    DANGER_BACKGROUND = "danger_background"
    WARNING = "warning"
    WARNING_TEXT = "warning_text"
    WARNING_BACKGROUND = "held_background"
    OFFLINE = "offline"


class TextStyle(Enum):
    """A size and weight by what it is for."""

    SMALL = "small"
    """Secondary text, in the muted colour."""
    BODY = "body"
    NAME = "name"
    """The first line of a row or card."""
    TITLE = "title"
    DIGITS = "digits"
    """Timers and counts: all digits are equally wide, so that nothing jumps."""
