import pytest
from callmanager_shell.tokens import AVATAR_HUES, DARK, LIGHT, ON_AVATAR, TEXT_PAIRS, Theme, contrast

AA = 4.5
"""WCAG 2.1, success criterion 1.4.3, for text of normal size."""


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
@pytest.mark.parametrize("pair", TEXT_PAIRS, ids=lambda pair: f"{pair.text}-on-{pair.background}")
def test_every_text_is_readable_on_its_background(theme: Theme, pair):
    assert contrast(getattr(theme, pair.text), getattr(theme, pair.background)) >= AA


@pytest.mark.parametrize("hue", AVATAR_HUES)
def test_initials_are_readable_on_every_avatar(hue):
    assert contrast(ON_AVATAR, hue) >= AA


def test_contrast_is_that_of_the_guideline():
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
