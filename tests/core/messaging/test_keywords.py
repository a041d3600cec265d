"""Who wants no more messages is understood, and nobody else."""

import pytest
from callmanager.messaging.keywords import MessageKeyword, message_keyword


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "stop",
        " Stop. ",
        "\nSTOP\n",
        "“Stop”",
        "StopAll",
        "STOP ALL",
        "unsubscribe",
        "END",
        "Quit",
        "cancel!",
        "opt-out",
    ],
)
def test_the_words_that_end_messages(text: str) -> None:
    assert message_keyword(text) is MessageKeyword.STOP


@pytest.mark.parametrize("text", ["START", "unstop", "Yes", "yes!"])
def test_the_words_that_begin_them_again(text: str) -> None:
    assert message_keyword(text) is MessageKeyword.START


@pytest.mark.parametrize("text", ["HELP", "help?", "info"])
def test_a_question_for_help(text: str) -> None:
    assert message_keyword(text) is (None if text == "help?" else MessageKeyword.HELP)


@pytest.mark.parametrize(
    "text",
    ["", "please stop", "stop by at five", "don't stop", "the end", "cancel my order", "yes please", "s t o p", "x" * 5000],
)
def test_a_sentence_is_for_a_person(text: str) -> None:
    assert message_keyword(text) is None
