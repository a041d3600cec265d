"""What goes wrong between engine and PBX, over udp and tcp, with real engines and a registrar on loopback."""

import asyncio
import re
import socket
import time

import pytest
from callmanager.api import (
    Answer,
    CallArrived,
    CallFinished,
    CallId,
    CallMediaReported,
    CallPartyReported,
    CallProgressed,
    CallState,
    CheckNetwork,
    CommandRefused,
    DigitSent,
    EndCause,
    FailureKind,
    HangUp,
    Header,
    MessageRefused,
    PlaceCall,
    Redirect,
    RegistrationReported,
    RegistrationState,
    Reject,
    SendDigits,
    SetHeld,
    Transport,
    Unregister,
)
from plugins.sip_engine.phones import Phone, account
from plugins.sip_engine.tiny_pbx import TinyPbx, headers

USERS = {"2001": "one", "2002": "two"}


def in_state(state):
    return lambda fact: fact.registration.state is state


def with_length(message):
    """Content-Length of a body that was changed."""
    head, _, body = message.partition("\r\n\r\n")
    return re.sub(r"(?im)^content-length:.*$", f"Content-Length: {len(body)}", head) + "\r\n\r\n" + body


async def until(condition, *, seconds=10):
    """Wait for something that nobody tells."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


class Pair:
    """Anna (2001) and Ben (2002), registered."""

    def __init__(self, pbx, anna, ben, transport):
        self.pbx, self.anna, self.ben = pbx, anna, ben
        self.a = account("2001", "127.0.0.1", pbx.port, transport, display_name="Anna")
        self.b = account("2002", "127.0.0.1", pbx.port, transport)

    async def ring(self):
        """Anna calls Ben: her call and his."""
        since = self.ben.now
        call = self.anna.place(self.a, "2002")
        return call, (await self.ben.wait(CallArrived, since=since)).call_id

    async def talk(self):
        call, theirs = await self.ring()
        self.ben.engine.submit(Answer(call_id=theirs))
        await self.anna.wait(CallMediaReported, lambda f: f.call_id == call and f.media.flowing and not f.media.early)
        return call, theirs


@pytest.fixture
async def pair(tmp_path):
    async with TinyPbx(USERS) as pbx, Phone(tmp_path) as anna, Phone(tmp_path) as ben:
        made = Pair(pbx, anna, ben, Transport.UDP)
        for phone, ours, password in ((anna, made.a, "one"), (ben, made.b, "two")):
            phone.use_nothing()
            await phone.registered(ours, password)
        yield made


@pytest.fixture
async def phone(tmp_path):
    async with Phone(tmp_path) as made:
        made.use_nothing()
        yield made


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
async def test_a_wrong_password_is_tried_once(phone, transport):
    async with TinyPbx(USERS, transport=transport.value) as pbx:
        phone.register(account("2001", "127.0.0.1", pbx.port, transport), "wrong")
        failed = await phone.wait(RegistrationReported, in_state(RegistrationState.FAILED))
        assert failed.registration.failure.kind is FailureKind.PASSWORD
        phone.engine.submit(CheckNetwork())
        await asyncio.sleep(2.5)
        assert pbx.refused["2001"] == 1
        await phone.registered(account("2001", "127.0.0.1", pbx.port, transport), "one")
        assert pbx.refused["2001"] == 1


async def test_a_password_changed_at_the_pbx_is_no_storm(phone):
    async with TinyPbx(dict(USERS)) as pbx:
        await phone.registered(account("2001", "127.0.0.1", pbx.port, Transport.UDP), "one")
        pbx.users["2001"] = "changed"
        phone.engine.submit(CheckNetwork())
        await phone.wait(RegistrationReported, in_state(RegistrationState.FAILED))
        # What was right a moment ago, and the answer to the challenge.
        assert pbx.refused["2001"] == 2


async def test_nonces_that_work_once_only_are_no_hindrance(phone):
    async with TinyPbx(USERS) as pbx:
        pbx.nonce_uses = 1
        ours = account("2001", "127.0.0.1", pbx.port, Transport.UDP)
        await phone.registered(ours, "one")
        for _ in range(3):
            before = pbx.registers["2001"]
            phone.engine.submit(CheckNetwork())
            await until(lambda before=before: pbx.registers["2001"] == before + 2)
        assert pbx.contacts
        phone.engine.submit(Unregister(account_id=ours.id))
        await phone.wait(RegistrationReported, in_state(RegistrationState.OFFLINE))
        assert not pbx.contacts
        assert not pbx.refused
        assert {fact.registration.state for fact in phone.of(RegistrationReported)} == {
            RegistrationState.CONNECTING,
            RegistrationState.REGISTERED,
            RegistrationState.OFFLINE,
        }


async def test_an_unknown_user_is_final_too(phone):
    async with TinyPbx(USERS) as pbx:
        phone.register(account("2999", "127.0.0.1", pbx.port, Transport.UDP), "x")
        await phone.wait(RegistrationReported, in_state(RegistrationState.FAILED))


async def test_a_name_that_does_not_resolve_is_said(phone):
    phone.register(account("2001", "no-such-host.invalid", 5060, Transport.UDP), "one")
    report = await phone.wait(RegistrationReported, in_state(RegistrationState.RETRYING))
    assert report.registration.failure.kind is FailureKind.NAME


async def test_a_server_name_that_is_none_is_said(phone):
    phone.register(account("2001", "what ever", 8089, Transport.WSS), "one")
    report = await phone.wait(RegistrationReported, in_state(RegistrationState.FAILED))
    assert report.registration.failure.kind is FailureKind.NAME


async def test_a_refused_port_is_said(phone):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        phone.register(account("2001", "127.0.0.1", taken.getsockname()[1], Transport.TCP), "one")
        report = await phone.wait(RegistrationReported, in_state(RegistrationState.RETRYING))
        assert report.registration.failure.kind is FailureKind.REFUSED


@pytest.mark.parametrize("silence", [1.0, 4.0, 9.0])
async def test_after_a_cut_the_phone_is_registered_again_within_three_seconds(phone, silence):
    async with TinyPbx(USERS) as pbx:
        await phone.registered(account("2001", "127.0.0.1", pbx.port, Transport.UDP), "one")
        pbx.mute = True
        phone.engine.submit(CheckNetwork())
        lost = await phone.wait(RegistrationReported, in_state(RegistrationState.RETRYING))
        assert lost.registration.failure.kind is FailureKind.TIMEOUT
        await asyncio.sleep(silence)
        since, began = phone.now, time.monotonic()
        pbx.mute = False
        await phone.wait(RegistrationReported, in_state(RegistrationState.REGISTERED), since=since)
        took = time.monotonic() - began
        print(f"registered {took:.2f} s after the silence ended")
        assert took < 3


async def test_a_lost_tcp_connection_is_noticed_at_once_and_heals(phone):
    async with TinyPbx(USERS, transport="tcp") as pbx:
        await phone.registered(account("2001", "127.0.0.1", pbx.port, Transport.TCP), "one")
        since = phone.now
        await pbx.close()
        lost = await phone.wait(RegistrationReported, in_state(RegistrationState.RETRYING), since=since, seconds=4)
        assert lost.registration.failure.kind is FailureKind.REFUSED
        await pbx.listen()
        await phone.wait(RegistrationReported, in_state(RegistrationState.REGISTERED), since=since, seconds=4)


async def test_a_call_to_a_dead_pbx_fails_within_seconds(pair):
    pair.pbx.mute = True
    began = time.monotonic()
    call = pair.anna.place(pair.a, "2002")
    end = await pair.anna.wait(CallFinished, lambda f: f.call_id == call)
    assert (end.end.cause, end.end.failure.kind) == (EndCause.FAILED, FailureKind.TIMEOUT)
    print(f"given up after {time.monotonic() - began:.1f} s")


async def test_hanging_up_is_at_once_even_when_nobody_listens(pair):
    call, _ = await pair.talk()
    pair.pbx.mute = True
    pair.anna.engine.submit(HangUp(call_id=call))
    end = await pair.anna.wait(CallFinished, seconds=2)
    assert end.end.cause is EndCause.LOCAL
    assert len(pair.anna.of(CallFinished)) == 1


async def test_an_invite_from_anybody_but_the_pbx_is_refused(pair):
    contact, (host, port) = pair.pbx.contacts["2002"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as scanner:
        # Loopback is one network of many addresses: the stranger has another one.
        scanner.bind(("127.0.0.66", 0))
        scanner.setblocking(False)
        here = ":".join(map(str, scanner.getsockname()))
        body = "v=0\r\no=- 1 1 IN IP4 127.0.0.66\r\ns=-\r\nc=IN IP4 127.0.0.66\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"
        invite = (
            f"INVITE {contact} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bKscan\r\nMax-Forwards: 70\r\n"
            f"From: <sip:100@{here}>;tag=s\r\nTo: <sip:2002@127.0.0.1>\r\nCall-ID: scan\r\nCSeq: 1 INVITE\r\n"
            f"Contact: <sip:100@{here}>\r\nContent-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        )
        scanner.sendto(invite.encode(), (host, port))
        refused = await pair.ben.wait(MessageRefused)
        assert "127.0.0.66" in refused.reason
        assert not pair.ben.of(CallArrived)
    await pair.ring()


async def test_a_foreign_realm_gets_no_hash_of_the_password(pair):
    pair.pbx.greedy_realm = "somebody else"
    call = pair.anna.place(pair.a, "2002")
    end = await pair.anna.wait(CallFinished, lambda f: f.call_id == call)
    assert end.end.failure.kind is FailureKind.PASSWORD
    invites = [request for request in pair.pbx.requests if request.startswith("INVITE")]
    assert invites
    assert not any(headers(each, "authorization") or headers(each, "proxy-authorization") for each in invites)


async def test_digits_go_by_info_where_telephone_events_were_not_agreed(pair):
    def plain(message):
        message = re.sub(r"a=(rtpmap|fmtp):\d+ (telephone-event|0-1).*\r\n", "", message)
        return with_length(re.sub(r"(?m)^(m=audio .*) (96|101|12\d)\r$", r"\1\r", message))

    pair.pbx.rewrite = plain
    call, _ = await pair.talk()
    assert not pair.anna.of(CallMediaReported)[-1].media.digits_supported
    pair.anna.engine.submit(SendDigits(call_id=call, digits="1#"))
    await pair.anna.wait(DigitSent, lambda f: f.digit == "#")
    assert [(f.digit, f.method) for f in pair.anna.of(DigitSent)] == [("1", "info"), ("#", "info")]
    infos = [request for request in pair.pbx.requests if request.startswith("INFO")]
    assert len({headers(info, "cseq")[0] for info in infos}) == 2
    assert all("application/dtmf-relay" in info for info in infos)


async def test_a_call_answered_elsewhere_is_not_a_missed_one(pair):
    def elsewhere(message):
        if message.startswith("CANCEL"):
            return message.replace("\r\n\r\n", '\r\nReason: SIP;cause=200;text="Call completed elsewhere"\r\n\r\n', 1)
        return message

    pair.pbx.rewrite = elsewhere
    call, theirs = await pair.ring()
    pair.anna.engine.submit(HangUp(call_id=call))
    end = await pair.ben.wait(CallFinished, lambda f: f.call_id == theirs)
    assert end.end.cause is EndCause.ELSEWHERE


async def test_the_party_changes_when_the_pbx_says_so(pair):
    def identify(message):
        if message.startswith("SIP/2.0 200") and "INVITE" in headers(message, "cseq")[0]:
            return message.replace("\r\n", '\r\nP-Asserted-Identity: "Bea Ceo" <sip:9000@pbx>\r\n', 1)
        return message

    pair.pbx.rewrite = identify
    await pair.talk()
    party = await pair.anna.wait(CallPartyReported)
    assert (party.remote.number, party.remote.name) == ("9000", "Bea Ceo")


@pytest.mark.parametrize(
    ("status", "kind"), [(486, FailureKind.BUSY), (603, FailureKind.DECLINED), (480, FailureKind.UNAVAILABLE)]
)
async def test_the_chosen_status_reaches_the_caller(pair, status, kind):
    call, theirs = await pair.ring()
    pair.ben.engine.submit(Reject(call_id=theirs, status=status))
    end = await pair.anna.wait(CallFinished, lambda f: f.call_id == call)
    assert (end.end.failure.kind, end.end.failure.sip_code) == (kind, status)
    assert (await pair.ben.wait(CallFinished)).end.cause is EndCause.REJECTED


async def test_what_the_caller_s_side_wants_of_our_answering_arrives_with_the_call(pair):
    wish = Header(name="Call-Info", value="<sip:127.0.0.1>;answer-after=4")
    pair.anna.place(pair.a, "2002", headers=(wish,))
    assert (await pair.ben.wait(CallArrived)).answer_after == 4.0


@pytest.mark.parametrize(
    ("target", "uri"),
    [
        ("*952002", "<sip:*952002@127.0.0.1"),
        ("#952002", "<sip:%23952002@127.0.0.1"),
        ("sip:mailbox@voice.example.com", "<sip:mailbox@voice.example.com>"),
    ],
)
async def test_a_redirected_caller_gets_302_with_the_target_as_the_only_contact(pair, target, uri):
    seen = []
    pair.pbx.rewrite = lambda message: seen.append(message) or message
    call, theirs = await pair.ring()
    pair.ben.engine.submit(Redirect(call_id=theirs, target=target))
    assert (await pair.ben.wait(CallFinished)).end.cause is EndCause.REDIRECTED
    await pair.anna.wait(CallFinished, lambda f: f.call_id == call)
    moved = next(message for message in seen if message.startswith("SIP/2.0 302"))
    (contact,) = headers(moved, "contact")
    assert contact.startswith(uri)


async def test_what_can_t_be_redirected_is_refused_and_goes_on(pair):
    _, theirs = await pair.ring()
    pair.ben.engine.submit(Redirect(call_id=theirs, target="sip:a@b?c=d"))
    assert "SIP address" in (await pair.ben.wait(CommandRefused)).failure.detail
    pair.ben.engine.submit(Answer(call_id=theirs))
    await pair.ben.wait(CallProgressed, lambda f: f.call_id == theirs and f.state is CallState.CONNECTED)
    before = pair.ben.now
    pair.ben.engine.submit(Redirect(call_id=theirs, target="*952002"))
    assert "nothing to redirect" in (await pair.ben.wait(CommandRefused, since=before)).failure.detail
    assert not pair.ben.of(CallFinished)


async def test_an_incoming_call_rings_by_itself_when_nobody_orders_it(pair):
    _, theirs = await pair.ring()
    await pair.ben.wait(CallProgressed, lambda f: f.call_id == theirs and f.state is CallState.RINGING, seconds=4)


async def test_the_far_end_s_hold_is_noticed(pair):
    from callmanager.api import CallHoldReported

    call, theirs = await pair.talk()
    pair.anna.engine.submit(SetHeld(call_id=call, held=True))
    there = await pair.ben.wait(CallHoldReported)
    assert (there.call_id, there.held, there.remote_held) == (theirs, False, True)
    since = pair.ben.now
    pair.anna.engine.submit(SetHeld(call_id=call, held=False))
    there = await pair.ben.wait(CallHoldReported, since=since)
    assert (there.held, there.remote_held) == (False, False)


async def test_quick_changes_of_mind_end_as_wanted_last(pair):
    from callmanager.api import CallHoldReported

    call, _ = await pair.talk()
    for held in (True, False, True, False, True):
        pair.anna.engine.submit(SetHeld(call_id=call, held=held))
    await until(lambda: all(phone.of(CallHoldReported) for phone in (pair.anna, pair.ben)))
    await asyncio.sleep(1)  # whatever is still on its way
    await until(lambda: pair.anna.of(CallHoldReported)[-1].held and pair.ben.of(CallHoldReported)[-1].remote_held)
    assert not pair.anna.of(CommandRefused)


async def test_a_call_goes_on_when_the_account_is_registered_anew(pair):
    call, _ = await pair.talk()
    await pair.anna.registered(pair.a, "one")
    pair.anna.engine.submit(SendDigits(call_id=call, digits="5"))
    await pair.anna.wait(DigitSent)
    assert not pair.anna.of(CallFinished)


async def test_disconnecting_ends_calls_and_unregisters(pair):
    call, theirs = await pair.talk()
    pair.anna.engine.submit(Unregister(account_id=pair.a.id))
    assert (await pair.anna.wait(CallFinished, lambda f: f.call_id == call)).end.cause is EndCause.LOCAL
    await pair.anna.wait(RegistrationReported, in_state(RegistrationState.OFFLINE))
    await pair.ben.wait(CallFinished, lambda f: f.call_id == theirs)
    assert "2001" not in pair.pbx.contacts
    await pair.anna.registered(pair.a, "one")
    await pair.ring()


async def test_calls_beyond_what_the_library_can_hold_are_refused_and_the_others_live(pair):
    calls = [pair.anna.place(pair.a, "2002") for _ in range(6)]
    for call in calls[4:]:
        end = await pair.anna.wait(CallFinished, lambda f, c=call: f.call_id == c)
        assert "too many calls" in end.end.failure.detail
    for call in calls[:4]:
        pair.anna.engine.submit(HangUp(call_id=call))
        await pair.anna.wait(CallFinished, lambda f, c=call: f.call_id == c)
    call, _ = await pair.ring()
    pair.anna.engine.submit(HangUp(call_id=call))
    await pair.anna.wait(CallFinished, lambda f: f.call_id == call)


@pytest.mark.parametrize(
    "options",
    [
        {"target": "not a number!"},
        {"target": ""},
        {"target": "600", "headers": (Header(name="X-A", value="1\r\nVia: x"),)},
        {"target": "600", "headers": (Header(name="Via", value="x"),)},
    ],
    ids=["words", "nothing", "injection", "reserved"],
)
async def test_a_call_that_can_t_be_placed_ends_with_the_reason(pair, options):
    call = pair.anna.place(pair.a, **options)
    end = await pair.anna.wait(CallFinished, lambda f: f.call_id == call)
    assert end.end.cause is EndCause.FAILED
    assert end.end.failure.detail


async def test_extra_headers_reach_the_wire(pair):
    pair.anna.place(pair.a, "2002", headers=(Header(name="X-Ticket", value="4711"),))
    await pair.ben.wait(CallArrived)
    invite = next(request for request in pair.pbx.requests if request.startswith("INVITE"))
    assert headers(invite, "x-ticket") == ["4711"]


async def test_commands_for_calls_that_are_gone_are_refused(phone):
    phone.engine.submit(HangUp(call_id=CallId("never was")))
    refused = await phone.wait(CommandRefused)
    assert (refused.command, refused.call_id) == ("HangUp", "never was")
    phone.engine.submit(PlaceCall(call_id=CallId("x"), account_id=account("1", "h", 1, Transport.UDP).id, target="6"))
    refused = await phone.wait(CommandRefused, lambda f: f.call_id == "x")
    assert refused.failure.kind is FailureKind.LINK_LOST
