"""Lost, repeated and foreign messages."""

from __future__ import annotations

import asyncio

from callmanager_demo.office.server import Office
from plugins.demo.raw_phone import RawPhone, wait_until


def finals(phone: RawPhone, method: str) -> list[int]:
    return [m.status for m in phone.seen if getattr(m, "status", 0) >= 200 and m.cseq_method == method]


async def test_a_request_that_comes_again_gets_the_same_answer(office: Office, phone: RawPhone) -> None:
    text = phone.request("REGISTER", "")
    for _ in range(3):
        phone.send(text)
    await wait_until(lambda: len(phone.seen) == 3)
    assert len({message.first("www-authenticate") for message in phone.seen}) == 1


async def test_an_invite_that_comes_again_is_one_call(office: Office, phone: RawPhone) -> None:
    kind = "Content-Type: application/sdp\r\n"
    phone.send(phone.request("INVITE", "6009"))
    challenge = await phone.final("INVITE")
    phone.acknowledge(challenge, "6009")
    signed = phone.authorization(challenge.first("www-authenticate"), "INVITE", "6009")
    text = phone.request("INVITE", "6009", headers=kind + signed, body=phone.sdp())
    for _ in range(4):
        phone.send(text)
    response = await phone.final("INVITE")
    phone.acknowledge(response, "6009")
    phone.send(text)
    phone.send(phone.request("OPTIONS", ""))
    await phone.final("OPTIONS")
    assert len(office.calls) == 1


async def test_an_answer_is_sent_again_until_it_is_acknowledged(office: Office, phone: RawPhone) -> None:
    response = await phone.ask("INVITE", "6009", headers="Content-Type: application/sdp\r\n", body=phone.sdp())
    await wait_until(lambda: finals(phone, "INVITE").count(200) >= 3)
    phone.number, phone.to_tag = "6009", response.to_tag
    phone.acknowledge(response, "6009")
    assert (await phone.within("OPTIONS")).status == 200
    count = len(finals(phone, "INVITE"))
    await asyncio.sleep(2.2)  # longer than this office waits for an ACK, which is 64 times 30 ms
    assert len(office.calls) == 1
    assert len(finals(phone, "INVITE")) == count


async def test_a_refusal_is_sent_again_until_it_is_acknowledged(office: Office, phone: RawPhone) -> None:
    phone.send(phone.request("INVITE", "6004"))
    await wait_until(lambda: finals(phone, "INVITE").count(401) >= 3)


async def test_an_ack_that_names_no_call_is_ignored(office: Office, phone: RawPhone) -> None:
    phone.send(phone.request("ACK", "6009", to_tag="nobody"))
    phone.send(phone.request("OPTIONS", ""))
    assert (await phone.final("OPTIONS")).status == 200
    assert len(phone.seen) == 1


async def test_a_request_within_no_call_is_481(office: Office, phone: RawPhone) -> None:
    for method in ("BYE", "INFO", "INVITE"):
        phone.send(phone.request(method, "6009", to_tag="nobody"))
        assert (await phone.final(method)).status == 481


async def test_a_request_within_a_call_that_is_older_than_the_last_is_refused(office: Office, phone: RawPhone) -> None:
    await phone.call("6009")
    await phone.within("OPTIONS")
    phone.send(phone.request("BYE", "6009", to_tag=phone.to_tag, cseq=1))
    assert (await phone.final("BYE")).status == 500
    assert len(office.calls) == 1


async def test_a_call_ends_once_however_often_bye_comes(office: Office, phone: RawPhone) -> None:
    await phone.call("6009")
    text = phone.request("BYE", "6009", to_tag=phone.to_tag)
    for _ in range(3):
        phone.send(text)
    await wait_until(lambda: finals(phone, "BYE") == [200, 200, 200])
    assert not office.calls


async def test_the_office_calls_back_and_sends_again_what_is_not_answered(office: Office, phone: RawPhone) -> None:
    await phone.register()
    await phone.call("6010")
    invite = await phone.incoming("INVITE")
    assert invite.first("from").startswith('"Daniel Okafor" <sip:2011@127.0.0.1>')
    copies = lambda: [m for m in phone.seen if getattr(m, "method", "") == "INVITE"]  # noqa: E731
    await wait_until(lambda: len(copies()) >= 3)
    phone.reply(invite, 180, "Ringing")
    phone.reply(invite, 200, "OK", body=phone.sdp())
    ack = await phone.incoming("ACK")
    assert ack.cseq == invite.cseq
    phone.reply(invite, 200, "OK", body=phone.sdp())
    assert (await phone.incoming("ACK")).branch != ack.branch
    await wait_until(lambda: len(phone.rtp) >= 20)


async def test_a_refused_call_is_acknowledged_in_its_transaction(office: Office, phone: RawPhone) -> None:
    await phone.register()
    await phone.call("6011")
    invite = await phone.incoming("INVITE")
    assert '"Grace Abara" <sip:5550142@' in invite.first("from")
    phone.reply(invite, 486, "Busy Here")
    ack = await phone.incoming("ACK")
    assert ack.branch == invite.branch
    await phone.hang_up()
    await wait_until(lambda: not office.calls)


async def test_an_unanswered_call_is_cancelled(office: Office, phone: RawPhone) -> None:
    from callmanager_demo.office.speakers import Daniel
    from callmanager_demo.voices import Voices

    await phone.register()
    daniel = Daniel(Voices())
    results: list[bool] = []

    async def ring() -> None:
        results.append(await office.call_phone(daniel.person, daniel.converse, ring_seconds=0.1))

    office.start(ring())
    invite = await phone.incoming("INVITE")
    phone.reply(invite, 180, "Ringing")
    cancel = await phone.incoming("CANCEL")
    assert cancel.branch == invite.branch
    phone.reply(cancel, 200, "OK")
    phone.reply(invite, 487, "Request Terminated")
    assert (await phone.incoming("ACK")).branch == invite.branch
    assert results == [False]


async def test_an_answer_that_crosses_the_cancel_is_hung_up(office: Office, phone: RawPhone) -> None:
    from callmanager_demo.office.speakers import Daniel
    from callmanager_demo.voices import Voices

    await phone.register()
    daniel = Daniel(Voices())

    async def ring() -> None:
        await office.call_phone(daniel.person, daniel.converse, ring_seconds=0.1)

    office.start(ring())
    invite = await phone.incoming("INVITE")
    phone.reply(invite, 180, "Ringing")
    await phone.incoming("CANCEL")
    phone.reply(invite, 200, "OK", body=phone.sdp())
    await phone.incoming("ACK")
    phone.reply(await phone.incoming("BYE"), 200, "OK")


async def test_the_office_does_not_call_an_unregistered_phone(office: Office, phone: RawPhone) -> None:
    from callmanager_demo.office.speakers import Daniel
    from callmanager_demo.voices import Voices

    daniel = Daniel(Voices())
    assert await office.call_phone(daniel.person, daniel.converse) is False
