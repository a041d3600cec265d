"""Rubbish from the PBX's side into a running engine, edge and pjsua2 and all: calls work afterwards, in the same process."""

import itertools
import json
import random
import re
import time

import pytest
from callmanager.api import (
    CallArrived,
    EndCause,
    EngineStarted,
    EngineStopped,
    HangUp,
    MessageRefused,
    Reject,
    Transport,
)
from callmanager_sip_engine.edge.guard import LARGEST_FOR_PJSUA
from callmanager_sip_engine.edge.message import parse
from callmanager_sip_engine.edge.rewrite import inbound_request
from pbx.accounts import Dial
from plugins.sip_engine.edge.far_ends import request
from plugins.sip_engine.edge.mutations import ME, mutate, mutate_values, rfc4475, seeds
from plugins.sip_engine.hostile_relay import HostileRelay
from plugins.sip_engine.lines import Line, account_at
from plugins.sip_engine.phones import Phone, heard

pytestmark = [
    pytest.mark.pbx,
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.expects_log("."),  # rubbish is complained about in every layer; what counts is reported as a fact
]

_SECONDS = 30
"""How long the mutations go on."""
_PER_BATCH = 1000


class Victim(Line):
    """A phone behind the hostile relay, whose person refuses every call that comes in."""

    def __init__(self, phone, ours, folder, relay):
        super().__init__(phone, ours, folder / "unused.wav")
        self.folder, self.relay = folder, relay
        self.process = phone.engine.process_id
        self._recordings = itertools.count()
        self._seen = phone.now

    async def normal_call(self):
        """A call to the tone, with the tone heard in a recording of its own, from the process that was there at first."""
        recording = self.folder / f"heard-{next(self._recordings)}.wav"
        self.phone.use_files(hear=recording)
        call = await self.call(Dial.TONE_500)
        await heard(recording, 500)
        assert (await self.hang_up(call)).end.cause is EndCause.LOCAL
        assert self.phone.engine.process_id == self.process
        assert len(self.phone.of(EngineStarted)) == 1
        assert not self.phone.of(EngineStopped)

    def refuse_calls(self):
        """Refuse what has come in since the last time."""
        new, self._seen = self.phone.facts[self._seen :], self.phone.now
        for fact in new:
            if isinstance(fact, CallArrived):
                self.submit(Reject(call_id=fact.call_id))

    async def all_calls_ended(self, since):
        """Wait until nothing is left of the calls that came in with the rubbish."""
        for fact in self.phone.facts[since:]:
            if isinstance(fact, CallArrived):
                self.refuse_calls()
                await self.ended(fact.call_id, since=since, seconds=40)

    def refusals(self, *, since):
        return [fact.reason for fact in self.phone.facts[since:] if isinstance(fact, MessageRefused)]


@pytest.fixture
async def victim(pbx, tmp_path):
    async with HostileRelay(tmp_path, pbx).running() as relay, Phone(tmp_path) as phone:
        ours = account_at(pbx, Transport.WSS, "2001", server="127.0.0.1", port=relay.port, ca_file=relay.ca_file)
        phone.use_nothing()
        await phone.registered(ours, pbx.account("2001").password)
        victim = Victim(phone, ours, tmp_path, relay)
        yield victim
        assert relay.connections == 1, "rubbish must not cost the connection"


async def test_calls_work_after_each_of_the_messages_of_rfc_4475(victim):
    await victim.normal_call()
    for name, message in rfc4475().items():
        since = victim.phone.now
        await victim.relay.inject(message.decode(errors="replace"))
        await victim.relay.all_handled()
        await victim.all_calls_ended(since)
        if name in {"ncl", "clerr", "badvers"}:
            assert victim.refusals(since=since), name
    await victim.normal_call()


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        pytest.param(b"OPTIONS sip:2001@phone.invalid SIP/2.0\r\n\r\n", "a binary frame of 42 bytes", id="binary"),
        pytest.param("X: " + "y" * 65_535, "a frame of 65538 bytes is larger than 65535", id="too large"),
        pytest.param("", "the header part does not end", id="empty"),
        pytest.param(rfc4475()["clerr"].decode(), "Content-Length says 9999", id="Content-Length too large"),
        pytest.param(rfc4475()["dblreq"].decode(), "Content-Length says 0", id="Content-Length too small"),
        pytest.param(rfc4475()["ncl"].decode(), "Content-Length is not a number", id="Content-Length negative"),
    ],
)
async def test_a_frame_that_is_no_sip_message_is_refused_and_said(victim, frame, reason):
    since = victim.phone.now
    await victim.relay.inject(frame)
    fact = await victim.phone.wait(MessageRefused, since=since)
    assert reason in fact.reason
    await victim.normal_call()


async def test_sound_messages_that_pjsua_has_no_answer_to_are_kept_from_it(victim):
    """Each of them alone ended the process: pjsip asserts what is not so."""
    call = await victim.call(Dial.TONE_500)
    (answer,) = [text for text in victim.relay.heard if text.startswith(b"SIP/2.0 200") and b"INVITE\r\n" in text]
    await victim.relay.inject(re.sub(rb"(?m)^(To: [^;\r]*);tag=[^;\r]*", rb"\1", answer).decode())
    since = victim.phone.now
    for method in ("INVITE", "ACK"):
        message = request(method, call_id="merged", branch=f"z9hG4bK{method}", extra="Contact: <sip:101@127.0.0.1>\r\n")
        await victim.relay.inject(message.decode())
    await victim.relay.all_handled()
    assert [reason.partition("refused: ")[2] for reason in victim.refusals(since=0)] == [
        "a 200 to an INVITE without a To tag makes no dialog",
        "an ACK without a To tag acknowledges nothing",
    ]
    await victim.all_calls_ended(since)
    await victim.hang_up(call)
    await victim.normal_call()


async def test_a_message_that_pjsua_cannot_take_in_whole_does_not_reach_it(victim):
    """Its buffer has 4000 bytes; from a longer message on it would take the body for requests of the PBX."""

    def padded(length):
        question = victim.relay.question()
        padding = length - len(inbound_request(parse(question.encode()), ME, peer=None).serialise())
        return question.replace("Content-Length", f"Pad: {'y' * (padding - 7)}\r\nContent-Length")

    assert await victim.relay.ask(padded(LARGEST_FOR_PJSUA)) == 200
    assert await victim.relay.ask(padded(LARGEST_FOR_PJSUA + 1)) == 513
    since = victim.phone.now
    smuggled = b"".join(
        request("INVITE", call_id=f"smuggled-{n}", branch=f"z9hG4bKin{n}", extra="Contact: <sip:101@127.0.0.1>\r\n")
        for n in range(100)
    )
    for start in range(0, 300, 7):  # wherever it would begin to read again
        carrier = request("MESSAGE", call_id=f"carrier-{start}", extra=f"Pad: {'y' * start}\r\n", body=smuggled)
        await victim.relay.inject(carrier.replace(b"application/sdp", b"text/plain").decode())
    await victim.relay.all_handled()
    assert len(victim.refusals(since=since)) == 43
    assert not [fact for fact in victim.phone.facts if isinstance(fact, CallArrived)]
    await victim.normal_call()


async def test_calls_work_after_each_batch_of_mutated_messages(victim, pbx, tmp_path):
    pbx.originate("2001")  # so that the PBX's own INVITE is among what is mutated
    arrived = await victim.phone.wait(CallArrived)
    victim.submit(Reject(call_id=arrived.call_id))
    await victim.ended(arrived.call_id)
    began, numbers, injected, refused, batches = time.monotonic(), itertools.count(100_000), 0, 0, 0
    while time.monotonic() - began < _SECONDS:
        chance = random.Random(f"live {batches}")
        call = await victim.call(Dial.TONE_500)
        known = victim.relay.heard * 3 + seeds()
        since = victim.phone.now
        for _ in range(_PER_BATCH // 100):
            some = [
                _as_new(chance.choice((mutate, mutate_values))(chance, known), next(numbers), chance).decode(errors="replace")
                for _ in range(100)
            ]
            (tmp_path / "last.json").write_text(json.dumps(some), encoding="utf-8")  # for whoever looks into a failure
            for broken in some:
                await victim.relay.inject(broken)
            await victim.relay.all_handled()
            victim.refuse_calls()
        injected += _PER_BATCH
        victim.submit(HangUp(call_id=call))
        await victim.ended(call)
        await victim.all_calls_ended(since)
        refusals = victim.refusals(since=since)
        assert 0 < len(refusals) < _PER_BATCH, "the mutations must neither all break nor all leave the messages alone"
        refused += len(refusals)
        await victim.normal_call()
        batches += 1
    calls = len(victim.phone.of(CallArrived)) - 1
    print(f"{injected} mutated messages in {batches} batches: {refused} refused at the edge, {calls} came in as calls")
    assert calls, "some must reach the inside"


def _as_new(data: bytes, number: int, chance: random.Random) -> bytes:
    """Let a message pass for a new one where it would be taken for a repetition, and be of the length it says more often."""
    if chance.random() < 0.7 and not data.startswith(b"SIP/2.0"):
        data = re.sub(rb"branch=[^;,\s]*", b"branch=z9hG4bKlive%d" % number, data, count=1)
        data = re.sub(rb"(?mi)^(CSeq:\s*)\d+", rb"\g<1>%d" % number, data, count=1)
    if chance.random() < 0.2:
        data = re.sub(rb"(?mi)^(Call-ID|i):[^\r]*", b"Call-ID: live-%d" % number, data, count=1)
    if chance.random() < 0.5:
        length = len(data.decode(errors="replace").partition("\r\n\r\n")[2].encode())
        data = re.sub(rb"(?mi)^(Content-Length|l)\s*:[^\r]*", b"Content-Length: %d" % length, data, count=1)
    return data
