"""The plugins page says where each plugin stands and why, and switches it; whatever it shows goes and comes with it."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import attrs
import pytest
from callmanager.api import (
    CallAction,
    Panel,
    PanelArea,
    Permissions,
    PluginState,
    SettingsSection,
    hookimpl,
    setting,
)
from callmanager.extensions.discovery import Candidate, Description
from callmanager_call_control.plugin import CallControl
from callmanager_shell.widgets.button import Button
from callmanager_shell.widgets.text import Text
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPlainTextEdit

pytestmark = pytest.mark.expects_log("Ctrl.Q belongs to the window")


@attrs.frozen(kw_only=True)
class NotesSettings:
    colour: str = setting("blue", label="Colour")


class Notes:
    """Uses every place of the window."""

    title = "Call notes"
    summary = "Notes beside every call."
    icon = "chat"
    permissions = Permissions(network=("api.notes.example",), call_information=True, files=True)
    healthy = True
    running: ClassVar[list[str]] = []

    def __init__(self, ctx):
        if not self.healthy:
            raise OSError("no licence")
        self._ctx = ctx

    @hookimpl
    def callmanager_started(self):
        self._ctx.problems.raise_problem("old", "The notes are old.")

    @hookimpl
    def callmanager_panels(self):
        return [Panel(id="notes", title="Notes", icon="chat", area=PanelArea.MAIN, build=lambda kit: QLabel("notes"))]

    @hookimpl
    def callmanager_settings_sections(self):
        return [SettingsSection(id="notes", title="Call notes", model=NotesSettings, icon="chat")]

    @hookimpl
    def callmanager_call_actions(self):
        async def run(call):
            self.running.append("begun")
            try:
                await asyncio.Event().wait()
            finally:
                self.running.append("ended")

        return [
            CallAction(id="notes.add", label="Note", icon="chat", run=run, available=lambda call: True, shortcut="Ctrl+Alt+N"),
            CallAction(id="notes.quit", label="Quit", icon="chat", run=run, available=lambda call: True, shortcut="Ctrl+Q"),
        ]


@pytest.fixture
def plugins():
    Notes.healthy = True
    Notes.running = []
    return {"call_control": CallControl, "notes": Notes}


def section(stage):
    stage.window.open_settings()
    card = stage.window.settings_page.card("plugins")
    card.expand(True)
    return card.body


async def switch(stage, row, wanted: PluginState):
    row.switch.click()
    assert row.state_word() == "Switching…"
    assert not row.switch.isEnabled()
    await stage.harness.until(lambda: row.switch.isEnabled())
    assert row.record.state is wanted


def words(widget) -> str:
    return "\n".join(label.text().replace("\u200b", "") for label in widget.findChildren(Text) if label.isVisibleTo(widget))


async def test_it_is_built_when_it_is_first_unfolded(stage):
    stage.window.open_settings()
    card = stage.window.settings_page.card("plugins")
    assert not card.head.isChecked()
    assert card.body.rows() == ()
    card.expand(True)
    assert [row.record.id for row in card.body.rows()] == ["call_control", "notes"]
    assert card.body.filter.isHidden()


async def test_a_row_says_what_it_is_where_it_stands_and_what_it_needs(stage):
    row = section(stage).row("notes")
    assert row.state_word() == "Active"
    assert row.switch.isChecked()
    assert row.switch.accessibleName() == "Call notes"
    assert row.accessibleName() == "Call notes, Active"
    assert "Notes beside every call." in words(row)
    assert row.details() is None
    row.fold.click()
    told = row.details().words()
    assert "Use the network: api.notes.example" in told
    assert "See your calls: numbers, names and times" in told
    assert "Read and write files of yours\nNot checked by the phone" in told
    assert "pc-callmanager 0 (built in)" in told
    row.fold.click()
    assert not row.details().isVisible()


async def test_the_remark_says_that_it_is_no_sandbox(stage):
    assert "no sandbox" in words(section(stage))


async def test_switching_off_takes_everything_out_of_the_window_and_on_brings_it_back(stage):
    await stage.harness.connect()
    await stage.talk()
    window, row = stage.window, section(stage).row("notes")
    card = window.strip.cards()[0]
    assert window.guests.panels.count() == 1
    assert window.empty.isHidden()
    assert "Ctrl+Alt+N" in tuple(window.guests.shortcuts._made)
    assert window.settings_page.card("notes")
    assert "The notes are old." in {problem.text for problem in stage.app.problems.current()}
    for _ in range(2):  # and once more, as nothing may be left of the first time
        await switch(stage, row, PluginState.DISABLED)
        assert (row.state_word(), row.switch.isChecked()) == ("Off", False)
        assert window.guests.panels.count() == 0
        assert not window.empty.isHidden()
        assert tuple(window.guests.shortcuts._made) == ("Ctrl+H", "Ctrl+M", "Ctrl+J")
        assert card.action_button("notes/notes.add") is None
        assert "notes" not in [card.section_id for card in window.settings_page._cards]
        assert stage.app.problems.current() == ()
        await switch(stage, row, PluginState.ACTIVE)
        assert (row.state_word(), row.switch.isChecked()) == ("Active", True)
        assert window.guests.panels.count() == 1
        assert window.empty.isHidden()
        assert tuple(window.guests.shortcuts._made) == ("Ctrl+H", "Ctrl+M", "Ctrl+J", "Ctrl+Alt+N")
        assert card.action_button("notes/notes.add") is not None
        assert window.settings_page.card("notes")
    assert stage.app.plugins.state("call_control") is PluginState.ACTIVE
    stage.app.calls.hang_up(card.call.id)
    await stage.harness.settle()


async def test_a_shortcut_of_a_plugin_that_is_off_does_nothing_and_works_again_when_it_is_on(stage):
    await stage.harness.connect()
    await stage.talk()
    row = section(stage).row("call_control")

    async def press() -> None:
        stage.window.activateWindow()
        await stage.harness.until(stage.window.isActiveWindow)
        QTest.keyClick(stage.window, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)
        await stage.harness.settle()

    await press()
    await stage.harness.until(lambda: stage.window.strip.active_call().muted)
    await press()
    await stage.harness.until(lambda: not stage.window.strip.active_call().muted)
    await switch(stage, row, PluginState.DISABLED)
    await press()
    assert not stage.window.strip.active_call().muted
    await switch(stage, row, PluginState.ACTIVE)
    await press()
    await stage.harness.until(lambda: stage.window.strip.active_call().muted)
    stage.app.calls.hang_up(stage.window.strip.active_call().id)
    await stage.harness.settle()


async def test_a_plugin_cannot_take_a_shortcut_of_the_window(stage):
    quits = []
    stage.window.activateWindow()
    await stage.harness.until(stage.window.isActiveWindow)
    stage.window.quit_wanted.connect(lambda: quits.append(1))
    QTest.keyClick(stage.window, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)
    assert quits == [1]


async def test_what_a_button_of_the_plugin_has_begun_ends_with_it(stage):
    await stage.harness.connect()
    await stage.talk()
    row = section(stage).row("notes")
    card = stage.window.strip.cards()[0]
    card.action_button("notes/notes.add").click()
    await stage.harness.until(lambda: Notes.running == ["begun"])
    await switch(stage, row, PluginState.DISABLED)
    await stage.harness.until(lambda: Notes.running == ["begun", "ended"])
    await switch(stage, row, PluginState.ACTIVE)
    assert card.action_button("notes/notes.add").isEnabled()
    stage.app.calls.hang_up(card.call.id)
    await stage.harness.settle()


async def test_a_field_that_is_being_edited_when_its_section_goes_is_no_fault(stage):
    section(stage)
    form = stage.window.settings_page.card("notes").body
    stage.window.settings_page.card("notes").expand(True)
    edit = form.row("colour").input()
    edit.setFocus()
    QTest.keyClicks(edit, "x")
    await stage.app.plugins.disable("notes")
    await stage.harness.settle()
    assert not [toast for toast in stage.services.toasts.current() if "fault" in toast.text]


@pytest.mark.expects_log("can't be used")
async def test_one_that_cannot_be_switched_on_says_why_in_a_toast_and_on_its_row(stage):
    row = section(stage).row("notes")
    await switch(stage, row, PluginState.DISABLED)
    Notes.healthy = False
    await switch(stage, row, PluginState.FAILED)
    assert [(toast.text, toast.hint) for toast in stage.services.toasts.current()][-1] == (
        "Call notes can't be used.",
        "OSError: no licence.",
    )
    assert (row.state_word(), row.reason.text.text()) == ("Failed", "OSError: no licence.")
    assert stage.window.settings_page._plugins.head.accessibleDescription() == "1 needs attention"
    row.fold.click()
    trace = row.details().findChild(QPlainTextEdit)
    assert trace.isReadOnly()
    assert "Traceback" in trace.toPlainText()
    next(button for button in row.details().findChildren(Button) if button.text() == "Copy").click()
    assert QGuiApplication.clipboard().text().startswith("notes 0 (pc-callmanager): failed: OSError: no licence\n\nTraceback")
    Notes.healthy = True
    row.reason.again.click()
    await stage.harness.until(lambda: row.record.state is PluginState.ACTIVE)
    assert not row.reason.isVisible()
    assert stage.window.settings_page._plugins.head.accessibleDescription() == "2 active"


@pytest.mark.expects_log("failed in|can't be used")
async def test_states_are_followed_while_they_change(stage):
    row = section(stage).row("notes")
    stage.app.report_fault(ValueError("no table"), owner="notes", doing="reading")
    assert (row.state_word(), row.reason.text.text()) == ("Active", "Works, but reading failed: ValueError: no table.")
    for _ in range(2):
        stage.app.report_fault(ValueError("no table"), owner="notes", doing="reading")
    assert row.state_word() == "Parked"
    assert not row.switch.isChecked()
    assert "3 faults" in row.reason.text.text()
    await stage.harness.settle()
    row.switch.click()
    await stage.harness.until(lambda: row.record.state is PluginState.ACTIVE)


async def test_the_switch_keeps_the_focus_of_the_keyboard(stage):
    row = section(stage).row("notes")
    row.switch.setFocus()
    QTest.keyClick(row.switch, Qt.Key.Key_Space)
    await stage.harness.until(lambda: row.record.state is PluginState.DISABLED and row.switch.isEnabled())
    assert stage.window.focusWidget() is row.switch
    row.fold.setFocus()
    QTest.keyClick(row.fold, Qt.Key.Key_Return)
    assert row.details().isVisible()


async def test_a_refused_switch_says_why_and_goes_back(stage, monkeypatch):
    await stage.harness.connect()
    await stage.talk()
    stage.app._driver.owner = "call_control"
    row = section(stage).row("call_control")
    await switch(stage, row, PluginState.ACTIVE)
    assert row.switch.isChecked()
    assert "carries the calls under way" in stage.services.toasts.current()[-1].text
    stage.app.calls.hang_up(stage.window.strip.active_call().id)
    await stage.harness.settle()


async def test_the_filter_appears_when_there_are_many_and_finds_by_every_word(stage):
    more = [
        attrs.evolve(
            Candidate.of(f"extra_{number}", type("Extra", (), {"__init__": lambda self, ctx: None})),
            describe=lambda number=number: Description(distribution=f"acme-{number}", version="1", author="Acme Software"),
        )
        for number in range(50)
    ]
    stage.app.plugins.load(more)
    body = section(stage)
    await stage.harness.until(lambda: len(body.rows()) == 52)
    assert not body.filter.isHidden()
    QTest.keyClicks(body.filter, "acme extra 7")
    shown = {row.record.id for row in body.rows() if not row.isHidden()}
    assert shown == {"extra_7", *(f"extra_{tens}7" for tens in range(1, 5))}
    body.filter.setText("fax <b>machine</b>")
    assert body.empty_text() == "No plugin fits “fax <b>machine</b>”."
    body.filter.clear()
    assert body.empty_text() == ""


class TestBare:
    @pytest.fixture
    def plugins(self):
        return {}

    async def test_without_any_plugin_it_says_so(self, stage):
        assert "No plugins are installed" in section(stage).empty_text()


class TestSite:
    @pytest.fixture(autouse=True)
    def site(self, tmp_path):
        (tmp_path / "site").mkdir()
        (tmp_path / "site" / "site.toml").write_text(
            '[plugins]\nforced = ["notes"]\nrefused = ["call_control"]\n'
            "[plugins.permissions.notes]\ncall_information = false\nnetwork = []\n"
        )

    async def test_what_the_administrator_decided_is_locked_and_says_so(self, stage):
        body = section(stage)
        forced, refused = body.row("notes"), body.row("call_control")
        for row in (forced, refused):
            assert not row.switch.isEnabled()
            assert row.switch.accessibleDescription() == "Set by your administrator"
        assert (forced.state_word(), forced.switch.isChecked()) == ("Active", True)
        assert "Set by your administrator." in words(forced)
        assert (refused.state_word(), refused.switch.isChecked()) == ("Refused", False)
        assert "Switched off by your administrator." in words(refused)
        forced.fold.click()
        assert forced.details().words().count("Not allowed by your administrator") == 2


async def test_a_dark_theme_and_a_narrow_window_cut_nothing_off(stage):
    stage.window.resize(380, 600)
    stage.look.choose("dark", "comfortable")
    body = section(stage)
    body.row("notes").fold.click()
    await stage.harness.settle()
    area = stage.window.settings_page._area
    assert area.widget().width() <= area.viewport().width()
    for row in body.rows():
        right = row.switch.mapTo(area.widget(), row.switch.rect().topRight()).x()
        assert right < area.viewport().width()
