import pytest
from callmanager.api import (
    Answer,
    AppearanceSettings,
    CallEnd,
    CallFinished,
    ContributionsChanged,
    EndCause,
    HangUp,
    PaletteCommand,
    Reject,
    SetHeld,
    SetMuted,
    UserError,
)
from callmanager_call_control.plugin import CallControl
from callmanager_shell.commands import Entry, remember, search
from callmanager_shell.window_state import WindowState
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


def entry(title, key="", *, order=100, keywords=()):
    return Entry(key=key or title, title=title, icon="info", run=lambda: None, order=order, keywords=keywords)


class TestSearch:
    OFFERED = (entry("Hold"), entry("Show history"), entry("Hide side panels"), entry("Threshold"), entry("Quit", order=1))

    def titles(self, query, recent=()):
        return [hit.entry.title for hit in search(query, self.OFFERED, recent)]

    def test_the_beginning_counts_more_than_the_start_of_a_word_and_that_more_than_the_middle(self):
        assert self.titles("h") == ["Hide side panels", "Hold", "Show history"]
        assert self.titles("hold") == ["Hold", "Threshold"]
        assert self.titles("zzz") == []

    def test_among_equals_the_recent_one_comes_first(self):
        assert self.titles("h", ("Hold",))[:2] == ["Hold", "Hide side panels"]
        assert self.titles("hold", ("Threshold",)) == ["Hold", "Threshold"]

    def test_with_nothing_typed_the_recent_ones_come_first_then_the_others_by_their_order(self):
        assert self.titles("", ("Threshold", "Hold"))[:3] == ["Threshold", "Hold", "Quit"]

    def test_what_was_used_last_is_remembered_once_and_not_without_end(self):
        recent = ()
        for number in [*range(30), 25]:
            recent = remember(f"core/{number}", recent)
        assert recent[:2] == ("core/25", "core/29")
        assert len(recent) == len(set(recent)) == 20


@pytest.fixture
def ran():
    return []


@pytest.fixture
def asked():
    return []


@pytest.fixture
def plugins(contribute, ran, asked):
    async def today():
        ran.append("today")

    async def refuse():
        raise UserError("the CRM is closed", "Try tomorrow.")

    async def crash():
        raise RuntimeError("bug in the plugin")

    def unsure():
        raise ValueError("does not know")

    def now():
        asked.append("now")
        return True

    def command(name, title, run, **more):
        return PaletteCommand(id=name, title=title, icon="clock", run=run, **more)

    return {
        "call_control": CallControl,
        "crm": contribute(
            palette_commands=[
                command("today", "Today's visits", today, keywords=("calendar",), shortcut="Ctrl+Alt+V", available=now),
                command("refuse", "Refuse visits", refuse),
                command("crash", "Crash visits", crash),
                command("unsure", "Unsure visits", today, available=unsure),
                command("gone", "Gone visits", today, available=lambda: False),
            ]
        ),
    }


def opened(stage):
    QTest.keyClick(stage.window, Qt.Key.Key_P, CTRL_SHIFT)
    palette = stage.window.guests.desk.palette
    assert palette is not None
    return palette


def choose(palette, text):
    QTest.keyClicks(palette.field, text)
    QTest.keyClick(palette.field, Qt.Key.Key_Return)


unsure_is_named = pytest.mark.expects_log("asking whether “Unsure visits” is available")


@unsure_is_named
async def test_it_opens_over_the_window_with_the_keyboard_in_its_field_and_gives_it_back(stage):
    stage.window.header.gear.setFocus()
    palette = opened(stage)
    assert palette.isVisible()
    assert palette.geometry() == stage.window.rect()
    assert stage.window.focusWidget() is palette.field
    QTest.keyClick(palette.field, Qt.Key.Key_Escape)
    assert stage.window.guests.desk.palette is None
    assert stage.window.focusWidget() is stage.window.header.gear


@unsure_is_named
async def test_escape_closes_it_and_does_not_hang_up(stage):
    await stage.harness.connect()
    await stage.talk()
    palette = opened(stage)
    QTest.keyClick(palette.field, Qt.Key.Key_Escape)
    assert stage.window.guests.desk.palette is None
    assert not stage.engine.sent(HangUp)


@unsure_is_named
async def test_a_click_beside_it_or_its_shortcut_again_closes_it(stage):
    palette = opened(stage)
    QTest.mouseClick(palette, Qt.MouseButton.LeftButton, pos=QPoint(5, palette.height() - 5))
    assert stage.window.guests.desk.palette is None
    palette = opened(stage)
    QTest.mouseClick(palette.card, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert stage.window.guests.desk.palette is palette
    QTest.keyClick(palette.field, Qt.Key.Key_P, CTRL_SHIFT)
    assert stage.window.guests.desk.palette is None


@unsure_is_named
async def test_enter_runs_the_best_fit_and_it_is_the_first_one_next_time(stage, ran):
    palette = opened(stage)
    choose(palette, "today")
    await stage.harness.until(lambda: ran == ["today"])
    assert stage.window.guests.desk.palette is None
    palette = opened(stage)
    assert palette.titles()[0] == "Today's visits"
    assert stage.window.remembered(WindowState()).recent_commands == ("crm/today",)


@unsure_is_named
async def test_the_arrows_choose_and_the_line_is_said_to_screen_readers(stage, ran):
    palette = opened(stage)
    QTest.keyClicks(palette.field, "visits")
    assert "Gone visits" not in palette.titles()
    assert "Unsure visits" not in palette.titles()
    first = palette.current().title
    QTest.keyClick(palette.field, Qt.Key.Key_Down)
    assert palette.current().title == palette.titles()[1] != first
    assert palette.field.accessibleDescription().startswith(palette.current().title)
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Up):
        QTest.keyClick(palette.field, key)
    assert palette.current().title == palette.titles()[-1]
    QTest.keyClick(palette.field, Qt.Key.Key_Tab)
    assert palette.current().title == first
    assert stage.window.focusWidget() is palette.field


@unsure_is_named
async def test_a_click_runs_the_line_under_the_pointer(stage):
    palette = opened(stage)
    QTest.keyClicks(palette.field, "dark")
    await stage.harness.settle()
    area = palette.list.visualRect(palette.list.model().index(0, 0))
    QTest.mouseClick(palette.list.viewport(), Qt.MouseButton.LeftButton, pos=area.center())
    assert stage.app.settings.get(AppearanceSettings).theme == "dark"


@unsure_is_named
async def test_what_does_not_exist_is_said(stage):
    palette = opened(stage)
    QTest.keyClicks(palette.field, "xyzzy")
    assert palette.titles() == []
    assert palette._nothing.isVisible()
    assert palette._nothing.text() == "No command fits “xyzzy”."
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert stage.window.guests.desk.palette is palette


@unsure_is_named
async def test_plugins_are_asked_when_it_is_opened_and_not_at_each_key(stage, asked):
    assert asked == []
    palette = opened(stage)
    QTest.keyClicks(palette.field, "today")
    assert asked == ["now"]


@unsure_is_named
@pytest.mark.expects_log("crm failed in running “Crash visits”")
async def test_a_refusal_is_a_toast_and_a_bug_is_named(stage):
    choose(opened(stage), "refuse")

    def shown():
        return [(toast.text, toast.hint) for toast in stage.services.toasts.current()]

    await stage.harness.until(lambda: ("The CRM is closed.", "Try tomorrow.") in shown())
    choose(opened(stage), "crash")
    await stage.harness.until(lambda: any("The plugin crm had a fault" in text for text, _hint in shown()))


@unsure_is_named
async def test_its_commands_come_and_go_with_their_plugin_also_while_it_is_open(stage):
    palette = opened(stage)
    assert "Today's visits" in palette.titles()
    await stage.app.plugins.disable("crm")
    assert "Today's visits" not in palette.titles()
    await stage.app.plugins.enable("crm")
    assert "Today's visits" in palette.titles()


@unsure_is_named
async def test_the_plugin_is_named_unless_it_is_part_of_the_product(stage, monkeypatch):
    import attrs

    records = stage.app.plugins.records()
    monkeypatch.setattr(
        stage.app.plugins,
        "records",
        lambda: tuple(attrs.evolve(record, distribution="acme-crm") if record.id == "crm" else record for record in records),
    )
    await stage.harness.connect()
    await stage.talk()
    palette = opened(stage)
    owners = {offered.title: offered.owner for offered in palette._offered}
    assert (owners["Today's visits"], owners["Mute"], owners["Settings"]) == ("crm", "", "")
    shortcuts = {offered.title: offered.shortcut for offered in palette._offered}
    assert (shortcuts["Today's visits"], shortcuts["Mute"], shortcuts["Refuse visits"]) == ("Ctrl+Alt+V", "Ctrl+M", "")


@unsure_is_named
async def test_the_windows_own_commands_fit_the_moment(stage):
    titles = opened(stage).titles()
    assert {"Settings", "Dark theme", "Quit PC CallManager", "Settings: Audio", "Connect"} <= set(titles)
    assert not {"Answer", "Hang Up", "Hold all calls", "Mute"} & set(titles)
    stage.window.guests.desk.palette.close_overlay()
    await stage.harness.connect()
    await stage.talk()
    await stage.arrive()
    titles = opened(stage).titles()
    assert {"Answer", "Reject", "Hang Up", "Hold all calls", "Mute", "Hold", "Keypad", "Disconnect"} <= set(titles)


@unsure_is_named
async def test_calls_are_handled_from_it(stage):
    await stage.harness.connect()
    call_id = await stage.talk()
    choose(opened(stage), "mute")
    await stage.harness.until(lambda: stage.engine.sent(SetMuted) == [SetMuted(call_id=call_id, muted=True)])
    choose(opened(stage), "hold all")
    await stage.harness.until(lambda: stage.engine.sent(SetHeld) == [SetHeld(call_id=call_id, held=True)])
    waiting = await stage.arrive("2004", "Marcus Hale")
    choose(opened(stage), "reject")
    assert [command.call_id for command in stage.engine.sent(Reject)] == [waiting]
    await stage.harness.settle()
    another = await stage.arrive("2005", "Chen Wei")
    palette = opened(stage)
    QTest.keyClick(palette.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert stage.engine.sent(Answer) == [Answer(call_id=another)]


@unsure_is_named
async def test_settings_opens_at_the_section(stage):
    choose(opened(stage), "settings: appear")
    assert stage.window.settings_open
    card = stage.window.settings_page.card("appearance")
    assert card.head.isChecked()
    assert stage.window.focusWidget() is card.head


@unsure_is_named
async def test_a_focus_that_goes_elsewhere_closes_it(stage):
    opened(stage)
    QTest.keyClick(stage.window, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    await stage.harness.until(lambda: stage.window.guests.desk.palette is None)
    assert stage.window.focusWidget() is stage.window.dial_field.edit


@unsure_is_named
async def test_it_fits_the_narrowest_window_and_follows_its_size(stage):
    stage.window.resize(380, 480)
    palette = opened(stage)
    for size in ((380, 480), (900, 700), (380, 480)):
        stage.window.resize(*size)
        await stage.harness.settle()
        assert palette.rect().contains(palette.card.geometry())
    assert palette.field.accessibleName()
    assert palette.list.accessibleName()


@unsure_is_named
async def test_a_focus_whose_widget_is_gone_is_not_given_back(stage):
    await stage.harness.connect()
    call_id = await stage.talk()
    (card,) = stage.window.strip.cards()
    card.action_button("call_control/hold")
    card._hang_up.setFocus()
    palette = opened(stage)
    stage.engine.report(CallFinished(call_id=call_id, end=CallEnd(cause=EndCause.REMOTE)))
    palette.close_overlay()
    assert stage.window.focusWidget() is not card._hang_up
    stage.app.bus.publish(ContributionsChanged(plugin_id="crm"))
