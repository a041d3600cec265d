import pytest
from callmanager.api import ContributionsChanged, Panel, PanelArea, PanelBadge, UserError, hookimpl
from callmanager_shell.widgets.button import Button
from callmanager_shell.window_state import WindowState
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit


class Panels:
    """One panel that works and one that fails to be built the first time."""

    tries = 0

    def __init__(self, ctx):
        type(self).tries = 0
        type(self).built = []

    @hookimpl
    def callmanager_panels(self):
        def good(kit):
            self.built.append("good")
            label = QLabel("the good panel")
            kit.toast("hello from the panel")
            assert not kit.icon("phone").isNull()
            assert kit.avatar(label, name="Ada", key="1").sizeHint().width() == 40
            return label

        def bad(kit):
            type(self).tries += 1
            if type(self).tries == 1:
                raise RuntimeError("no such table")
            return QLabel("works now")

        return [
            Panel(id="bad", title="Bad", icon="clock", area=PanelArea.MAIN, build=bad, order=2),
            Panel(id="good", title="Good", icon="contacts", area=PanelArea.MAIN, build=good, order=1),
            Panel(id="side", title="Side", icon="contacts", area=PanelArea.SIDE, build=good, order=0),
        ]


@pytest.fixture
def plugins():
    return {"panels": Panels}


async def test_panels_become_tabs_in_order_and_are_built_at_first_show(stage):
    tabs = stage.window.guests.panels
    assert [tabs.tabText(index) for index in range(tabs.count())] == ["Good", "Bad"]
    tabs.reload()
    assert Panels.built == ["good"]
    assert Panels.tries == 0
    assert [toast.text for toast in stage.services.toasts.current()] == ["hello from the panel"]


@pytest.mark.expects_log("panels failed in building the panel")
async def test_a_panel_that_fails_is_a_card_with_its_plugin_and_a_way_to_try_again(stage):
    tabs = stage.window.guests.panels
    tabs.setCurrentIndex(1)
    texts = [label.text() for label in tabs.widget(1).findChildren(QLabel)]
    assert "Bad can't be shown" in texts
    assert any("“panels”" in text for text in texts)
    next(button for button in tabs.widget(1).findChildren(Button) if button.text() == "Try again").click()
    await stage.harness.settle()
    assert "works now" in [label.text() for label in tabs.widget(1).findChildren(QLabel)]


async def test_a_panel_goes_with_its_plugin_and_the_others_keep_their_widgets(stage):
    tabs = stage.window.guests.panels
    kept = tabs.widget(0)
    stage.app.bus.publish(ContributionsChanged(plugin_id="panels"))
    assert tabs.widget(0) is kept
    await stage.app.plugins.disable("panels")
    assert tabs.count() == 0
    assert stage.window.empty.isVisible()
    await stage.harness.settle()
    await stage.app.plugins.enable("panels")
    assert tabs.count() == 2
    assert not stage.window.empty.isVisible()


class TestTabs:
    """Several plugins with a tab each."""

    @pytest.fixture
    def built(self):
        return []

    @pytest.fixture
    def badge(self):
        return PanelBadge()

    @pytest.fixture
    def plugins(self, contribute, built, badge):
        def panel(name, order, **more):
            def build(kit):
                built.append(name)
                return QLineEdit(name)

            return Panel(id=name, title=name.title(), icon="contacts", area=PanelArea.MAIN, build=build, order=order, **more)

        return {
            "directory": contribute(panels=[panel("directory", 1)]),
            "history": contribute(panels=[panel("history", 2)]),
            "chat": contribute(panels=[panel("chat", 3, badge=badge)]),
            "vm": contribute(panels=[panel("voicemail", 4)]),
        }

    @staticmethod
    def titles(stage):
        return [stage.window.guests.panels.tabText(index) for index in range(stage.window.guests.panels.count())]

    async def test_nothing_is_built_before_the_window_is_seen(self, look, tmp_path, plugins, built):
        from callmanager.testing.harness import running
        from callmanager_shell.shell import make_services
        from callmanager_shell.window import MainWindow

        async with running(tmp_path, plugins=plugins) as harness:
            services = make_services(harness.app, look, clock=harness.clock)
            window = MainWindow(services, version="0.1.0")
            await harness.settle()
            assert built == []
            window.show()
            await harness.until(lambda: built == ["directory"])
            window.close_down()
            window.close()
            window.deleteLater()
            await harness.settle()

    async def test_ctrl_and_a_number_shows_the_tab_and_gives_it_the_keyboard(self, stage, built):
        assert self.titles(stage) == ["Directory", "History", "Chat", "Voicemail"]
        for number, name in ((3, "chat"), (1, "directory"), (4, "voicemail")):
            QTest.keyClick(stage.window, getattr(Qt.Key, f"Key_{number}"), Qt.KeyboardModifier.ControlModifier)
            assert stage.window.guests.panels.currentIndex() == number - 1
            assert stage.window.focusWidget().text() == name
        QTest.keyClick(stage.window, Qt.Key.Key_9, Qt.KeyboardModifier.ControlModifier)
        assert stage.window.guests.panels.currentIndex() == 3
        assert built == ["directory", "chat", "voicemail"]

    async def test_a_number_leaves_settings(self, stage):
        stage.window.open_settings()
        QTest.keyClick(stage.window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
        assert not stage.window.settings_open
        assert stage.window.focusWidget().text() == "history"

    async def test_a_tab_says_its_title_its_number_and_what_is_new(self, stage, badge):
        bar = stage.window.guests.panels.tabBar()
        assert bar.tabToolTip(2) == "Chat (Ctrl+3)"
        badge.set(120)
        assert (bar.count_at(2), bar.accessibleTabName(2), bar.tabToolTip(2)) == (
            120,
            "Chat, 120 new",
            "Chat (Ctrl+3), 120 new",
        )
        assert bar.icon_name(2) == "contacts"
        badge.set(0)
        assert bar.accessibleTabName(2) == "Chat"

    async def test_the_other_tabs_keep_their_place_widget_and_focus_when_one_comes_or_goes(self, stage):
        stage.window.show_panel(4)
        edit = stage.window.focusWidget()
        edit.setText("half typed")
        await stage.app.plugins.disable("history")
        assert self.titles(stage) == ["Directory", "Chat", "Voicemail"]
        await stage.app.plugins.enable("history")
        assert self.titles(stage) == ["Directory", "History", "Chat", "Voicemail"]
        assert stage.window.focusWidget() is edit
        assert (edit.text(), stage.window.guests.panels.currentIndex()) == ("half typed", 3)

    async def test_the_focus_goes_to_the_tab_that_is_shown_instead(self, stage):
        stage.window.show_panel(4)
        await stage.app.plugins.disable("vm")
        assert stage.window.focusWidget().text() == "chat"
        for plugin in ("chat", "history", "directory"):
            await stage.app.plugins.disable(plugin)
        assert stage.window.focusWidget() is stage.window.dial_field.edit
        assert stage.window.empty.isVisible()

    async def test_a_focus_elsewhere_is_left_alone_when_a_tab_goes(self, stage):
        stage.window.show_panel(1)
        stage.window.header.gear.setFocus()
        await stage.app.plugins.disable("directory")
        assert stage.window.focusWidget() is stage.window.header.gear

    async def test_narrow_tabs_keep_the_title_of_the_current_one_only_and_every_name(self, stage, badge):
        badge.set(4)
        bar = stage.window.guests.panels.tabBar()
        stage.window.resize(700, 640)
        await stage.harness.until(lambda: not bar.short)
        stage.window.resize(380, 640)
        await stage.harness.until(lambda: bar.short)
        await stage.harness.settle()
        assert bar.tabRect(3).right() <= bar.width() <= 380
        assert bar.tabRect(0).width() > bar.tabRect(1).width()
        stage.window.guests.panels.setCurrentIndex(1)
        assert bar.tabRect(1).width() > bar.tabRect(0).width()
        assert self.titles(stage) == ["Directory", "History", "Chat", "Voicemail"]

    class TestRemembered:
        @pytest.fixture
        def state(self):
            return WindowState(current_panel="history/history")

        async def test_the_tab_of_the_last_time_is_shown_and_no_other_is_built(self, stage, built):
            assert stage.window.guests.panels.currentIndex() == 1
            assert built == ["history"]
            assert stage.window.remembered(WindowState()).current_panel == "history/history"
            stage.window.show_panel(3)
            assert stage.window.remembered(WindowState()).current_panel == "chat/chat"

    class TestAway:
        @pytest.fixture
        def state(self):
            return WindowState(current_panel="gone/gone")

        async def test_a_tab_whose_plugin_is_away_is_not_forgotten_until_another_is_chosen(self, stage):
            assert stage.window.guests.panels.currentIndex() == 0
            assert stage.window.remembered(WindowState()).current_panel == "gone/gone"
            stage.window.show_panel(2)
            assert stage.window.remembered(WindowState()).current_panel == "history/history"


class TestTwice:
    @pytest.fixture
    def plugins(self, contribute):
        def panel(title):
            return Panel(id="same", title=title, icon="info", area=PanelArea.MAIN, build=lambda kit: QLabel(title))

        return {"double": contribute(panels=lambda: [panel("First"), panel("Second")])}

    @pytest.mark.expects_log("the plugin double has two panels named same; the second one is left out")
    async def test_of_two_panels_with_one_id_the_first_is_taken_and_the_plugin_named_once(self, stage):
        stage.window.guests.panels.reload()
        assert [stage.window.guests.panels.tabText(index) for index in range(stage.window.guests.panels.count())] == ["First"]


class Emitter(QObject):
    pressed = Signal(str)


@pytest.mark.expects_log("my_plugin failed in")
async def test_a_signal_runs_a_coroutine_whose_errors_are_shown(stage):
    from callmanager_shell.kit import ShellKit

    emitter = Emitter()
    done: list[str] = []

    async def work(text):
        if text == "refuse":
            raise UserError("not now")
        if text == "crash":
            raise RuntimeError("bug")
        done.append(text)

    kit = ShellKit(stage.services, "my_plugin")
    kit.connect(emitter.pressed, emitter, work)
    for text in ("fine", "refuse", "crash"):
        emitter.pressed.emit(text)
    await stage.harness.until(lambda: len(stage.services.toasts.current()) >= 2)
    shown = [toast.text for toast in stage.services.toasts.current()]
    assert done == ["fine"]
    assert "Not now." in shown
    assert any("The plugin my_plugin had a fault" in text for text in shown)


async def test_work_ends_with_its_widget(stage):
    import asyncio

    ended: list[str] = []
    started = asyncio.Event()

    async def long_work():
        try:
            started.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    label = QLabel()
    stage.services.tasks.run(label, long_work())
    await started.wait()
    label.deleteLater()
    await stage.harness.until(lambda: ended == ["cancelled"])
