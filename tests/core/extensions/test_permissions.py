"""The site takes away, the context refuses, and each refusal says who decided."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from callmanager.api import (
    Account,
    AccountId,
    CallAdded,
    CallId,
    ConnectionSettings,
    EngineChanged,
    HostNotAllowed,
    MailboxChanged,
    MessageAdded,
    Migration,
    ParkingChanged,
    Permission,
    PermissionRefused,
    Permissions,
    PluginContext,
    PluginState,
    PresenceChanged,
    Unreachable,
)
from callmanager.extensions.permissions import read_restrictions
from callmanager.testing import Harness, running

EVERYTHING = Permissions(network=("*",), **{one.value: True for one in Permission if one is not Permission.NETWORK})
DECLARED = Permissions(network=("api.acme.example", "*.cdn.example", "@pbx"), call_control=True, secrets=True)


@pytest.mark.parametrize(
    ("table", "built_in", "left"),
    [
        ({}, False, DECLARED),
        ({"crm": {"call_control": False}}, False, Permissions(network=DECLARED.network, secrets=True)),
        ({"crm": {"contacts": True}}, False, DECLARED),
        ({"other": {"call_control": False}}, False, DECLARED),
        ({"*": {"secrets": False}}, False, Permissions(network=DECLARED.network, call_control=True)),
        ({"*": {"secrets": False}}, True, DECLARED),
        ({"*": {"secrets": False}, "crm": {"secrets": True}}, False, DECLARED),
        ({"crm": {"network": False, "secrets": False}}, True, Permissions(call_control=True)),
        (
            {"crm": {"network": ["API.acme.example", "eu.cdn.example", "other.example"], "call_control": False}},
            False,
            Permissions(network=("api.acme.example", "eu.cdn.example"), secrets=True),
        ),
        ({"crm": {"network": ["*", "@pbx"]}}, False, DECLARED),
        (
            {"crm": {"network": ["*.acme.example"]}},
            False,
            Permissions(network=DECLARED.network[:1], call_control=True, secrets=True),
        ),
    ],
)
def test_a_site_takes_away_and_never_adds(table: dict[str, Any], built_in: bool, left: Permissions) -> None:
    restrictions, complaints = read_restrictions({"permissions": table})
    assert complaints == ()
    assert restrictions.apply("crm", DECLARED, built_in=built_in) == left


def test_any_host_becomes_the_hosts_of_the_site() -> None:
    restrictions, _ = read_restrictions({"permissions": {"crm": {"network": ["api.acme.example"]}}})
    assert restrictions.apply("crm", EVERYTHING, built_in=False).network == ("api.acme.example",)


def test_all_mistakes_are_told_with_their_path_and_take_away_rather_than_give() -> None:
    restrictions, findings = read_restrictions(
        {"permissions": {"crm": {"call_control": "no", "secret": False, "network": ["https://x"], "secrets": 0}, "b": True}}
    )
    assert [".".join(finding.path) for finding in findings] == [
        "plugins.permissions.crm.call_control",
        "plugins.permissions.crm.secret",
        "plugins.permissions.crm.network",
        "plugins.permissions.crm.secrets",
    ]
    assert restrictions.apply("crm", DECLARED, built_in=False) == Permissions()
    assert read_restrictions({"permissions": []})[1] == ()  # said by the policy
    assert read_restrictions({})[1] == ()


class _Nosy:
    """Keeps its context for the test."""

    permissions = Permissions()

    def __init__(self, ctx: PluginContext) -> None:
        type(self).ctx = ctx


def nosy(declared: Permissions) -> Any:
    return type("Nosy", (_Nosy,), {"permissions": declared})


ACCOUNT = Account(id=AccountId("own"), extension="1", server="127.0.0.1", port=5060)
USES: dict[str, tuple[Permission, Callable[[Any], Any]]] = {
    "seeing calls": (Permission.CALL_INFORMATION, lambda ctx: ctx.calls.current()),
    "asking for a call": (Permission.CALL_INFORMATION, lambda ctx: ctx.calls.get(CallId("1"))),
    "following calls": (Permission.CALL_INFORMATION, lambda ctx: ctx.events.subscribe(CallAdded, print)),
    "dialling": (Permission.CALL_CONTROL, lambda ctx: ctx.calls.dial("6000")),
    "answering": (Permission.CALL_CONTROL, lambda ctx: ctx.calls.answer(CallId("1"))),
    "rejecting": (Permission.CALL_CONTROL, lambda ctx: ctx.calls.reject(CallId("1"))),
    "redirecting": (Permission.CALL_CONTROL, lambda ctx: ctx.calls.redirect(CallId("1"), "*952001")),
    "hanging up": (Permission.CALL_CONTROL, lambda ctx: ctx.calls.hang_up(CallId("1"))),
    "holding": (Permission.CALL_CONTROL, lambda ctx: ctx.calls.set_held(CallId("1"), held=True)),
    "muting": (Permission.CALL_CONTROL, lambda ctx: ctx.calls.set_muted(CallId("1"), muted=True)),
    "sending digits": (Permission.CALL_CONTROL, lambda ctx: ctx.calls.send_digits(CallId("1"), "1")),
    "providing an account": (Permission.ACCOUNT, lambda ctx: ctx.accounts.provide(ACCOUNT, "x")()),
    "connecting": (Permission.ACCOUNT, lambda ctx: ctx.accounts.connect()),
    "disconnecting": (Permission.ACCOUNT, lambda ctx: ctx.accounts.disconnect()),
    "following presence": (Permission.PRESENCE, lambda ctx: ctx.events.subscribe(PresenceChanged, print)),
    "following parked calls": (Permission.PRESENCE, lambda ctx: ctx.events.subscribe(ParkingChanged, print)),
    "asking who is free": (Permission.PRESENCE, lambda ctx: ctx.presence.all()),
    "asking for parked calls": (Permission.PRESENCE, lambda ctx: ctx.parking.calls()),
    "asking for voicemail": (Permission.VOICEMAIL, lambda ctx: ctx.voicemail.unheard()),
    "reading a secret setting": (Permission.SECRETS, lambda ctx: ctx.settings.secret(int, "x")),
    "following messages": (Permission.MESSAGES, lambda ctx: ctx.events.subscribe(MessageAdded, print)),
    "following voicemail": (Permission.VOICEMAIL, lambda ctx: ctx.events.subscribe(MailboxChanged, print)),
    "reading a password": (Permission.SECRETS, lambda ctx: ctx.secrets.get("x")),
    "keeping a password": (Permission.SECRETS, lambda ctx: ctx.secrets.set("x", "a long secret")),
    "forgetting a password": (Permission.SECRETS, lambda ctx: ctx.secrets.delete("x")),
}


async def use(ctx: Any, what: Callable[[Any], Any]) -> None:
    result = what(ctx)
    if asyncio.iscoroutine(result):
        await result


def without(permission: Permission) -> Permissions:
    return Permissions(
        network=("*",), **{one.value: one is not permission for one in Permission if one is not Permission.NETWORK}
    )


@pytest.mark.parametrize("name", USES)
async def test_what_was_not_declared_is_refused_and_what_was_declared_is_not(tmp_path: Path, name: str) -> None:
    permission, what = USES[name]
    refused, allowed = nosy(without(permission)), nosy(EVERYTHING)
    async with running(tmp_path, plugins={"refused": refused, "allowed": allowed}) as harness:
        with pytest.raises(PermissionRefused, match="the plugin refused may not") as info:
            await use(refused.ctx, what)
        assert (info.value.permission, info.value.by_site) == (permission, False)
        assert "author" in info.value.hint
        try:
            await use(allowed.ctx, what)
        except PermissionRefused:
            pytest.fail("it was declared")
        except Exception:  # noqa: BLE001 - there is no such call, no account: another question than this one
            pass
        assert harness.app.plugins.state("refused") is PluginState.ACTIVE


async def test_what_the_administrator_took_away_is_refused_in_the_administrators_name(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "site.toml").write_text(
        "[plugins.permissions.crm]\ncall_control = false\nnetwork = ['api.acme.example']\n"
    )
    crm = nosy(EVERYTHING)
    async with running(tmp_path, plugins={"crm": crm}) as harness:
        with pytest.raises(PermissionRefused, match="may not place") as info:
            crm.ctx.calls.dial("6000")
        assert info.value.by_site
        assert info.value.hint == "Your administrator does not allow it to."
        assert crm.ctx.permissions.hosts(pbx="x") == ("api.acme.example",)
        record = harness.app.plugins.record("crm")
        assert record.declared == EVERYTHING
        assert record.withheld == (Permission.NETWORK, Permission.CALL_CONTROL)
        assert harness.app.problems.current() == ()


async def test_mistakes_in_the_restrictions_are_shown_and_stop_nothing(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "site.toml").write_text("[plugins.permissions.crm]\ncall_contol = false\n")
    async with running(tmp_path, plugins={"crm": nosy(EVERYTHING)}) as harness:
        (problem,) = harness.app.problems.current()
        assert "plugins.permissions.crm.call_contol: there is no such permission" in problem.details
        assert harness.app.plugins.state("crm") is PluginState.ACTIVE


async def test_what_needs_no_permission_is_there_for_everybody(tmp_path: Path) -> None:
    humble = nosy(Permissions())
    async with running(tmp_path, plugins={"humble": humble}):
        ctx = humble.ctx
        ctx.events.subscribe(EngineChanged, lambda event: None)
        ctx.audio.watch()
        ctx.notices.post("hello")
        assert ctx.accounts.current is None
        assert ctx.data_directory.is_dir()
        await ctx.database((Migration(name="n", script="CREATE TABLE n (x)"),)).write("INSERT INTO n VALUES (1)")


async def test_a_context_gives_nothing_any_more_when_its_plugin_is_switched_off(tmp_path: Path) -> None:
    left = nosy(EVERYTHING)
    async with running(tmp_path, plugins={"left": left}) as harness:
        await harness.connect()
        await harness.app.plugins.disable("left")
        ctx = left.ctx
        for what in (
            lambda: ctx.calls.dial("6000"),
            lambda: ctx.events.subscribe(EngineChanged, print),
            lambda: ctx.events.publish(EngineChanged(running=False)),
            lambda: ctx.audio.watch(),
            lambda: ctx.accounts.provide(ACCOUNT, "x"),
            lambda: ctx.database(()),
        ):
            with pytest.raises(RuntimeError, match="is switched off"):
                what()
        assert harness.app.calls.current() == ()


@pytest.mark.expects_log("undoing a registration failed")
async def test_what_a_plugin_wants_done_when_it_is_switched_off_may_use_its_services_and_nothing_after_it(
    tmp_path: Path,
) -> None:
    caller = nosy(EVERYTHING)
    done: list[str] = []

    async with running(tmp_path, plugins={"caller": caller}) as harness:
        await harness.connect()
        call_id = caller.ctx.calls.dial("6000")

        def again() -> None:
            done.append("again")
            caller.ctx.on_deactivate(again)

        def good_bye() -> None:
            caller.ctx.calls.hang_up(call_id)
            caller.ctx.events.subscribe(CallAdded, lambda _event: done.append("heard"))
            done.append("hung up")
            caller.ctx.on_deactivate(again)

        caller.ctx.on_deactivate(good_bye)
        await harness.app.plugins.disable("caller")
        await harness.until(lambda: harness.app.calls.current() == ())
        harness.app.calls.dial("6000")
    assert done == ["hung up", "again"]


async def test_the_pbx_that_a_plugin_may_reach_is_the_one_of_settings_now(tmp_path: Path) -> None:
    """The client was made before the user named another PBX."""
    plugin = nosy(Permissions(network=("@pbx",)))
    async with running(tmp_path, plugins={"crm": plugin}) as harness:
        harness.app.settings.update(ConnectionSettings, server="old.example.com")
        http = plugin.ctx.http
        with pytest.raises(HostNotAllowed, match=r"it may talk to: old\.example\.com"):
            await http.get("https://new.invalid/")
        harness.app.settings.update(ConnectionSettings, server="new.invalid")
        with pytest.raises(Unreachable):  # allowed, and not there
            await http.get("https://new.invalid/")


@pytest.mark.expects_log("can't be used")
async def test_a_declaration_that_is_none_is_the_reason_why_the_plugin_is_not_used(harness: Harness) -> None:
    from callmanager.extensions.discovery import Candidate

    harness.app.plugins.load([Candidate.of("odd", nosy("everything"))])  # type: ignore[arg-type]
    record = harness.app.plugins.record("odd")
    assert (record.state, record.reason) == (
        PluginState.FAILED,
        "its permissions are a str, not declared with Permissions(...)",
    )
