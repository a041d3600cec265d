import pytest
from callmanager.api import ContributionsChanged, Panel, PanelArea, UserError, hookimpl
from callmanager_shell.widgets.button import Button
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QLabel


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
    tabs = stage.window.panels
    assert [tabs.tabText(index) for index in range(tabs.count())] == ["Good", "Bad"]
    await stage.harness.settle()
    tabs.reload()
    assert Panels.built == ["good"]
    assert Panels.tries == 0
    assert [toast.text for toast in stage.services.toasts.current()] == ["hello from the panel"]


@pytest.mark.expects_log("panels failed in building the panel")
async def test_a_panel_that_fails_is_a_card_with_its_plugin_and_a_way_to_try_again(stage):
    tabs = stage.window.panels
    tabs.setCurrentIndex(1)
    texts = [label.text() for label in tabs.widget(1).findChildren(QLabel)]
    assert "Bad can't be shown" in texts
    assert any("“panels”" in text for text in texts)
    next(button for button in tabs.widget(1).findChildren(Button) if button.text() == "Try again").click()
    await stage.harness.settle()
    assert "works now" in [label.text() for label in tabs.widget(1).findChildren(QLabel)]


async def test_a_panel_goes_with_its_plugin_and_the_others_keep_their_widgets(stage):
    tabs = stage.window.panels
    kept = tabs.widget(0)
    stage.app.bus.publish(ContributionsChanged(plugin_id="panels"))
    assert tabs.widget(0) is kept
    stage.app.plugins.hooks.panels = list
    stage.app.bus.publish(ContributionsChanged(plugin_id="panels"))
    assert tabs.count() == 0
    await stage.harness.settle()


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
