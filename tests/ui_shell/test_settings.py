import pytest
from callmanager.api import (
    AudioDevice,
    AudioDevicesReported,
    AudioSettings,
    CertificateEvidence,
    ConnectionSettings,
    Failure,
    FailureKind,
    PreviewRingtone,
    Register,
    RegistrationState,
    Transport,
    Unregister,
    WatchAudioDevices,
)
from callmanager_shell.settings_rows import LockNote
from callmanager_shell.widgets.button import Button
from callmanager_shell.widgets.text import Text
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest


def page(stage):
    stage.window.open_settings()
    return stage.window.settings_page


def stored_text(stage) -> str:
    return stage.app.paths.settings_file.read_text()


def connection(stage):
    return page(stage).card("connection").body


def audio_form(stage):
    return page(stage).card("audio").body.form


def type_into(row, text):
    row.input().setFocus()
    row.input().clear()
    QTest.keyClicks(row.input(), text)


async def test_first_launch_asks_for_what_is_needed_and_connects(stage):
    section = connection(stage)
    assert stage.window.settings_page.card("connection").head.isChecked()
    assert not stage.window.settings_page.card("audio").head.isChecked()
    type_into(section.form.row("server"), "pbx.example.com")
    type_into(section.form.row("extension"), "2001")
    type_into(section.form.row("password"), "correct horse")
    assert stage.app.settings.get(ConnectionSettings).server == ""  # nothing is applied while typing
    QTest.keyClick(section.form.row("password").input(), Qt.Key.Key_Return)
    await stage.harness.until(lambda: stage.window.header.pill.text() == "2001")
    register = stage.engine.sent(Register)[-1]
    assert (register.account.server, register.account.port, register.password) == ("pbx.example.com", 8089, "correct horse")
    assert section.status.words() == "Connected\nConnected as extension 2001."


async def test_the_password_is_never_shown_again(stage):
    await stage.harness.connect(password="correct horse")
    edit = connection(stage).form.row("password").input()
    assert edit.text() == ""
    assert edit.placeholderText() == "Stored in the key store of this computer"
    assert edit.echoMode() is edit.EchoMode.Password
    assert "correct horse" not in stored_text(stage)


async def test_connect_without_a_server_says_what_is_missing(stage):
    section = connection(stage)
    section.connect_button.click()
    await stage.harness.until(lambda: section.connect_button.isEnabled())
    assert section.form.row("server").message() == "Is needed to connect"
    assert not stage.engine.sent(Register)


async def test_a_refused_password_is_explained_where_it_was_typed(stage):
    stage.engine.registration_failure = Failure(kind=FailureKind.PASSWORD, sip_code=403)
    section = connection(stage)
    for field, text in (("server", "pbx.example.com"), ("extension", "2001"), ("password", "wrong")):
        type_into(section.form.row(field), text)
    section.connect_button.click()
    await stage.harness.until(lambda: "refused" in section.status.words())
    assert section.status.words().startswith("Disconnected\nThe PBX refused the extension or the password.")
    assert "SIP status 403" in section.status.words()


async def test_a_foreign_certificate_is_shown_with_fingerprint_and_issuer(stage):
    await stage.harness.connect()
    fingerprint = ":".join(f"{value:02X}" for value in range(32))
    evidence = CertificateEvidence(
        subject="CN=pbx.example.com",
        issuer="CN=Somebody Else",
        sha256=fingerprint,
        not_before="2024-01-01",
        not_after="2025-01-01",
        problem="self-signed certificate",
    )
    stage.engine.register(RegistrationState.FAILED, Failure(kind=FailureKind.TLS, certificate=evidence))
    words = connection(stage).status.words().replace("\n", "").replace("\u200b", "")
    assert fingerprint in words
    assert "Issued by: CN=Somebody Else" in words
    assert not [button for button in page(stage).findChildren(Button) if "trust" in button.text().lower()]


async def test_the_port_follows_the_transport_unless_it_was_chosen(stage):
    form = connection(stage).form
    port, transport = form.row("port"), form.row("transport")

    def choose(value):
        transport.show_value(value)
        transport.edited.emit()

    assert (port.label(), port.value()) == ("WebSocket port", 8089)
    choose(Transport.TLS)
    assert (port.label(), port.value()) == ("Port", 5061)
    assert form.row("websocket_path").isHidden()
    port.show_value(5091)
    choose(Transport.UDP)
    assert port.value() == 5091


async def test_disconnect_unregisters(stage):
    await stage.harness.connect()
    connection(stage).disconnect_button.click()
    await stage.harness.settle()
    assert len(stage.engine.sent(Unregister)) == 1
    assert stage.window.header.pill.text() == "Offline"


async def test_a_choice_is_saved_when_it_is_made(stage):
    form = audio_form(stage)
    row = form.row("microphone")
    assert [row.input().itemText(index) for index in range(row.input().count())] == [
        "System default – Fake microphone",
        "Fake microphone",
        "Fake headset",
    ]
    row.input().setCurrentIndex(2)
    row.input().activated.emit(2)
    assert stage.app.settings.get(AudioSettings).microphone == "fake-headset-in"


async def test_an_unplugged_device_stays_chosen(stage):
    stage.app.settings.update(AudioSettings, speaker="fake-headset-out")
    row = audio_form(stage).row("speaker")
    stage.engine.report(AudioDevicesReported(devices=(AudioDevice(id="other", name="Other", kind="output"),)))
    assert row.value() == "fake-headset-out"
    assert row.input().currentText() == "Your device is not connected"


async def test_devices_are_watched_only_while_settings_are_open(stage):
    page(stage)
    assert stage.engine.sent(WatchAudioDevices)[-1].watched
    stage.window.close_settings()
    assert not stage.engine.sent(WatchAudioDevices)[-1].watched


async def test_the_ringtone_can_be_tried(stage):
    buttons = page(stage).findChildren(Button)
    next(button for button in buttons if button.text() == "Play ringtone").click()
    assert stage.engine.sent(PreviewRingtone)


async def test_a_volume_is_saved_and_shown_in_percent(stage):
    row = audio_form(stage).row("ringer_volume")
    row.input().setValue(35)
    assert stage.app.settings.get(AudioSettings).ringer_volume == pytest.approx(0.35)
    assert row._shown.text() == "35 %"


async def test_values_changed_elsewhere_appear_in_the_form(stage):
    row = audio_form(stage).row("echo_cancellation")
    stage.app.settings.update(AudioSettings, echo_cancellation=False)
    assert row.value() is False


class TestLocked:
    @pytest.fixture(autouse=True)
    def site(self, tmp_path):
        folder = tmp_path / "site"
        folder.mkdir()
        self.file = folder / "site.toml"
        self.file.write_text(
            '[connection]\nserver = "pbx.office.example"\nca_file = "/ca.pem"\n[lock]\nkeys = ["connection.server", '
            '"connection.password", "connection.ca_file", "connection.port", "audio.noise_suppression"]\n'
            '[hide]\nkeys = ["connection.turn_password", "connection.websocket_path", "appearance.*"]\n'
        )

    async def test_a_row_set_by_the_administrator_can_not_be_changed(self, stage):
        row = connection(stage).form.row("server")
        assert row.locked
        assert row.value() == "pbx.office.example"
        assert not row.input().isEnabled()

    async def test_the_row_says_whose_it_is_to_eyes_and_screen_readers(self, stage):
        spoken = f"Set by your administrator in {self.file}"
        for form, field in ((connection(stage).form, "server"), (audio_form(stage), "noise_suppression")):
            row = form.row(field)
            (note,) = row.findChildren(LockNote)
            assert note.findChild(Text).text() == "Set by your administrator"
            assert not note.isHidden()
            assert (note.toolTip(), row.toolTip(), note.accessibleName()) == (spoken, spoken, spoken)
            assert row.input().accessibleDescription().startswith(spoken)
        assert connection(stage).form.row("server").input().accessibleDescription().endswith("Name or address of the PBX.")

    async def test_every_way_to_change_the_value_is_closed(self, stage):
        row = connection(stage).form.row("ca_file")
        assert (row.edit.isEnabled(), row.choose.isEnabled()) == (False, False)

    async def test_a_locked_password_can_not_be_typed_and_the_rest_is_saved(self, stage):
        section = connection(stage)
        assert not section.form.row("password").input().isEnabled()
        type_into(section.form.row("extension"), "2001")
        section.connect_button.click()
        await stage.harness.until(lambda: section.connect_button.isEnabled())
        assert stage.app.settings.get(ConnectionSettings).extension == "2001"
        assert stage.harness.key_store.values == {}

    async def test_a_hidden_row_is_not_shown_whatever_the_form_does(self, stage):
        section = connection(stage)
        section.form.fold_button.click()
        assert section.form.row("turn_password").isHidden()
        assert not section.form.row("turn_user").isHidden()
        transport = section.form.row("transport")
        for value in (Transport.UDP, Transport.WSS):
            transport.show_value(value)
            transport.edited.emit()
        assert section.form.row("websocket_path").isHidden()

    async def test_a_section_that_is_hidden_altogether_says_so(self, stage):
        form = page(stage).card("appearance").body
        assert all(row.isHidden() for row in form.rows())
        assert form.fold_button is None
        assert [label.text() for label in form.findChildren(Text) if not label.parent().isHidden() or label.parent() is form][
            -1
        ] == "Your administrator decides all of this."

    async def test_the_cursor_does_not_go_to_a_row_that_can_not_be_changed(self, stage):
        stage.window.open_settings()
        assert connection(stage).form.row("extension").input().hasFocus()


class TestLockedAndMissing:
    @pytest.fixture(autouse=True)
    def site(self, tmp_path):
        (tmp_path / "site").mkdir()
        (tmp_path / "site" / "site.toml").write_text('[lock]\nkeys = ["connection.server"]\n')

    async def test_what_only_the_administrator_can_set_is_said_to_be_his(self, stage):
        section = connection(stage)
        section.connect_button.click()
        await stage.harness.until(lambda: section.connect_button.isEnabled())
        assert section.form.row("server").message() == "Is needed to connect; ask your administrator"


async def test_a_long_label_beside_a_switch_does_not_widen_the_form(stage):
    row = page(stage).card("appearance").body.row("close_to_tray")
    assert row.minimumSizeHint().width() < 300
