"""Which number the other side sees: the one in use, a rule's, or the one for this call; never with an emergency call."""

from pathlib import Path

import pytest
from callmanager.api import (
    CallPurpose,
    CallRequest,
    ConnectionSettings,
    Contact,
    DialingSettings,
    Header,
    NoticePosted,
    PhoneNumber,
    PlaceCall,
    SettingsError,
    UserError,
    contact_id,
)
from callmanager.testing import Harness, running
from callmanager_call_control.caller_id.desk import CallerIdDesk
from callmanager_call_control.caller_id.identities import header, identity, read_identities, read_identity
from callmanager_call_control.caller_id.plugin import CallerId
from callmanager_call_control.caller_id.settings import CallerIdSettings, SentName
from hypothesis import given
from hypothesis import strategies as st

NUMBERS = ("Main office <+15550100100>", "Support <+1 555 010 0150>", "London <+442079460000>")


@pytest.fixture
async def phone(tmp_path: Path):
    async with running(tmp_path, plugins={"caller_id": CallerId}) as harness:
        harness.app.settings.update(DialingSettings, country="US")
        harness.app.settings.update(ConnectionSettings, display_name='Ann "A" Lee')
        harness.app.settings.update(CallerIdSettings, numbers=NUMBERS, name=SentName.NONE)
        await harness.connect()
        yield harness


def desk(phone: Harness) -> CallerIdDesk:
    return phone.app.plugins._entries["caller_id"].instance.desk


def sent(phone: Harness, target: str | CallRequest) -> str:
    """The P-Asserted-Identity with which a call there is placed, or an empty text."""
    call_id = phone.app.calls.dial(target)
    phone.engine.finish(call_id)
    headers = phone.engine.sent(PlaceCall)[-1].headers
    assert len(headers) <= 1
    return next((found.value for found in headers if found.name == "P-Asserted-Identity"), "")


MAIN, SUPPORT, LONDON = (f"<sip:{number}@pbx.example.com>" for number in ("+15550100100", "+15550100150", "+442079460000"))


async def test_without_a_choice_the_pbx_decides(phone: Harness) -> None:
    assert sent(phone, "5550100199") == ""


async def test_the_number_in_use_goes_with_every_call_until_another_is_chosen(phone: Harness) -> None:
    desk(phone).choose("Main office")
    assert [sent(phone, target) for target in ("5550100199", "2002", "sip:ann@example.org")] == [MAIN] * 3
    desk(phone).choose("support")  # whatever the case
    assert sent(phone, "5550100199") == SUPPORT
    desk(phone).choose("")
    assert sent(phone, "5550100199") == ""
    with pytest.raises(UserError, match="no caller ID “Berlin”"):
        desk(phone).choose("Berlin")


@pytest.mark.parametrize("target", ["911", "112", "933", "sip:911@pbx.example.com"])
async def test_an_emergency_call_never_has_another_identity(phone: Harness, target: str) -> None:
    desk(phone).choose("Main office")
    desk(phone).choose_next("London")
    phone.app.settings.update(CallerIdSettings, rules=(f"{target} = London", "911 = London"))
    assert sent(phone, target) == ""
    assert desk(phone).next_is_set  # it waits for an ordinary call


@pytest.mark.parametrize("target", ["*97", "*72", "#21#"])
async def test_a_feature_code_goes_out_as_the_extension(phone: Harness, target: str) -> None:
    desk(phone).choose("Main office")
    assert sent(phone, target) == ""


async def test_rules_decide_by_number_and_beginning_whatever_the_notation(phone: Harness) -> None:
    desk(phone).choose("Main office")
    phone.app.settings.update(
        CallerIdSettings, rules=("+44* = London", "(555) 010-0177 = support", "2002 = default", "+49* = Berlin")
    )
    seen = {
        target: sent(phone, target)
        for target in ("01144 20 7946 0123", "+15550100177", "5550100178", "2002", "2003", "+4930123456", "4420")
    }
    assert seen == {
        "01144 20 7946 0123": LONDON,
        "+15550100177": SUPPORT,
        "5550100178": MAIN,
        "2002": "",
        "2003": MAIN,
        "+4930123456": MAIN,  # its label is gone
        "4420": MAIN,  # an extension, not London
    }


async def test_the_choice_for_one_call_goes_before_rules_and_is_used_once(phone: Harness) -> None:
    desk(phone).choose("Main office")
    phone.app.settings.update(CallerIdSettings, rules=("+44* = London",))
    desk(phone).choose_next("Support")
    assert [sent(phone, "+442079460123") for _ in range(2)] == [SUPPORT, LONDON]
    desk(phone).choose_next("")
    assert [sent(phone, "5550100199") for _ in range(2)] == ["", MAIN]
    desk(phone).choose_next("Support")
    desk(phone).forget_next()
    assert sent(phone, "5550100199") == MAIN


async def test_a_transfer_in_the_background_does_not_use_up_the_choice_for_the_next_call(phone: Harness) -> None:
    desk(phone).choose("Main office")
    desk(phone).choose_next("Support")
    assert sent(phone, CallRequest(target="5550100199", purpose=CallPurpose.TRANSFER)) == MAIN
    assert sent(phone, "5550100199") == SUPPORT


async def test_colleagues_see_the_extension_where_the_user_wants_that(phone: Harness) -> None:
    desk(phone).choose("Main office")
    phone.app.settings.update(CallerIdSettings, internal=False)
    assert (sent(phone, "2002"), sent(phone, "5550100199")) == ("", MAIN)


async def test_an_identity_that_somebody_else_has_set_stays(phone: Harness) -> None:
    desk(phone).choose("Main office")
    own = Header(name="P-Asserted-Identity", value="<sip:77@pbx.example.com>")
    assert sent(phone, CallRequest(target="2002", headers=(own,))) == own.value


@pytest.mark.parametrize(
    ("name", "expected"),
    [(SentName.OWN, '"Ann \\"A\\" Lee" '), (SentName.LABEL, '"Main office" '), (SentName.NONE, "")],
)
async def test_the_name_beside_the_number_is_the_users_choice(phone: Harness, name: SentName, expected: str) -> None:
    phone.app.settings.update(CallerIdSettings, name=name)
    desk(phone).choose("Main office")
    assert sent(phone, "2002") == f"{expected}{MAIN}"


async def test_numbers_are_added_and_removed_and_undo_brings_them_and_the_choice_back(phone: Harness) -> None:
    desk(phone).add("Berlin", "+49 30 123456")
    desk(phone).choose("Berlin")
    assert sent(phone, "2002") == "<sip:+4930123456@pbx.example.com>"
    desk(phone).remove(("Berlin", "London"))
    assert [one.label for one in desk(phone).identities] == ["Main office", "Support"]
    assert sent(phone, "2002") == ""
    notice = phone.published(NoticePosted)[-1].notice
    assert notice.text == "2 numbers are no caller ID any more."
    await notice.action.run()
    assert [one.label for one in desk(phone).identities] == ["Main office", "Support", "London", "Berlin"]
    assert sent(phone, "2002") == "<sip:+4930123456@pbx.example.com>"


@pytest.mark.parametrize(
    ("label", "number", "words"),
    [
        ("", "+15550100111", "label is missing"),
        ("Main OFFICE", "+15550100111", "already"),
        ("default", "+15550100111", "extension's own"),
        ("a <b>", "+15550100111", "none of the signs"),
        ("New", "911", "can't be|not a number that can be shown"),
        ("New", "sip:ann@example.org", "not a number that can be shown"),
        ("New", "abc", "not a number"),
    ],
)
async def test_what_can_be_no_caller_id_is_said(phone: Harness, label: str, number: str, words: str) -> None:
    import re

    assert re.search(words, desk(phone).complaint(label, number))
    with pytest.raises(UserError):
        desk(phone).add(label, number)


@pytest.mark.parametrize("line", ["+15550100100", "Main <x>", "<+15550100100>", "Main <+15550100100> x"])
async def test_a_wrong_line_of_a_settings_file_is_named(phone: Harness, line: str) -> None:
    with pytest.raises(SettingsError, match=r"caller_id\.numbers"):
        phone.app.settings.update(CallerIdSettings, numbers=(NUMBERS[0], line))


@pytest.mark.parametrize("line", ["+44*", "= London", "+44* =", "+1* = London", "hello world = London"])
async def test_a_wrong_rule_is_named(phone: Harness, line: str) -> None:
    with pytest.raises(SettingsError, match=r"caller_id\.rules"):
        phone.app.settings.update(CallerIdSettings, rules=("2002 = default", line))


async def test_what_the_site_locks_stays_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "site.toml").write_text(
        '[caller_id]\nnumbers = ["Main office <+15550100100>"]\nactive = "Main office"\n[lock]\nkeys = ["caller_id.*"]\n',
        encoding="utf-8",
    )
    async with running(tmp_path, plugins={"caller_id": CallerId}) as phone:
        await phone.connect()
        assert sent(phone, "2002") == MAIN
        for change in (
            lambda: desk(phone).choose(""),
            lambda: desk(phone).add("New", "+15550100111"),
            lambda: desk(phone).remove(("Main office",)),
        ):
            with pytest.raises(UserError) as refused:
                change()
            assert "administrator" in refused.value.hint


async def test_the_choice_is_remembered(tmp_path: Path) -> None:
    async with running(tmp_path, plugins={"caller_id": CallerId}) as phone:
        phone.app.settings.update(CallerIdSettings, numbers=NUMBERS)
        desk(phone).choose("London")
    async with running(tmp_path, plugins={"caller_id": CallerId}) as phone:
        assert desk(phone).active == identity("London", "+442079460000")


async def test_the_palette_offers_each_number_for_good_and_for_one_call(phone: Harness) -> None:
    commands = {owned.value.title: owned.value for owned in phone.app.palette_commands()}
    assert list(commands)[:2] == ["Call as Main office (next call only)", "Call as Support (next call only)"]
    await commands["Caller ID: Main office"].run()
    await commands["Call as London (next call only)"].run()
    assert [sent(phone, "5550100199") for _ in range(2)] == [LONDON, MAIN]
    await commands["Caller ID: the extension's own number"].run()
    assert sent(phone, "5550100199") == ""
    phone.app.settings.update(CallerIdSettings, numbers=())
    assert (phone.app.palette_commands(), phone.app.contact_actions()) == ([], [])


async def test_a_contact_is_always_called_as_now_until_that_is_taken_back(phone: Harness) -> None:
    contact = Contact(
        id=contact_id("crm", "1"), source_id="crm", name="Dana", extension="2040",
        numbers=(PhoneNumber(number="555-010-0199"), PhoneNumber(number="+1 555 010 0198")),
    )  # fmt: skip
    desk(phone).choose("Support")
    always, forget = [owned.value for owned in phone.app.contact_actions()]
    assert (always.label, always.available(contact), forget.available(contact)) == ("Always call as Support", True, False)
    await always.run(contact)
    desk(phone).choose("Main office")
    assert [sent(phone, number) for number in ("2040", "5550100199", "15550100198", "5550100197")] == [*[SUPPORT] * 3, MAIN]
    assert (always.available(contact), forget.available(contact)) == (False, True)
    await forget.run(contact)
    assert sent(phone, "2040") == MAIN
    await phone.published(NoticePosted)[-1].notice.action.run()
    assert sent(phone, "2040") == SUPPORT
    phone.app.settings.update(CallerIdSettings, rules=("+1555* = London",))
    with pytest.raises(UserError, match="more than this contact"):
        await forget.run(contact)


async def test_the_label_of_the_called_number_is_on_pop_and_card(phone: Harness) -> None:
    (card,) = [owned.value for owned in phone.app.caller_cards()]
    calls = [
        phone.app.calls.get(phone.engine.arrive("2002", called=called)) for called in ("5550100150", "15550100150", "2001", "")
    ]
    found = [await card.look_up(call) for call in calls]
    assert [details and details.lines for details in found] == [*[(("Line", "Support"),)] * 2, None, None]


@given(label=st.text(max_size=60), number=st.text("+0123456789()- .", max_size=30))
def test_what_can_be_read_comes_back_as_it_was_and_fits_into_one_header(label: str, number: str) -> None:
    try:
        made = identity(label, number)
    except UserError:
        return
    assert read_identity(made.line) == made
    assert read_identities((made.line, made.line)) == (made,)
    from callmanager.api import Account, AccountId, Transport
    from callmanager_sip_engine.sip.translate import checked_header, party_of

    account = Account(
        id=AccountId("a"), extension="2001", server="pbx.example.com", port=8089, transport=Transport.WSS, display_name=""
    )
    value = checked_header(header(made, account=account, name=label)).value
    assert party_of(value).number == made.number
