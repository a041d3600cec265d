"""A person's path in the real window against the real PBX: first launch, Settings, Connect, dial, talk, keypad, answer."""

from pathlib import Path

import pytest
from desktop.desktop import Desktop, Window
from desktop.phone import Phone
from desktop.setting_up import set_up_by_keyboard
from far_ends.tones import read_wav, write_tone
from pbx.bench import AsteriskPbx

TITLE = "^PC CallManager [0-9]"
POP = "^Incoming call"
GREEN = {"light": (0x20, 0x7F, 0x53), "dark": (0x3D, 0xD6, 0x8C)}

pytestmark = [pytest.mark.pbx, pytest.mark.slow]


def one_call(state: str, *, number: int = 1):
    return lambda status: len(status["calls"]) == number and status["calls"][-1]["call"]["state"] == state


def no_calls(status) -> bool:
    return not status["calls"]


def green_button(desktop: Desktop, picture: Path, pop: Window, theme: str) -> tuple[int, int]:
    """The middle of the Answer button, found by its colour as an eye would."""
    from PySide6.QtGui import QImage

    image = QImage(str(picture))
    red, green, blue = GREEN[theme]
    hits = [
        (x, y)
        for x in range(0, image.width(), 3)
        for y in range(0, image.height(), 3)
        if abs((c := image.pixelColor(x, y)).red() - red) + abs(c.green() - green) + abs(c.blue() - blue) < 40
    ]
    assert hits, "there is no green button on the pop"
    return pop.x + sum(x for x, _ in hits) // len(hits), pop.y + sum(y for _, y in hits) // len(hits)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_from_the_first_launch_to_a_talk_and_an_answered_call(
    desktop: Desktop, pbx: AsteriskPbx, tmp_path: Path, pictures: Path, theme: str
):
    heard = tmp_path / "heard.wav"
    spoken = write_tone(tmp_path / "spoken.wav", 700)
    shots = iter(range(1, 20))

    def picture(what: str, window: Window | None = None) -> Path:
        return desktop.picture(pictures / f"path-{theme}-{next(shots)}-{what}.png", window)

    with Phone(tmp_path / "profile", "--audio", f"file:{spoken},{heard}", environment=desktop.environment()) as phone:
        window = desktop.wait_for_window(TITLE)
        desktop.activate(window)
        if theme == "dark":
            phone.wait_for("there", bool)
            desktop.click(window.x + window.width - 64, window.y + 24)
            desktop.press(
                "ctrl+comma", "ctrl+comma"
            )  # the theme button took the focus; Settings open with it in the first field
        phone.wait_for("not set up", lambda status: status["account"] is None)
        picture("first-launch", window)

        set_up_by_keyboard(desktop, host=pbx.host, account=pbx.account("2001"), ca_file=pbx.ca_file)
        status = phone.wait_registered()
        assert status["account"]["extension"] == "2001"
        pbx.wait_until(lambda: pbx.contacts("2001"), what="the contact on the PBX")
        desktop.press("Escape")
        desktop.press("ctrl+d")
        picture("connected", window)
        desktop.type("610")
        desktop.press("Return")
        phone.wait_for("talking to the IVR", one_call("connected"))
        before = pbx.digits("2001")
        desktop.press("ctrl+k")
        desktop.type("1597*0#")
        pbx.wait_until(lambda: len(pbx.digits("2001")) >= len(before) + 7, what="the digits", within=15)
        picture("keypad", window)
        assert pbx.digits("2001")[len(before) :] == "1597*0#"
        desktop.press("Escape", "Escape")  # closes the keypad, then ends the call
        phone.wait_for("ended", no_calls)

        desktop.press("ctrl+d", "ctrl+a")
        desktop.type("602")
        desktop.press("Return")
        phone.wait_for(
            "hearing the tone, encrypted",
            lambda status: (
                bool(status["calls"])
                and (status["calls"][0]["call"]["media"] or {}).get("encrypted")
                and (status["calls"][0]["call"]["statistics"] or {}).get("received_level_dbfs", -127) > -30
            ),
        )
        picture("talking", window)
        assert read_wav(heard).tail(0.8).share(500) > 0.9
        desktop.press("ctrl+h")
        phone.wait_for("on hold", lambda status: status["calls"] and status["calls"][0]["call"]["held"])
        picture("on-hold", window)
        desktop.press("ctrl+h", "ctrl+m")
        phone.wait_for(
            "resumed and muted",
            lambda status: status["calls"] and not status["calls"][0]["call"]["held"] and status["calls"][0]["call"]["muted"],
        )
        picture("muted", window)
        desktop.press("Escape")
        phone.wait_for("ended", no_calls)

        focused = desktop.focused()
        pbx.originate("2001", action="tone-record", caller_name="Dana Kowalski", caller_number="5550134477", recording=theme)
        phone.wait_for("ringing", one_call("ringing"))
        pop = desktop.wait_for_window(POP)
        assert desktop.focused() == focused, "the pop took the keyboard away"
        picture("incoming")
        desktop.click(*green_button(desktop, picture("pop", pop), pop, theme))
        phone.wait_for("answered", one_call("connected"))
        desktop.wait_until_gone(POP)
        phone.wait_for(
            "hearing the caller",
            lambda status: (status["calls"][0]["call"]["statistics"] or {}).get("received_level_dbfs", -127) > -30,
        )
        assert read_wav(heard).tail(0.8).share(500) > 0.9
        phone.cli("hangup")
        phone.wait_for("ended", no_calls)
        assert read_wav(pbx.recorded(theme)).tail(1.0).share(700) > 0.8


def test_a_second_launch_registers_by_itself_with_what_was_typed_at_the_first(
    desktop: Desktop, pbx: AsteriskPbx, tmp_path: Path
):
    profile, account = tmp_path / "profile", pbx.account("2001")
    with Phone(profile, "--audio", "none", environment=desktop.environment()) as phone:
        desktop.activate(desktop.wait_for_window(TITLE))
        phone.wait_for("there", bool)
        set_up_by_keyboard(desktop, host=pbx.host, account=account, ca_file=pbx.ca_file)
        phone.wait_registered()
    for file in profile.rglob("*"):
        assert not file.is_file() or account.password.encode() not in file.read_bytes(), f"the password is in {file}"
    with Phone(profile, "--audio", "none", environment=desktop.environment()) as phone:
        status = phone.wait_registered()
        assert status["account"]["display_name"] == "Rita Front"
