"""Settings are layered, checked all at once, saved whole, and told."""

import os
import sys
from pathlib import Path

import attrs
import pytest
from callmanager.api import (
    AppearanceSettings,
    AudioSettings,
    ConnectionSettings,
    FieldKind,
    PluginContext,
    SecretChanged,
    SettingsChanged,
    SettingsError,
    SettingsSection,
    Transport,
    hookimpl,
    setting,
)
from callmanager.app import AppOptions
from callmanager.settings.files import write_atomically
from callmanager.settings.service import OwnedSettings
from callmanager.testing import Harness, MemorySecrets, make, running


@attrs.frozen(kw_only=True)
class CrmSettings:
    """A plugin's section."""

    url: str = setting(
        "", label="Address", check=lambda value: "" if value.startswith("https://") or not value else "must be https"
    )
    token: str = setting("", label="Token", secret=True)
    tags: tuple[str, ...] = setting((), label="Tags", kind=FieldKind.LINES)
    timeout: float = setting(5.0, label="Timeout", minimum=0.5, maximum=60)


def user_file(tmp_path: Path) -> Path:
    return tmp_path / "profile" / "config" / "settings.toml"


def write(tmp_path: Path, *, user: str = "", site: str = "") -> None:
    if user:
        user_file(tmp_path).parent.mkdir(parents=True, exist_ok=True)
        user_file(tmp_path).write_text(user, encoding="utf-8")
    if site:
        (tmp_path / "site").mkdir(exist_ok=True)
        (tmp_path / "site" / "site.toml").write_text(site, encoding="utf-8")


@pytest.fixture
async def fresh(tmp_path: Path):
    """Make harnesses without starting them; all are stopped at the end."""
    made: list[Harness] = []

    def build(**options) -> Harness:
        made.append(make(tmp_path, **options))
        made[-1].app.settings.register("crm", CrmSettings, owner="crm")
        return made[-1]

    yield build
    for harness in made:
        await harness.app.stop()


def problems(harness: Harness) -> dict[str, str]:
    return {problem.id: problem.details for problem in harness.app.problems.current()}


async def test_defaults_hold_without_any_file(fresh) -> None:
    settings = fresh().app.settings
    assert settings.get(ConnectionSettings) == ConnectionSettings()
    assert settings.state(ConnectionSettings, "port").source == "default"


async def test_the_user_beats_the_site_and_the_site_the_default(fresh, tmp_path: Path) -> None:
    write(
        tmp_path,
        site='[connection]\nserver = "site.example.com"\nport = 443\n[audio]\nringer_volume = 0.2\n',
        user='[connection]\nserver = "user.example.com"\n',
    )
    settings = fresh().app.settings
    assert (settings.get(ConnectionSettings).server, settings.get(ConnectionSettings).port) == ("user.example.com", 443)
    assert settings.get(AudioSettings).ringer_volume == 0.2
    assert [settings.state(ConnectionSettings, key).source for key in ("server", "port", "extension")] == [
        "user",
        "site",
        "default",
    ]
    assert settings.state(ConnectionSettings, "port").origin == str(tmp_path / "site" / "site.toml")


@pytest.mark.parametrize("lock", ["connection.server", "connection.*"])
async def test_what_the_site_locked_the_user_cannot_change(fresh, tmp_path: Path, lock: str) -> None:
    write(
        tmp_path,
        site=f'[connection]\nserver = "site.example.com"\n[lock]\nkeys = ["{lock}"]\n',
        user='[connection]\nserver = "user.example.com"\n',
    )
    settings = fresh().app.settings
    assert settings.get(ConnectionSettings).server == "site.example.com"
    assert settings.state(ConnectionSettings, "server").locked
    with pytest.raises(SettingsError, match=r"connection\.server: is set by your administrator"):
        settings.update(ConnectionSettings, server="other.example.com")


async def test_an_update_is_saved_published_and_read_again(fresh, tmp_path: Path) -> None:
    harness = fresh()
    after = harness.app.settings.update(
        ConnectionSettings, server="pbx.example.com", transport=Transport.TLS, ca_file=Path("/ca.pem")
    )
    (event,) = harness.published(SettingsChanged)
    assert (event.section_id, event.before, event.after) == ("connection", ConnectionSettings(), after)
    again = fresh().app.settings.get(ConnectionSettings)
    assert again == after
    assert (again.transport, again.ca_file) == (Transport.TLS, Path("/ca.pem"))


async def test_every_field_of_every_core_section_survives_a_round_trip(fresh) -> None:
    connection = ConnectionSettings(
        server="pbx.example.com",
        port=443,
        extension="2001",
        display_name='Ann "the boss" Lee \\ Müller',
        sip_user="T2_2001",
        auth_user="auth",
        transport=Transport.UDP,
        websocket_path="/sip",
        stun_servers=("stun:stun.example.com:3478",),
        turn_servers=("turn:turn.example.com:3478?transport=udp",),
        turn_user="u",
        ca_file=Path("C:/ca.pem"),
        stay_connected=False,
    )
    audio = AudioSettings(
        microphone="m", speaker="s", ringer="r", microphone_gain=2.0, speaker_volume=0.0, echo_cancellation=False
    )
    appearance = AppearanceSettings(theme="dark", density="compact", close_to_tray=False)
    first = fresh().app.settings
    for values in (connection, audio, appearance):
        secret = {"password", "turn_password"}
        first.update(type(values), **{k: v for k, v in attrs.asdict(values, recurse=False).items() if k not in secret})
    second = fresh().app.settings
    for values in (connection, audio, appearance):
        assert second.get(type(values)) == values


async def test_all_complaints_come_at_once_and_nothing_is_saved(fresh, tmp_path: Path) -> None:
    harness = fresh()
    with pytest.raises(SettingsError) as refusal:
        harness.app.settings.update(
            ConnectionSettings, port=0, server="wss://pbx:8089", nonsense=1, password="x", display_name=7
        )
    assert len(refusal.value.complaints) == 5
    assert all(complaint.startswith("connection.") for complaint in refusal.value.complaints)
    assert not user_file(tmp_path).exists()
    assert harness.published(SettingsChanged) == []


async def test_bad_keys_cost_themselves_only_and_are_told_with_their_path(fresh, tmp_path: Path) -> None:
    write(
        tmp_path,
        user='[connection]\nserver = "pbx.example.com"\nport = "8089"\nextention = "2001"\n'
        '[audio]\nringer_volume = 7\n[crm]\nurl = "http://x"\n',
    )
    harness = fresh()
    assert harness.app.settings.get(ConnectionSettings) == ConnectionSettings(server="pbx.example.com")
    harness.app.settings.get(AudioSettings)
    harness.app.settings.get(CrmSettings)
    told = problems(harness)["settings"]
    assert "connection.port: must be a whole number" in told
    assert "connection.extention: there is no such setting" in told
    assert "audio.ringer_volume: must be at most 1" in told
    assert "crm.url: must be https" in told
    assert str(user_file(tmp_path)) in told


async def test_comments_unknown_keys_and_foreign_sections_are_kept(fresh, tmp_path: Path) -> None:
    text = '# mine\n[connection]\nserver = "a.example.com" # the old one\nfuture = 1\n\n[elsewhere]\nx = [1, 2]\n'
    write(tmp_path, user=text)
    fresh().app.settings.update(ConnectionSettings, server="b.example.com")
    assert user_file(tmp_path).read_text() == text.replace("a.example.com", "b.example.com")


@pytest.mark.parametrize("content", [b"[connection\nserver=", b"\xff\xfe\x00", b"a = 1\na = 2\n"])
async def test_a_damaged_file_is_set_aside_and_told(fresh, tmp_path: Path, content: bytes) -> None:
    user_file(tmp_path).parent.mkdir(parents=True)
    user_file(tmp_path).write_bytes(content)
    harness = fresh()
    assert harness.app.settings.get(ConnectionSettings) == ConnectionSettings()
    (aside,) = user_file(tmp_path).parent.glob("settings.toml.damaged-*")
    assert aside.read_bytes() == content
    assert "settings-file" in problems(harness)
    harness.app.settings.update(ConnectionSettings, server="pbx.example.com")
    assert fresh().app.settings.get(ConnectionSettings).server == "pbx.example.com"


async def test_a_broken_site_file_stops_nothing_and_is_left_where_it_is(fresh, tmp_path: Path) -> None:
    write(tmp_path, site="[lock\n", user='[connection]\nserver = "pbx.example.com"\n')
    harness = fresh()
    assert harness.app.settings.get(ConnectionSettings).server == "pbx.example.com"
    assert "site-file" in problems(harness)
    assert (tmp_path / "site" / "site.toml").exists()


async def test_a_secret_is_marked_in_the_file_and_lies_in_the_key_store(fresh, tmp_path: Path) -> None:
    harness = fresh()
    settings = harness.app.settings
    assert not settings.secret_is_set(ConnectionSettings, "password")
    await settings.set_secret(ConnectionSettings, "password", "hunter2222")
    assert settings.secret_is_set(ConnectionSettings, "password")
    assert settings.get(ConnectionSettings).password == ""
    assert "hunter2222" not in user_file(tmp_path).read_text()
    again = fresh(key_store=harness.key_store).app.settings
    assert again.secret_is_set(ConnectionSettings, "password")
    assert await again.secret(ConnectionSettings, "password") == "hunter2222"
    await again.set_secret(ConnectionSettings, "password", "")
    assert not again.secret_is_set(ConnectionSettings, "password")
    assert harness.key_store.values == {}


async def test_without_a_key_store_a_secret_is_set_for_this_session(fresh, tmp_path: Path) -> None:
    harness = fresh(key_store=MemorySecrets(missing=True))
    await harness.app.settings.set_secret(CrmSettings, "token", "hunter2222")
    assert harness.app.settings.secret_is_set(CrmSettings, "token")
    assert await harness.app.settings.secret(CrmSettings, "token") == "hunter2222"
    assert "no-key-store" in problems(harness)
    assert not fresh().app.settings.secret_is_set(CrmSettings, "token")


async def test_a_plugin_reads_its_own_secret_and_hears_of_a_new_one_but_reads_no_others(fresh) -> None:
    harness = fresh()
    mine = OwnedSettings(service=harness.app.settings, owner="crm")
    await harness.app.settings.set_secret(CrmSettings, "token", "hunter2222")
    assert await mine.secret(CrmSettings, "token") == "hunter2222"
    assert harness.published(SecretChanged) == [SecretChanged(section_id="crm", field="token", owner="crm")]
    with pytest.raises(TypeError, match="not its own section"):
        await mine.secret(ConnectionSettings, "password")


async def test_a_password_in_a_file_is_not_read_and_told(fresh, tmp_path: Path) -> None:
    write(tmp_path, user='[connection]\npassword = "hunter2222"\n')
    harness = fresh()
    assert harness.app.settings.get(ConnectionSettings).password == ""
    assert "connection.password" in problems(harness)["settings"]
    assert "hunter2222" not in problems(harness)["settings"]


@pytest.mark.parametrize(
    ("model", "field", "value", "fits"),
    [
        (ConnectionSettings, "port", 8089, True),
        (ConnectionSettings, "port", 65536, False),
        (ConnectionSettings, "port", True, False),
        (ConnectionSettings, "server", "pbx.example.com", True),
        (ConnectionSettings, "server", "2001:db8::1", True),
        (ConnectionSettings, "server", "10.0.0.1", True),
        (ConnectionSettings, "server", "10.0.0.300", False),
        (ConnectionSettings, "server", "pbx.example.com:8089", False),
        (ConnectionSettings, "server", "a b", False),
        (ConnectionSettings, "extension", "2001", True),
        (ConnectionSettings, "extension", "20 01", False),
        (ConnectionSettings, "extension", "2001\r\nX: y", False),
        (ConnectionSettings, "websocket_path", "ws", False),
        (ConnectionSettings, "stun_servers", ("stun:stun.example.com",), True),
        (ConnectionSettings, "stun_servers", ("stun.example.com",), False),
        (ConnectionSettings, "turn_servers", ["turns:turn.example.com:5349?transport=tcp"], True),
        (ConnectionSettings, "turn_servers", ["turn:turn.example.com:99999"], False),
        (ConnectionSettings, "transport", "wss", True),
        (ConnectionSettings, "transport", "carrier pigeon", False),
        (ConnectionSettings, "ca_file", None, True),
        (ConnectionSettings, "password", "x", True),
        (AppearanceSettings, "theme", "dark", True),
        (AppearanceSettings, "theme", "pink", False),
        (AudioSettings, "microphone_gain", 1, True),
        (AudioSettings, "microphone_gain", float("nan"), False),
        (AudioSettings, "echo_cancellation", 1, False),
    ],
)
async def test_a_form_can_ask_about_a_value_while_it_is_typed(fresh, model, field: str, value, fits: bool) -> None:
    assert (fresh().app.settings.check(model, field, value) == "") is fits


async def test_keys_and_sections_that_nobody_knows_are_told_with_a_near_match_and_kept(fresh, tmp_path: Path) -> None:
    text = 'server = "x"\n[conection]\nserver = "y"\n[connection]\nextention = "2001"\n[lock]\nkeys = []\n[weather]\nx = 1\n'
    write(tmp_path, user=text)
    harness = fresh()
    file = user_file(tmp_path)
    told = problems(harness)["settings"].splitlines()
    assert told == [
        f"{file}:1: server: stands outside of every section; did you mean connection.server?",
        f"{file}:2: conection: no installed plugin has this section; did you mean connection?",
        f"{file}:5: connection.extention: there is no such setting; did you mean extension?",
        f"{file}:6: lock: has no effect here; only a site file can do that",
        f"{file}:8: weather: no installed plugin has this section",
    ]
    harness.app.settings.update(AppearanceSettings, theme="dark")
    assert user_file(tmp_path).read_text().startswith(text)


async def test_a_mistake_that_is_corrected_is_not_told_any_longer(fresh, tmp_path: Path) -> None:
    write(tmp_path, user="[connection]\nport = 0\n")
    harness = fresh()
    assert "connection.port" in problems(harness)["settings"]
    harness.app.settings.update(ConnectionSettings, port=8090)
    assert "settings" not in problems(harness)


class Crm:
    def __init__(self, ctx: PluginContext) -> None: ...

    @hookimpl
    def callmanager_settings_sections(self) -> list[SettingsSection]:
        return [SettingsSection(id="crm2", title="CRM", model=Crm2Settings)]


@attrs.frozen(kw_only=True)
class Crm2Settings:
    url: str = setting("", label="Address")


async def test_the_section_of_a_plugin_that_is_off_is_not_unknown(tmp_path: Path) -> None:
    write(tmp_path, user='[plugins]\ndisabled = ["crm2"]\n[crm2]\nurl = 1\n[crm2-more]\nx = 1\n[crm3]\nx = 1\n')
    async with running(tmp_path, plugins={"crm2": Crm}) as harness:
        told = problems(harness)["settings"]
        assert "crm2" not in told.replace(str(tmp_path), "")
        assert "crm3: no installed plugin has this section" in told
        await harness.app.plugins.enable("crm2")
        told = problems(harness)["settings"]
        assert "crm2.url: must be a text in quotes" in told
        assert "crm2-more: no installed plugin has this section" in told
        await harness.app.plugins.disable("crm2")
        assert "crm2" not in problems(harness)["settings"].replace(str(tmp_path), "")


async def test_every_mistake_of_the_site_file_is_told_with_its_line_and_stops_nothing(fresh, tmp_path: Path) -> None:
    write(
        tmp_path,
        site='[connection]\nport = "x"\nserver = "pbx.example.com"\n[lock]\nkeys = [\n  "connection.sever",\n  7,\n]\n'
        "[plugins]\nrefuse = []\n[wether]\n",
    )
    harness = fresh()
    file = tmp_path / "site" / "site.toml"
    assert problems(harness)["site-file"].splitlines() == [
        f"{file}:2: connection.port: must be a whole number",
        f"{file}:6: lock.keys: there is no setting 'connection.sever'; did you mean connection.server?",
        f'{file}:7: lock.keys: must be a text like "connection.server" or "connection.*"',
        f"{file}:10: plugins.refuse: there is no such setting; did you mean refused?",
        f"{file}:11: wether: no installed plugin has this section",
    ]
    assert harness.app.settings.get(ConnectionSettings) == ConnectionSettings(server="pbx.example.com")
    assert "settings" not in problems(harness)


async def test_both_files_may_be_damaged_at_once(fresh, tmp_path: Path) -> None:
    write(tmp_path, site="[lock\n", user="[connection\n")
    harness = fresh()
    assert harness.app.settings.get(ConnectionSettings) == ConnectionSettings()
    told = problems(harness)
    assert told["site-file"].startswith(f"{tmp_path / 'site' / 'site.toml'}:1:6: ")
    assert told["settings-file"].startswith(f"{user_file(tmp_path)}:1:12: ")
    assert (tmp_path / "site" / "site.toml").exists()
    assert list(user_file(tmp_path).parent.glob("settings.toml.damaged-*"))


async def test_a_folder_in_place_of_either_file_stops_nothing(fresh, tmp_path: Path) -> None:
    user_file(tmp_path).mkdir(parents=True)
    (tmp_path / "site" / "site.toml").mkdir(parents=True)
    harness = fresh()
    assert {"site-file", "settings-file"} <= problems(harness).keys()
    harness.app.settings.update(ConnectionSettings, server="pbx.example.com")
    assert fresh().app.settings.get(ConnectionSettings).server == "pbx.example.com"


async def test_a_file_damaged_while_the_program_runs_loses_no_setting_and_is_told(fresh, tmp_path: Path) -> None:
    write(tmp_path, user='[connection]\nextension = "2001"\n[elsewhere]\nx = 1\n')
    harness = fresh()
    user_file(tmp_path).write_text("[connection\n")
    harness.app.settings.update(ConnectionSettings, server="pbx.example.com")
    assert "settings-file" in problems(harness)
    again = fresh().app.settings
    assert again.get(ConnectionSettings) == ConnectionSettings(server="pbx.example.com", extension="2001")
    assert again.layers.user.tables["elsewhere"] == {"x": 1}


async def test_whoever_only_looks_leaves_a_damaged_file_where_it_is(fresh, tmp_path: Path) -> None:
    write(tmp_path, user="[connection\n")
    options = AppOptions(profile=tmp_path / "profile", site=tmp_path / "site", look_only=True)
    harness = fresh(options=options)
    assert [mistake.line for mistake in harness.app.settings.mistakes()] == [1]
    assert user_file(tmp_path).read_text() == "[connection\n"


async def test_what_the_site_hides_is_locked_as_well(fresh, tmp_path: Path) -> None:
    write(
        tmp_path,
        site='[hide]\nkeys = ["connection.turn_user", "audio.*"]\n',
        user='[connection]\nturn_user = "me"\n',
    )
    settings = fresh().app.settings
    assert settings.get(ConnectionSettings).turn_user == ""
    state = settings.state(ConnectionSettings, "turn_user")
    assert (state.locked, state.hidden, state.source) == (True, True, "default")
    assert settings.state(AudioSettings, "speaker").hidden
    assert not settings.state(ConnectionSettings, "server").hidden
    with pytest.raises(SettingsError, match="set by your administrator"):
        settings.update(ConnectionSettings, turn_user="other")


@pytest.mark.parametrize("rule", ["lock", "hide"])
async def test_a_secret_can_be_locked_and_what_is_stored_stays_in_use(fresh, tmp_path: Path, rule: str) -> None:
    first = fresh()
    await first.app.settings.set_secret(ConnectionSettings, "password", "hunter2222")
    write(tmp_path, site=f'[{rule}]\nkeys = ["connection.password"]\n')
    second = fresh(key_store=first.key_store)
    for value in ("other", ""):
        with pytest.raises(SettingsError, match="set by your administrator"):
            await second.app.settings.set_secret(ConnectionSettings, "password", value)
    assert await second.app.settings.secret(ConnectionSettings, "password") == "hunter2222"
    assert second.app.settings.secret_is_set(ConnectionSettings, "password")
    assert "site-file" not in problems(second)


async def test_a_secret_in_the_site_file_is_not_read_and_told(fresh, tmp_path: Path) -> None:
    write(tmp_path, site='[connection]\npassword = "hunter2222"\n')
    harness = fresh()
    assert harness.app.settings.get(ConnectionSettings).password == ""
    assert ":2: connection.password: a site file holds no secrets" in problems(harness)["site-file"]
    assert "hunter2222" not in problems(harness)["site-file"]


@attrs.frozen(kw_only=True)
class Picky:
    """A model that refuses values which don't fit together, and a check that raises."""

    low: int = setting(1, label="Low")
    high: int = setting(2, label="High")
    odd: str = setting("", label="Odd", check=lambda value: value[100])

    def __attrs_post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low is above high")


async def test_a_model_that_refuses_what_the_files_say_gets_its_defaults(fresh, tmp_path: Path) -> None:
    write(tmp_path, user='[picky]\nlow = 5\nodd = "x"\n')
    harness = fresh()
    harness.app.settings.register("picky", Picky)
    assert harness.app.settings.get(Picky) == Picky()
    assert ":1: picky: the values don't fit together: low is above high" in problems(harness)["settings"]
    assert "picky.odd: does not fit: IndexError" in problems(harness)["settings"]
    with pytest.raises(SettingsError, match="don't fit together"):
        harness.app.settings.update(Picky, high=0)
    assert "high" not in user_file(tmp_path).read_text()


async def test_a_model_that_refuses_its_own_defaults_is_no_section(fresh) -> None:
    @attrs.frozen(kw_only=True)
    class Broken:
        x: int = setting(1, label="X")

        def __attrs_post_init__(self) -> None:
            raise ValueError("never")

    with pytest.raises(ValueError, match="can't be made of its defaults: never"):
        fresh().app.settings.register("broken", Broken)


async def test_the_bad_line_of_a_list_is_named(fresh, tmp_path: Path) -> None:
    write(tmp_path, user='[connection]\nstun_servers = [\n  "stun:a.example.com",\n  "",\n  "b",\n]\n')
    harness = fresh()
    assert ":5: connection.stun_servers: 'b' must look like" in problems(harness)["settings"]


async def test_a_section_cannot_take_anothers_name(fresh) -> None:
    settings = fresh().app.settings

    @attrs.frozen(kw_only=True)
    class Mine:
        x: int = setting(1, label="X")

    for section_id, owner in (("connection", "core"), ("plugins", "core"), ("audio-extra", "thief"), ("a.b", "core")):
        with pytest.raises(ValueError, match="settings section"):
            settings.register(section_id, Mine, owner=owner)


async def test_a_disk_that_refuses_is_a_settings_error_and_nothing_changes(fresh, tmp_path: Path, monkeypatch) -> None:
    harness = fresh()

    def refuse(_path: Path, _content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("callmanager.settings.files.write_atomically", refuse)
    with pytest.raises(SettingsError, match="No space left"):
        harness.app.settings.update(ConnectionSettings, server="pbx.example.com")
    assert harness.app.settings.get(ConnectionSettings).server == ""
    assert harness.published(SettingsChanged) == []


def test_a_failed_write_leaves_the_old_file_and_no_scraps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("old")

    def refuse(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="Input/output"):
        write_atomically(file, b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["settings.toml"]
    assert file.read_text() == "old"


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need a privilege there")
def test_a_linked_settings_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link, real = tmp_path / "settings.toml", tmp_path / "real" / "settings.toml"
    link.symlink_to(real)
    write_atomically(link, b"x = 1\n")
    assert link.is_symlink()
    assert real.read_text() == "x = 1\n"
