"""Which device is open, as devices come and go; the clock is the test's."""

import attrs
import pytest
from audio_bench.fake_hardware import FakeHardware, input_, output
from callmanager_sip_engine.audio.feeds import MicrophoneFeed, RingerFeed, SpeakerFeed
from callmanager_sip_engine.audio.keeper import TICK_SECONDS, DeviceKeeper
from callmanager_sip_engine.audio.values import AudioDevice, AudioRole

DESK = output("desk", default=True)
HEADSET = output("headset")
MICROPHONE = input_("microphone", default=True)
SPEAKER = AudioRole.SPEAKER


@attrs.define
class Office:
    """A keeper, its fake devices, and everything it said."""

    hardware: FakeHardware
    said: list[tuple[str, str | None]] = attrs.Factory(list)
    lists: list[tuple[AudioDevice, ...]] = attrs.Factory(list)
    now: float = 1000.0
    keeper: DeviceKeeper = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        speaker, microphone, ringer = SpeakerFeed(), MicrophoneFeed(), RingerFeed()
        feeds = {
            AudioRole.SPEAKER: (speaker, speaker),
            AudioRole.MICROPHONE: (microphone, microphone),
            AudioRole.RINGER: (ringer, ringer),
        }
        self.keeper = DeviceKeeper(self.hardware, self, feeds)

    def devices_changed(self, devices: tuple[AudioDevice, ...]) -> None:
        self.lists.append(devices)

    def switched(self, role: AudioRole, device: AudioDevice | None, reason: str) -> None:
        self.said.append((reason, device.name if device else None))

    def failed(self, role: AudioRole, detail: str) -> None:
        self.said.append((detail, "failed"))

    def pass_time(self, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until:
            self.now += TICK_SECONDS
            self.keeper.reconcile(self.now)


@pytest.fixture
def office() -> Office:
    return Office(FakeHardware(plugged=[DESK, HEADSET, MICROPHONE]))


def test_the_chosen_device_is_opened_without_a_word(office: Office) -> None:
    office.keeper.want(SPEAKER, preferred=HEADSET.id)
    office.pass_time(1)
    assert office.hardware.sounding(SPEAKER) == "headset"
    assert office.said == []


def test_no_choice_means_the_systems_default_and_leaves_routing_to_it(office: Office) -> None:
    office.keeper.want(SPEAKER, preferred=None)
    office.pass_time(1)
    assert office.hardware.sounding(SPEAKER) == "desk"
    assert office.hardware.opened[0].as_default


def test_a_device_that_vanishes_is_replaced_within_a_second_and_taken_back(office: Office) -> None:
    office.keeper.want(SPEAKER, preferred=HEADSET.id)
    office.pass_time(5)
    office.hardware.unplug(HEADSET)
    office.pass_time(1)
    assert office.hardware.sounding(SPEAKER) == "desk"
    office.pass_time(60)
    office.hardware.plugged.append(HEADSET)
    office.pass_time(1.2)
    assert office.hardware.sounding(SPEAKER) == "headset"
    assert office.said == [("headset is gone", "desk"), ("headset is back", "headset")]


def test_a_device_that_falls_silent_but_stays_listed_is_replaced_and_tried_again(office: Office) -> None:
    office.keeper.want(SPEAKER, preferred=HEADSET.id)
    office.pass_time(1)
    office.hardware.opened[-1].dead = True
    office.pass_time(0.4)
    assert office.hardware.sounding(SPEAKER) == "desk"
    office.pass_time(3)
    assert office.hardware.sounding(SPEAKER) == "headset"


def test_the_only_device_gets_a_second_chance_at_once(office: Office) -> None:
    office.hardware.plugged = [HEADSET]
    office.keeper.want(SPEAKER, preferred=HEADSET.id)
    office.pass_time(1)
    office.hardware.opened[-1].dead = True
    office.pass_time(0.4)
    assert office.hardware.sounding(SPEAKER) == "headset"
    assert office.said == [("headset was opened again", "headset")]


def test_nothing_left_is_said_once_and_the_next_device_is_taken(office: Office) -> None:
    office.hardware.plugged = [HEADSET]
    office.keeper.want(SPEAKER, preferred=HEADSET.id)
    office.pass_time(1)
    office.hardware.unplug(HEADSET)
    office.pass_time(10)
    assert office.hardware.sounding(SPEAKER) is None
    office.hardware.plugged.append(DESK)
    office.pass_time(1.2)
    assert office.hardware.sounding(SPEAKER) == "desk"
    reasons = [reason for reason, _ in office.said]
    assert len(reasons) == 3
    assert reasons[0] == "headset is gone and no other device is there"
    assert "no device is connected" in reasons[1]
    assert reasons[2] == "desk is available now"


@pytest.mark.expects_log("headset is in use")
def test_a_device_that_cannot_be_opened_gives_way_to_the_next(office: Office) -> None:
    office.hardware.refusing = {HEADSET.id}
    office.keeper.want(SPEAKER, preferred=HEADSET.id)
    office.pass_time(0.2)
    assert office.hardware.sounding(SPEAKER) == "desk"
    assert office.said == [("the chosen device is not available", "desk")]
    office.hardware.refusing = set()
    office.pass_time(3)
    assert office.hardware.sounding(SPEAKER) == "headset"


def test_another_choice_in_a_call_moves_the_sound(office: Office) -> None:
    office.keeper.want(SPEAKER, preferred=HEADSET.id)
    office.pass_time(1)
    office.keeper.want(SPEAKER, preferred=DESK.id)
    office.pass_time(0.2)
    assert office.hardware.sounding(SPEAKER) == "desk"


def test_a_new_system_default_is_followed(office: Office) -> None:
    office.keeper.want(SPEAKER, preferred=None)
    office.pass_time(1)
    office.hardware.plugged = [attrs.evolve(DESK, is_default=False), attrs.evolve(HEADSET, is_default=True), MICROPHONE]
    office.pass_time(1.2)
    assert office.hardware.sounding(SPEAKER) == "headset"
    assert office.said == [("headset is the system's default now", "headset")]


def test_the_microphone_never_becomes_a_speaker(office: Office) -> None:
    office.hardware.plugged = [MICROPHONE]
    office.keeper.want(SPEAKER, preferred=None)
    office.keeper.want(AudioRole.MICROPHONE, preferred=None)
    office.pass_time(1)
    assert office.hardware.sounding(SPEAKER) is None
    assert office.hardware.sounding(AudioRole.MICROPHONE) == "microphone"


def test_waking_from_suspend_is_not_taken_for_dead_devices(office: Office) -> None:
    office.keeper.want(SPEAKER, preferred=HEADSET.id)
    office.pass_time(1)
    office.hardware.opened[-1].dead = True  # its callbacks are as late as this tick is
    office.now += 3600
    office.keeper.reconcile(office.now)
    assert office.hardware.sounding(SPEAKER) == "headset"
    office.hardware.opened[-1].dead = False
    office.pass_time(5)
    assert len(office.hardware.opened) == 1


def test_released_devices_are_closed_and_nothing_is_polled_any_more(office: Office) -> None:
    office.keeper.want(SPEAKER, preferred=HEADSET.id)
    office.pass_time(1)
    office.keeper.release(SPEAKER)
    office.keeper.reconcile(office.now)
    assert office.hardware.sounding(SPEAKER) is None
    assert not office.keeper.busy
    assert office.hardware.releases == 1


def test_a_watched_list_is_reported_only_when_it_changes(office: Office) -> None:
    office.keeper.watch(watched=True)
    office.pass_time(10)
    assert len(office.lists) == 1
    office.hardware.unplug(HEADSET)
    office.pass_time(1.2)
    assert office.lists[-1] == (DESK, MICROPHONE)
    assert office.hardware.lists < 15


def test_hours_of_a_device_that_comes_and_goes_leave_one_stream(office: Office) -> None:
    office.keeper.want(SPEAKER, preferred=HEADSET.id)
    for _ in range(200):
        office.pass_time(1.2)
        office.hardware.unplug(HEADSET)
        office.pass_time(1.2)
        assert office.hardware.sounding(SPEAKER) == "desk"
        office.hardware.plugged.append(HEADSET)
        office.pass_time(1.2)
        assert office.hardware.sounding(SPEAKER) == "headset"
    office.keeper.close()
    assert all(stream.closed for stream in office.hardware.opened)
