import pytest
from callmanager.api import CallAction, PaletteCommand
from callmanager_shell.shortcuts import Claim, ShortcutTable, normal
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest


def claim(shortcut, key, owner="crm"):
    return Claim(shortcut=shortcut, key=key, owner=owner, label=key)


@pytest.mark.parametrize(
    ("written", "read"),
    [("ctrl+m", "Ctrl+M"), ("Shift+Ctrl+M", "Ctrl+Shift+M"), ("F9", "F9"), ("Shift+F9", "Shift+F9"), ("Meta+1", "Meta+1")],
)
def test_one_writing_for_each_shortcut(qt, written, read):
    assert normal(written) == read


@pytest.mark.parametrize("written", ["", "M", "Shift+M", "Return", "Ctrl+Nonsense", "Ctrl+K, Ctrl+C", "Escape", "1"])
def test_what_types_a_character_or_is_no_single_key_is_no_shortcut(qt, written):
    assert normal(written) == ""


@pytest.mark.parametrize("written", ["Ctrl+Q", "ctrl+q"])
def test_the_windows_own_are_never_given_away(qt, caplog, written):
    table = ShortcutTable(["Ctrl+Q"])
    assert table.assign([claim(written, "a")]) == {}
    assert "belongs to the window" in caplog.text


def test_first_come_keeps_it_and_the_conflict_is_told_once(qt, caplog):
    table = ShortcutTable([])
    first, second = claim("Ctrl+J", "first"), claim("Ctrl+J", "second", owner="other")
    assert table.assign([second])["Ctrl+J"] == second
    for _ in range(3):
        assert table.assign([first, second])["Ctrl+J"] == second
    assert caplog.text.count("is taken by “second” of the plugin other") == 1
    assert table.assign([first])["Ctrl+J"] == first
    assert table.assign([first, second])["Ctrl+J"] == first


def test_the_same_holder_may_claim_twice(qt, caplog):
    assert len(ShortcutTable([]).assign([claim("Ctrl+J", "calls:crm"), claim("Ctrl+J", "calls:crm")])) == 1
    assert caplog.text == ""


class TestInTheWindow:
    @pytest.fixture
    def ran(self):
        return []

    @pytest.fixture
    def plugins(self, contribute, ran):
        async def run_call(call):
            ran.append("call action")

        async def run_command():
            ran.append("command")

        async def never():
            ran.append("never")

        return {
            "crm": contribute(
                call_actions=[
                    CallAction(
                        id="note",
                        label="Note",
                        icon="info",
                        run=run_call,
                        available=lambda call: call.talking,
                        shortcut="Ctrl+Y",
                    )
                ],
                palette_commands=[
                    PaletteCommand(id="today", title="Today", icon="clock", run=run_command, shortcut="Ctrl+Alt+T"),
                    PaletteCommand(
                        id="away", title="Away", icon="clock", run=never, shortcut="Ctrl+Alt+A", available=lambda: False
                    ),
                ],
            )
        }

    @staticmethod
    def press(stage, key, modifiers=Qt.KeyboardModifier.ControlModifier):
        QTest.keyClick(stage.window, key, modifiers)

    async def test_a_commands_shortcut_works_without_the_palette_while_it_is_available(self, stage, ran):
        both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
        self.press(stage, Qt.Key.Key_A, both)
        self.press(stage, Qt.Key.Key_T, both)
        await stage.harness.until(lambda: ran == ["command"])
        assert stage.window.guests.desk.palette is None

    async def test_shortcuts_come_and_go_with_their_plugin(self, stage, ran):
        await stage.harness.connect()
        await stage.talk()
        self.press(stage, Qt.Key.Key_Y)
        await stage.harness.until(lambda: ran == ["call action"])
        await stage.app.plugins.disable("crm")
        self.press(stage, Qt.Key.Key_Y)
        self.press(stage, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
        await stage.harness.settle()
        assert ran == ["call action"]
        await stage.app.plugins.enable("crm")
        self.press(stage, Qt.Key.Key_Y)
        await stage.harness.until(lambda: ran == ["call action", "call action"])

    async def test_without_a_call_the_shortcut_of_a_call_action_does_nothing(self, stage, ran):
        self.press(stage, Qt.Key.Key_Y)
        await stage.harness.settle()
        assert ran == []


class TestConflict:
    @pytest.fixture
    def plugins(self, contribute):
        async def nothing():
            pass

        def command(title):
            return PaletteCommand(id="x", title=title, icon="info", run=nothing, shortcut="Ctrl+,")

        return {"one": contribute(palette_commands=[command("Mine")])}

    @pytest.mark.expects_log("the shortcut of “Mine” of the plugin one is left out: Ctrl\\+, belongs to the window")
    async def test_a_plugin_cant_take_a_shortcut_of_the_window(self, stage):
        QTest.keyClick(stage.window, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
        assert stage.window.settings_open
