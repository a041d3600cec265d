from datetime import UTC, datetime

import pytest
from callmanager.api import (
    CallId,
    CallRecord,
    Contact,
    ContactAction,
    Direction,
    HistoryAction,
    NumberKind,
    Party,
    PhoneNumber,
    PlaceCall,
    UserError,
    contact_id,
)
from callmanager_shell.kit import ShellKit
from PySide6.QtGui import QGuiApplication

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def person(**more):
    return Contact(id=contact_id("crm", "1"), source_id="crm", name="Dana Kowalski", **more)


def record(number="5550104477", uri=""):
    return CallRecord(
        id=CallId("1"),
        direction=Direction.INCOMING,
        remote=Party(number=number, name="Dana & Co", uri=uri),
        called="2001",
        began_at=NOW,
        answered_at=None,
        ended_at=NOW,
        end=None,
    )


@pytest.fixture
def ran():
    return []


@pytest.fixture
def plugins(contribute, ran):
    async def run(subject):
        ran.append(subject)

    async def refuse(subject):
        raise UserError("the CRM is closed")

    def unsure(subject):
        raise ValueError("does not know")

    def actions(kind, *named):
        return [kind(id=label, label=label, icon="info", order=order, **more) for label, order, more in named]

    return {
        "crm": contribute(
            contact_actions=actions(
                ContactAction,
                ("Open in CRM", 50, {"run": run}),
                ("Refuse", 70, {"run": refuse}),
                ("Unsure", 71, {"run": run, "available": unsure}),
                ("Never", 72, {"run": run, "available": lambda contact: False}),
            ),
            history_actions=actions(HistoryAction, ("Log R&D call", 10, {"run": run})),
        ),
        "block": contribute(contact_actions=actions(ContactAction, ("Block number", 60, {"run": run}))),
    }


@pytest.fixture
def kit(stage):
    return ShellKit(stage.services, "directory")


def entries(menu):
    return [action.text() for action in menu.actions() if not action.isSeparator()]


def choose(menu, text):
    next(action for action in menu.actions() if action.text() == text).trigger()


unsure_is_named = pytest.mark.expects_log("asking whether “Unsure” is available")


@unsure_is_named
async def test_the_windows_own_come_first_then_those_of_plugins_each_kept_together(stage, kit):
    menu = kit.contact_menu(stage.window, person(extension="2004"))
    assert entries(menu) == ["Call 2004", "Copy number", "Open in CRM", "Refuse", "Block number"]
    assert [action.isSeparator() for action in menu.actions()].index(True) == 2
    assert menu.accessibleName() == "Actions for Dana Kowalski"
    menu.deleteLater()


@unsure_is_named
async def test_each_number_can_be_called_and_copied(stage, kit):
    await stage.harness.connect()
    mobile = PhoneNumber(number="5550104477", kind=NumberKind.MOBILE)
    again = PhoneNumber(number="2004", kind=NumberKind.WORK)
    menu = kit.contact_menu(stage.window, person(extension="2004", numbers=(mobile, again)))
    assert entries(menu)[:3] == ["Call extension 2004", "Call mobile (555) 010-4477", "Copy number"]
    choose(menu, "Call mobile (555) 010-4477")
    assert [command.target for command in stage.engine.sent(PlaceCall)] == ["5550104477"]
    copies = next(action.menu() for action in menu.actions() if action.text() == "Copy number")
    assert entries(copies) == ["2004 (extension)", "(555) 010-4477 (mobile)"]
    choose(copies, "(555) 010-4477 (mobile)")
    assert QGuiApplication.clipboard().text() == "5550104477"
    menu.deleteLater()


@unsure_is_named
async def test_a_refused_call_is_a_toast(stage, kit):
    menu = kit.contact_menu(stage.window, person(extension="2004"))
    choose(menu, "Call 2004")
    assert any("Not connected" in toast.text for toast in stage.services.toasts.current())
    menu.deleteLater()


@unsure_is_named
async def test_an_action_runs_with_its_person_and_a_refusal_is_a_toast(stage, kit, ran):
    dana = person(extension="2004")
    menu = kit.contact_menu(stage.window, dana)
    choose(menu, "Open in CRM")
    await stage.harness.until(lambda: ran == [dana])
    choose(menu, "Refuse")
    await stage.harness.until(lambda: any(toast.text == "The CRM is closed." for toast in stage.services.toasts.current()))
    menu.deleteLater()


async def test_a_finished_call_can_be_called_back_and_handed_to_plugins(stage, kit, ran):
    await stage.harness.connect()
    menu = kit.history_menu(stage.window, record())
    assert entries(menu) == ["Call (555) 010-4477", "Copy number", "Log R&&D call"]
    choose(menu, "Call (555) 010-4477")
    assert [command.target for command in stage.engine.sent(PlaceCall)] == ["5550104477"]
    choose(menu, "Log R&&D call")
    await stage.harness.until(lambda: ran == [record()])
    menu.deleteLater()


async def test_a_call_without_a_number_offers_only_what_plugins_add(stage, kit):
    menu = kit.history_menu(stage.window, record(number=""))
    assert entries(menu) == ["Log R&&D call"]
    await stage.app.plugins.disable("crm")
    empty = kit.history_menu(stage.window, record(number=""))
    assert entries(empty) == ["Nothing can be done here"]
    assert not empty.actions()[0].isEnabled()
    menu.deleteLater()
    empty.deleteLater()


@unsure_is_named
async def test_actions_come_and_go_with_their_plugin(stage, kit):
    def offered():
        menu = kit.contact_menu(stage.window, person(extension="2004"))
        menu.deleteLater()
        return entries(menu)

    assert "Open in CRM" in offered()
    await stage.app.plugins.disable("crm")
    assert offered() == ["Call 2004", "Copy number", "Block number"]
    await stage.app.plugins.enable("crm")
    assert "Open in CRM" in offered()
