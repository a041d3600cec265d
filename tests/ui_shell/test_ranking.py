import pytest
from callmanager_shell.ranking import Fit, rank


@pytest.mark.parametrize(
    ("query", "title", "fit", "marked"),
    [
        ("set", "Settings", Fit.PREFIX, "Set"),
        ("SET", "Settings", Fit.PREFIX, "Set"),
        ("aud", "Settings: Audio", Fit.WORDS, "Aud"),
        ("set aud", "Settings: Audio", Fit.WORDS, "SetAud"),
        ("aud set", "Settings: Audio", Fit.WORDS, "SetAud"),
        ("hac", "Hold all calls", Fit.INITIALS, "Hac"),
        ("ting", "Settings", Fit.INSIDE, "ting"),
        ("tehor", "Tickets: the order", Fit.SCATTERED, "Theor"),
        ("perez", "Call Marlon Pérez", Fit.WORDS, "Pérez"),
        ("  set  ", "Settings", Fit.PREFIX, "Set"),
        ("", "Settings", Fit.PREFIX, ""),
    ],
)
def test_how_letters_fit_and_which_of_the_title_they_mark(query, title, fit, marked):
    found = rank(query, title)
    assert found is not None
    assert found.fit is fit
    assert sorted(title[mark] for mark in found.marks) == sorted(marked)


def test_a_keyword_finds_what_the_title_does_not_say():
    assert rank("pref", "Settings", ("preferences",)).fit is Fit.KEYWORD
    assert rank("pref", "Settings") is None


@pytest.mark.parametrize("query", ["zzz", "settingsx", "gnittes", "set", "e"])
def test_letters_that_are_there_by_chance_do_not_fit(query):
    assert rank(query, "Show connection" if query in {"set", "e"} else "Settings") is None


def test_the_closer_letters_win():
    near, far = rank("snt", "Sent"), rank("snt", "Seconds to")
    assert near.fit is far.fit is Fit.SCATTERED
    assert near < far


def test_one_mark_for_each_character_also_where_folding_makes_several():
    assert rank("straße", "Straße").marks == (0, 1, 2, 3, 4, 5)
