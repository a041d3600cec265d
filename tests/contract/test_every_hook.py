"""One plugin implements the whole contract, and the phone asks it for everything."""

from pathlib import Path

from callmanager.api import Handle, NoticePosted, Presence, PresenceStatus
from callmanager.app import Application, AppOptions
from callmanager.extensions.discovery import Candidate
from callmanager.testing import Harness, ManualClock, MemorySecrets
from callmanager.testing.conformance import check_hooks, hook_names
from contract.sample_plugin import Sample


def test_every_hook_is_implemented_and_keeps_to_its_specification() -> None:
    assert {name for name in vars(Sample) if name.startswith("callmanager_")} == set(hook_names())
    assert check_hooks(Sample) == []


async def test_the_phone_asks_it_for_everything(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("callmanager.contacts.directory.AFTER_START", 0.0)
    clock, key_store = ManualClock(), MemorySecrets()
    options = AppOptions(profile=tmp_path / "profile", site=tmp_path / "site", log_level="debug")
    app = Application(options, key_store=key_store, candidates=[Candidate.of("sample", Sample)], clock=clock)
    sample: Sample = app.plugins._entries["sample"].instance
    phone = Harness(app=app, engine=sample.engine, key_store=key_store, clock=clock)
    app.bus.tap(phone.events.append)
    app.prepare()
    try:
        await app.start()
        await phone.connect()
        sample.engine.obedient = False
        app.calls.dial("5550100199")
        placed = sample.engine.commands[-1]
        assert (placed.target, placed.headers[0].name) == ("95550100199", "X-Line")
        sample.engine.arrive("666")
        assert sample.told == ["started", "ended 666"]
        await phone.until(lambda: [person.name for person in app.contacts.people()] == ["Ann"])
        assert app.contacts.match("2003").contact.name == "Bob"
        await phone.until(lambda: sample.presence.running and sample.parking.running and sample.voicemail.running)
        sample.presence.tell(Presence(handle=Handle("2002"), status=PresenceStatus.RINGING))
        await phone.until(lambda: app.presence.get("2002").status is PresenceStatus.RINGING)
        call = app.calls.current()[0]
        (card,) = app.caller_cards()
        assert (await card.value.look_up(call)).title == "known as 95550100199"
        handing = app.plugins.hooks.hand_over(call, "777", "Ann")
        assert handing is not None
        handing.value()
        assert sample.told[-1] == "95550100199 to 777 Ann"
        collected = (
            app.contact_actions(), app.history_actions(), app.palette_commands(), app.call_actions(), app.call_pair_actions()
        )  # fmt: skip
        for (owned,) in collected:
            assert owned.plugin_id == "sample"
        await app.palette_commands()[0].value.run()
        assert phone.published(NoticePosted)[-1].notice.text == "hello"
        assert [owned.value.id for owned in (*app.panels(), *app.header_items())] == ["sample.panel", "sample.header"]
        assert [owned.value.name for owned in app.cli_commands()] == ["sample"]
        assert app.settings_sections()[-1].value.id == "sample"
        assert len(app.plugins.hooks.message_transports()) == 1
    finally:
        await app.stop()
    assert "stopping" in sample.told
