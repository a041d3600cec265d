from itertools import pairwise

import pytest
from callmanager.api import Failure, FailureKind, HeaderItem, RegistrationState
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QLabel, QPushButton


@pytest.fixture
def made():
    return {}


@pytest.fixture
def plugins(contribute, made):
    def item(name, order, width):
        def build(kit):
            made[name] = QPushButton(name)
            made[name].setAccessibleName(name)
            made[name].setMinimumWidth(width)
            return made[name]

        return HeaderItem(id=name, build=build, order=order)

    def broken(kit):
        raise RuntimeError("no caller IDs")

    return {
        "ids": contribute(header_items=[item("caller id", 10, 150)]),
        "status": contribute(header_items=[item("status", 20, 90)]),
        "bad": contribute(header_items=[HeaderItem(id="bad", build=broken, order=1)]),
    }


def left(stage, widget):
    return widget.mapTo(stage.window, QPoint()).x()


def shown(stage):
    return [item.text() for item in stage.window.header.items()]


pytestmark = pytest.mark.expects_log("bad failed in building the header item “bad”")


async def test_items_stand_in_order_between_the_extension_and_the_gear_and_a_broken_one_is_named(stage, made):
    stage.window.resize(900, 700)
    await stage.harness.settle()
    header = stage.window.header
    assert shown(stage) == ["caller id", "status"]
    places = [
        left(stage, widget) for widget in (header.pill, made["caller id"], made["status"], header.theme_button, header.gear)
    ]
    assert places == sorted(places)
    assert any("bad" in toast.text for toast in stage.services.toasts.current())


@pytest.mark.parametrize("width", [380, 400, 430, 470, 520, 600, 760])
async def test_nothing_is_cut_off_however_narrow_it_is(stage, made, width):
    await stage.harness.connect()
    stage.window.resize(width, 700)
    stage.engine.register(RegistrationState.RETRYING, Failure(kind=FailureKind.LINK_LOST))
    await stage.harness.settle()
    header = stage.window.header
    visible = [widget for widget in (header.pill, *made.values(), header.theme_button, header.gear) if widget.isVisible()]
    assert {header.pill, header.theme_button, header.gear} <= set(visible)
    for widget in visible:
        assert widget.width() >= widget.sizeHint().width()
        assert left(stage, widget) + widget.width() <= stage.window.width()
    edges = sorted((left(stage, widget), left(stage, widget) + widget.width()) for widget in visible)
    assert all(first[1] <= second[0] for first, second in pairwise(edges))
    assert stage.window.width() == width
    name = next(label for label in header.findChildren(QLabel) if label.text() == "PC CallManager")
    assert not name.isVisible() or name.width() >= name.sizeHint().width()


async def test_the_lowest_priority_gives_way_first_and_comes_back(stage):
    await stage.harness.connect()
    for width, expected in ((900, ["caller id", "status"]), (400, ["caller id"]), (900, ["caller id", "status"])):
        stage.window.resize(width, 700)
        await stage.harness.until(lambda expected=expected: shown(stage) == expected)


async def test_an_item_that_hides_itself_leaves_its_room_to_the_next(stage, made):
    await stage.harness.connect()
    stage.window.resize(400, 700)
    await stage.harness.until(lambda: shown(stage) == ["caller id"])
    made["caller id"].hide()
    await stage.harness.until(lambda: shown(stage) == ["status"])
    made["caller id"].show()
    await stage.harness.until(lambda: shown(stage) == ["caller id"])


async def test_an_item_goes_and_comes_with_its_plugin_and_the_focus_goes_to_the_dial_field(stage, made):
    stage.window.resize(900, 700)
    kept = made["status"]
    made["caller id"].setFocus()
    await stage.app.plugins.disable("ids")
    assert shown(stage) == ["status"]
    assert stage.window.focusWidget() is stage.window.dial_field.edit
    await stage.app.plugins.enable("ids")
    assert shown(stage) == ["caller id", "status"]
    assert made["status"] is kept
