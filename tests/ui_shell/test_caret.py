"""The text cursor blinks where somebody has just come to write, and costs nothing afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from callmanager_shell.caret import RestingCaret
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget


@pytest.fixture
def fields(qt: QApplication) -> Iterator[tuple[QLineEdit, QLineEdit]]:
    window = QWidget()
    layout = QVBoxLayout(window)
    first, second = QLineEdit(), QLineEdit()
    layout.addWidget(first)
    layout.addWidget(second)
    window.show()
    window.activateWindow()
    first.setFocus()
    yield first, second
    window.close()
    window.deleteLater()


async def test_the_cursor_rests_after_a_while_and_blinks_again_in_the_next_field(
    qt: QApplication, fields: tuple[QLineEdit, QLineEdit]
) -> None:
    hints = QGuiApplication.styleHints()
    period = hints.cursorFlashTime()
    assert period > 0
    caret = RestingCaret(qt, seconds=0.02)
    try:
        while hints.cursorFlashTime():  # noqa: ASYNC110 - Qt's timer tells nobody else
            await asyncio.sleep(0.005)
        fields[1].setFocus()
        assert hints.cursorFlashTime() == period
    finally:
        caret.close_down()
    assert hints.cursorFlashTime() == period
