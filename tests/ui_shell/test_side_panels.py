import pytest
from callmanager.api import Panel, PanelArea, PanelBadge
from callmanager_shell.grip import Grip
from callmanager_shell.widgets.button import Button
from callmanager_shell.window_state import SidePanelState, WindowState
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QListView

NARROW, WIDE = (420, 760), (1080, 760)


@pytest.fixture
def built():
    return []


@pytest.fixture
def badge():
    return PanelBadge()


@pytest.fixture
def plugins(contribute, built, badge):
    def speed_dial(kit):
        built.append("speed dial")
        return QLineEdit()

    def sidecar(kit):
        built.append("sidecar")
        if built.count("sidecar") == 1:
            raise RuntimeError("no link")
        return QLabel("watched")

    def watch_list(kit):
        return QListView()

    def panel(name, title, build, order, **more):
        return Panel(id=name, title=title, icon="contacts", area=PanelArea.SIDE, build=build, order=order, **more)

    return {
        "dial": contribute(panels=[panel("speed", "Speed Dial", speed_dial, 10, badge=badge)]),
        "blf": contribute(panels=[panel("sidecar", "Sidecar", sidecar, 20)]),
        "list": contribute(panels=[panel("watch", "Watch", watch_list, 30)]),
    }


@pytest.fixture
def state():
    folded = SidePanelState(collapsed=True)
    return WindowState(side_panels={"blf/sidecar": folded, "list/watch": folded, "absent/panel": SidePanelState(height=99)})


def titles(stage):
    return [panel.head.text() for panel in stage.window.guests.side.panels()]


def panel(stage, title):
    return next(panel for panel in stage.window.guests.side.panels() if panel.head.text() == title)


async def test_below_the_tabs_they_begin_folded_and_beside_them_open(stage, built):
    stage.window.resize(*NARROW)
    assert titles(stage) == ["Speed Dial", "Sidecar", "Watch"]
    assert not stage.window.body.wide
    assert built == []
    stage.window.resize(*WIDE)
    await stage.harness.until(lambda: stage.window.body.wide and built == ["speed dial"])
    side, column = stage.window.guests.side, stage.window.dial_field
    assert side.mapTo(stage.window, QPoint()).x() > column.mapTo(stage.window, QPoint(column.width(), 0)).x()
    assert panel(stage, "Speed Dial").page.isVisible()
    assert not panel(stage, "Sidecar").page.isVisible()


async def test_a_head_folds_and_unfolds_by_keyboard_and_says_so(stage, built):
    stage.window.resize(*WIDE)
    head = panel(stage, "Speed Dial").head
    head.setFocus()
    QTest.keyClick(head, Qt.Key.Key_Space)
    assert not panel(stage, "Speed Dial").page.isVisible()
    assert head.accessibleDescription() == "folded"
    QTest.keyClick(head, Qt.Key.Key_Return)
    assert panel(stage, "Speed Dial").page.isVisible()
    QTest.keyClick(head, Qt.Key.Key_Left)
    assert not panel(stage, "Speed Dial").open
    assert built.count("speed dial") == 1


@pytest.mark.expects_log("blf failed in building the panel")
async def test_one_that_fails_is_a_card_and_is_built_when_tried_again(stage):
    stage.window.resize(*WIDE)
    page = panel(stage, "Sidecar").page
    panel(stage, "Sidecar").head.click()
    assert "Sidecar can't be shown" in [label.text() for label in page.findChildren(QLabel)]
    next(button for button in page.findChildren(Button) if button.text() == "Try again").click()
    await stage.harness.settle()
    assert [label.text() for label in page.findChildren(QLabel) if label.isVisible()] == ["watched"]


async def test_a_badge_is_shown_at_the_head_and_spoken_before_the_panel_was_built(stage, badge):
    head = panel(stage, "Speed Dial").head
    badge.set(3)
    assert (head.count, head.accessibleName()) == (3, "Speed Dial, 3 new")
    badge.set(0)
    assert head.accessibleName() == "Speed Dial"


async def test_dragging_the_grip_gives_a_height_that_is_remembered_and_a_double_click_takes_it_back(stage):
    stage.window.resize(*WIDE)
    speed = panel(stage, "Speed Dial")
    before = speed.page.height()
    grip = speed.findChild(Grip)
    QTest.mousePress(grip, Qt.MouseButton.LeftButton, pos=QPoint(20, 4))
    grip.dragged.emit(60)
    QTest.mouseRelease(grip, Qt.MouseButton.LeftButton)
    assert speed.page.height() == speed.state.height == max(48, before + 60)
    QTest.keyClick(speed.head, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    kept = stage.window.remembered(WindowState()).side_panels["dial/speed"]
    assert kept.height == max(48, before + 60) + 24
    QTest.mouseDClick(grip, Qt.MouseButton.LeftButton)
    assert speed.state.height == 0


async def test_how_they_lie_is_remembered_for_both_places_and_for_those_that_are_away(stage):
    stage.window.resize(*NARROW)
    panel(stage, "Speed Dial").head.click()
    stage.window.resize(*WIDE)
    await stage.harness.until(lambda: stage.window.body.wide)
    panel(stage, "Speed Dial").head.click()
    kept = stage.window.remembered(WindowState()).side_panels
    assert kept["dial/speed"] == SidePanelState(collapsed=True, collapsed_below=False)
    assert kept["absent/panel"] == SidePanelState(height=99)


async def test_the_width_of_the_column_is_remembered_once_it_was_dragged(stage):
    stage.window.resize(*WIDE)
    assert stage.window.remembered(WindowState()).side_width == 0
    grip = stage.window.body._grip
    before = stage.window.guests.side.width()
    grip.dragged.emit(-70)
    assert stage.window.remembered(WindowState()).side_width == stage.window.guests.side.maximumWidth() == before + 70
    grip.dragged.emit(-5000)
    await stage.harness.settle()
    assert stage.window.dial_field.width() > 380
    QTest.mouseDClick(grip, Qt.MouseButton.LeftButton)
    assert (stage.window.guests.side.maximumWidth(), stage.window.remembered(WindowState()).side_width) == (before, 0)


async def test_what_is_typed_in_a_panel_and_the_focus_survive_its_move_and_the_coming_and_going_of_others(stage):
    stage.window.resize(*WIDE)
    edit = panel(stage, "Speed Dial").page.content
    edit.setText("half typed")
    edit.setFocus()
    await stage.app.plugins.disable("blf")
    assert titles(stage) == ["Speed Dial", "Watch"]
    await stage.app.plugins.enable("blf")
    assert titles(stage) == ["Speed Dial", "Sidecar", "Watch"]
    assert panel(stage, "Speed Dial").page.content is edit
    assert stage.window.focusWidget() is edit
    panel(stage, "Speed Dial").head.click()
    panel(stage, "Speed Dial").head.click()
    edit.setFocus()
    stage.window.resize(*NARROW)
    await stage.harness.until(lambda: not stage.window.body.wide)
    stage.window.resize(*WIDE)
    await stage.harness.until(lambda: stage.window.body.wide)
    assert edit.text() == "half typed"


async def test_the_focus_goes_to_the_next_panel_when_its_plugin_goes_and_at_last_to_the_dial_field(stage):
    stage.window.resize(*WIDE)
    panel(stage, "Speed Dial").page.content.setFocus()
    await stage.app.plugins.disable("dial")
    assert stage.window.focusWidget() is panel(stage, "Sidecar").head
    await stage.app.plugins.disable("list")
    await stage.app.plugins.disable("blf")
    assert stage.window.focusWidget() is stage.window.dial_field.edit
    assert not stage.window.guests.side.isVisible()


async def test_a_list_takes_the_room_that_is_left_until_it_is_given_a_height(stage):
    stage.window.resize(*WIDE)
    watch = panel(stage, "Watch")
    watch.head.click()
    await stage.harness.until(lambda: watch.page.height() > 350)
    watch.grip.dragged.emit(-200)
    await stage.harness.until(lambda: watch.page.height() == watch.state.height < 350)


async def test_in_a_low_narrow_window_the_tabs_keep_most_of_the_room(stage):
    stage.window.resize(380, 480)
    for one in stage.window.guests.side.panels()[::2]:
        one.head.click()
    await stage.harness.settle()
    assert stage.window.guests.side.height() <= stage.window.guests.side.parentWidget().height() * 0.46 + 1
    assert stage.window.width() == 380
