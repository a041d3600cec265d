"""The sections of Settings that belong to the core; the words on them are the manual's."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs

from callmanager.model.accounts import Transport
from callmanager.settings import checks
from callmanager.settings.countries import countries, system_country
from callmanager.settings.fields import FieldKind, setting

_TRANSPORTS: Final[Mapping[Transport, str]] = {
    Transport.WSS: "WebRTC (WSS)",
    Transport.TLS: "SIP over TLS",
    Transport.TCP: "SIP over TCP",
    Transport.UDP: "SIP over UDP",
}


@attrs.frozen(kw_only=True)
class ConnectionSettings:
    """How to reach the PBX (section `connection`)."""

    server: str = setting(
        "", label="Server address", help="Name or address of the PBX.", placeholder="pbx.example.com", check=checks.server
    )
    port: int = setting(
        8089, label="WebSocket port", help="8089 unless your administrator says otherwise.", minimum=1, maximum=65535
    )
    extension: str = setting(
        "", label="Extension", help="The number people dial to reach you.", placeholder="2001", check=checks.sip_user
    )
    password: str = setting("", label="Password", help="Kept in the key store of this computer, never in a file.", secret=True)
    display_name: str = setting("", label="Display name", help="What colleagues see when you call.", check=checks.display_name)
    sip_user: str = setting(
        "",
        label="SIP user",
        help="Only where it differs from the extension, e.g. T2_2001 on a VitalPBX tenant.",
        check=checks.sip_user,
        advanced=True,
    )
    auth_user: str = setting(
        "", label="Authentication name", help="Only where it differs from the SIP user.", advanced=True, check=checks.sip_user
    )
    transport: Transport = setting(
        Transport.WSS, label="Transport", help="How SIP travels to the PBX.", choices=_TRANSPORTS, advanced=True
    )
    websocket_path: str = setting(
        "/ws", label="WebSocket path", help="/ws on Asterisk.", advanced=True, check=checks.websocket_path
    )
    stun_servers: tuple[str, ...] = setting(
        (),
        label="STUN servers",
        help="One a line, e.g. stun:stun.example.com:3478.",
        check=checks.stun_server,
        kind=FieldKind.LINES,
        advanced=True,
    )
    turn_servers: tuple[str, ...] = setting(
        (),
        label="TURN servers",
        help="One a line, e.g. turn:turn.example.com:3478?transport=udp.",
        check=checks.turn_server,
        kind=FieldKind.LINES,
        advanced=True,
    )
    turn_user: str = setting("", label="TURN user", advanced=True)
    turn_password: str = setting("", label="TURN password", secret=True, advanced=True)
    ca_file: Path | None = setting(
        None,
        label="CA file",
        help="PEM file of your company's own certificate authority, if the PBX uses one.",
        kind=FieldKind.FILE,
        advanced=True,
    )
    stay_connected: bool = setting(True, label="Connect at start", kind=FieldKind.HIDDEN)


@attrs.frozen(kw_only=True)
class NetworkSettings:
    """How plugins reach web services (section `network`). Calls go straight to the PBX, never through a proxy."""

    proxy: str = setting(
        "system",
        label="Proxy",
        help="For web services, not for calls: system (as your computer is set up), none, or an address.",
        placeholder="http://proxy.example.com:3128",
        check=checks.proxy,
    )
    proxy_user: str = setting("", label="Proxy user", help="Only with an address above.", advanced=True)
    proxy_password: str = setting("", label="Proxy password", secret=True, advanced=True)
    ca_file: Path | None = setting(
        None,
        label="CA file",
        help="PEM file of your company's own certificate authority, trusted beside those of your computer.",
        kind=FieldKind.FILE,
        advanced=True,
    )


@attrs.frozen(kw_only=True)
class AudioSettings:
    """Devices and volumes (section `audio`); an empty device means the system's default."""

    microphone: str = setting("", label="Microphone", kind=FieldKind.MICROPHONE)
    speaker: str = setting("", label="Speaker", kind=FieldKind.SPEAKER)
    ringer: str = setting("", label="Ringer", help="Rings even while your headset lies on the desk.", kind=FieldKind.RINGER)
    microphone_gain: float = setting(1.0, label="Microphone volume", kind=FieldKind.VOLUME, minimum=0.0, maximum=2.0)
    speaker_volume: float = setting(1.0, label="Speaker volume", kind=FieldKind.VOLUME, minimum=0.0, maximum=1.0)
    ringer_volume: float = setting(0.8, label="Ringer volume", kind=FieldKind.VOLUME, minimum=0.0, maximum=1.0)
    echo_cancellation: bool = setting(True, label="Echo cancellation", advanced=True)
    noise_suppression: bool = setting(True, label="Noise suppression", advanced=True)
    gain_control: bool = setting(True, label="Automatic gain control", advanced=True)


@attrs.frozen(kw_only=True)
class AppearanceSettings:
    """Theme and density (section `appearance`)."""

    theme: str = setting("system", label="Theme", choices={"system": "As the system", "light": "Light", "dark": "Dark"})
    density: str = setting("comfortable", label="Density", choices={"comfortable": "Comfortable", "compact": "Compact"})
    close_to_tray: bool = setting(
        True, label="Keep running in the tray when the window is closed", help="So that calls still reach you."
    )


@attrs.frozen(kw_only=True)
class DialingSettings:
    """How numbers are written where the phone is (section `dialing`)."""

    country: str = setting(
        "",
        label="Country",
        help="Numbers without a country code are read as numbers of this country.",
        choices={"": "As this computer", **countries()},
    )
    call_back_minutes: int = setting(
        120,
        label="After an emergency call, let everybody through for",
        help="Minutes in which no call is refused or silenced: the dispatcher may call back.",
        minimum=0,
        maximum=2880,
        advanced=True,
    )
    emergency_at: str = setting("", label="Last emergency call", kind=FieldKind.HIDDEN)

    @property
    def region(self) -> str:
        """The country that counts (ISO 3166 code): the one in Settings, else this computer's."""
        return self.country or system_country()
