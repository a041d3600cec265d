from __future__ import annotations

import pytest
from callmanager_demo.office.server import Office
from plugins.demo.raw_phone import PASSWORD, RawPhone, raw_phone


async def test_the_right_password_registers(office: Office, phone: RawPhone) -> None:
    response = await phone.register()
    assert response.status == 200
    assert response.all("contact") == (f"<sip:2001@127.0.0.1:{phone.port}>;expires=60",)
    assert [binding.contact for binding in office.registrar.bindings] == [f"sip:2001@127.0.0.1:{phone.port}"]


async def test_a_wrong_password_is_challenged_again_and_binds_nothing(office: Office, phone: RawPhone) -> None:
    response = await phone.register(password="wrong")
    assert response.status == 401
    assert response.first("www-authenticate").startswith("Digest ")
    assert "stale" not in response.first("www-authenticate")
    assert office.registrar.bindings == ()


async def test_credentials_are_good_for_one_request_only(office: Office, phone: RawPhone) -> None:
    phone.send(phone.request("REGISTER", ""))
    challenge = (await phone.final("REGISTER")).first("www-authenticate")
    signed = phone.authorization(challenge, "REGISTER", "")
    phone.send(phone.request("REGISTER", "", headers=signed))
    assert (await phone.final("REGISTER")).status == 200
    phone.send(phone.request("REGISTER", "", headers=signed))
    replayed = await phone.final("REGISTER")
    assert replayed.status == 401
    assert "stale=true" in replayed.first("www-authenticate")


async def test_a_phone_may_use_a_nonce_again_with_a_higher_count(office: Office, phone: RawPhone) -> None:
    phone.send(phone.request("REGISTER", ""))
    challenge = (await phone.final("REGISTER")).first("www-authenticate")
    for count in (1, 2, 3):
        phone.send(phone.request("REGISTER", "", headers=phone.authorization(challenge, "REGISTER", "", count=count)))
        assert (await phone.final("REGISTER")).status == 200


async def test_credentials_for_another_method_are_refused(office: Office, phone: RawPhone) -> None:
    phone.send(phone.request("REGISTER", ""))
    challenge = (await phone.final("REGISTER")).first("www-authenticate")
    phone.send(phone.request("REGISTER", "", headers=phone.authorization(challenge, "INVITE", "")))
    assert (await phone.final("REGISTER")).status == 401


async def test_unregistering_leaves_nothing_behind(office: Office, phone: RawPhone) -> None:
    await phone.register()
    response = await phone.register(expires=0)
    assert response.status == 200
    assert response.all("contact") == ()
    assert office.registrar.bindings == ()
    await office.wait_unregistered()


async def test_an_interval_that_would_flood_us_is_refused(office: Office, phone: RawPhone) -> None:
    response = await phone.register(expires=5)
    assert response.status == 423
    assert response.first("min-expires") == "10"


async def test_calls_go_to_the_phone_that_registered_last(office: Office, phone: RawPhone) -> None:
    await phone.register()
    async with raw_phone(office.port) as second:
        await second.register()
        assert office.registrar.bindings[0].contact == f"sip:2001@127.0.0.1:{second.port}"
        assert len(office.registrar.bindings) == 2


@pytest.mark.parametrize("method", ["SUBSCRIBE", "MESSAGE", "PUBLISH", "REFER"])
async def test_what_the_office_does_not_do_is_said_with_what_it_does(office: Office, phone: RawPhone, method: str) -> None:
    phone.send(phone.request(method, "6000"))
    response = await phone.final(method)
    assert response.status == 405
    assert "INVITE" in response.first("allow")


async def test_options_are_answered_without_a_password(office: Office, phone: RawPhone) -> None:
    phone.send(phone.request("OPTIONS", ""))
    assert (await phone.final("OPTIONS")).status == 200


async def test_an_unknown_extension_of_the_protocol_is_named(office: Office, phone: RawPhone) -> None:
    phone.send(phone.request("INVITE", "6000", headers="Require: 100rel, magic\r\n"))
    response = await phone.final("INVITE")
    assert response.status == 420
    assert response.first("unsupported") == "100rel, magic"


def test_the_password_does_not_show_in_a_representation() -> None:
    from callmanager_demo.office.server import Credentials

    assert PASSWORD not in repr(Credentials(user="2001", password=PASSWORD))
