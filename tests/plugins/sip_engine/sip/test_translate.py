"""SIP text into values and back."""

import pytest
from callmanager.api import Account, AccountId, FailureKind, Header, Party, Transport
from callmanager_sip_engine.sip import translate
from callmanager_sip_engine.sip.translate import BadTarget
from hypothesis import given
from hypothesis import strategies as st


def account(**changes):
    usual = {"id": AccountId("a"), "extension": "2001", "server": "pbx.example.com", "port": 5060, "transport": Transport.UDP}
    return Account(**(usual | changes))


@pytest.mark.parametrize(
    ("value", "party"),
    [
        ('"Anna Lind" <sip:2001@h>;tag=1', Party(number="2001", name="Anna Lind", uri="sip:2001@h")),
        ("Anna <sip:2001@h:5060;user=phone>", Party(number="2001", name="Anna", uri="sip:2001@h:5060")),
        ("<sips:+4930@h>", Party(number="+4930", uri="sips:+4930@h")),
        ("sip:2001@h;tag=5", Party(number="2001", uri="sip:2001@h")),
        (r'"He said \"hi\"" <sip:1@h>', Party(number="1", name='He said "hi"', uri="sip:1@h")),
        ("<sip:%2A97@h>", Party(number="*97", uri="sip:%2A97@h")),
        ("<sip:h>", Party(number="", uri="sip:h")),
        ("<tel:+123;phone-context=x>", Party(number="+123", uri="tel:+123;phone-context=x")),
        ('"Evil\u202egnirts\r\nX: y\0" <sip:1@h>', Party(number="1", name="Evilgnirts X: y", uri="sip:1@h")),
        ("", Party(number="")),
    ],
)
def test_parties_are_read_from_headers(value, party):
    assert translate.party_of(value) == party


@given(st.text(max_size=400))
def test_no_header_value_breaks_the_reading_and_texts_are_one_bounded_line(value):
    party = translate.party_of(value)
    for text in (party.name, party.number, party.uri):
        assert len(text) <= 256
        assert text.isprintable() or not text or all(c == " " or c.isprintable() or ord(c) > 0x7F for c in text)
        assert "\n" not in text


@pytest.mark.parametrize(
    ("target", "uri"),
    [
        ("600", "sip:600@pbx.example.com:5060"),
        ("+49 (30) 123-456", "sip:+4930123456@pbx.example.com:5060"),
        ("*97", "sip:*97@pbx.example.com:5060"),
        ("#1", "sip:%231@pbx.example.com:5060"),
        ("sip:anna@example.org", "sip:anna@example.org"),
        ("SIP:anna@example.org:5080;transport=tcp", "sip:anna@example.org:5080;transport=tcp"),
        ("anna@example.org", "sip:anna@example.org"),
        ("anna", "sip:anna@pbx.example.com:5060"),
    ],
)
def test_what_people_dial_becomes_a_request_uri(target, uri):
    assert translate.dial_uri(target, account()) == uri


@pytest.mark.parametrize(
    "target",
    [
        "",
        "  ",
        "a b",
        "60\r\nX: y",
        "sip:",
        "sip:a@b?Replaces=1",
        "sip:a@b>\r\nX:",
        "<sip:a@b>",
        "6" * 600,
        "6\x00",
        "a;b@c d",
        "ü",
    ],
)
def test_what_is_no_target_is_refused(target):
    with pytest.raises(BadTarget):
        translate.dial_uri(target, account())


def test_the_port_shows_where_no_edge_finds_the_way():
    assert translate.registrar_uri(account(transport=Transport.WSS, port=8089)) == "sip:pbx.example.com"
    assert translate.registrar_uri(account(transport=Transport.TCP)) == "sip:pbx.example.com:5060;transport=tcp"
    assert translate.registrar_uri(account(server="2001:db8::1", transport=Transport.TLS)) == "sip:[2001:db8::1]"


def test_our_own_address_is_quoted():
    ours = account(display_name='A "B" \\ C\r\n', sip_user="T2 #1@x")
    assert translate.address_of_record(ours) == '"A \\"B\\" \\\\ C" <sip:T2%20%231%40x@pbx.example.com>'


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (486, FailureKind.BUSY),
        (600, FailureKind.BUSY),
        (603, FailureKind.DECLINED),
        (480, FailureKind.UNAVAILABLE),
        (404, FailureKind.NOT_FOUND),
        (488, FailureKind.NOT_ACCEPTABLE),
        (403, FailureKind.FORBIDDEN),
        (401, FailureKind.PASSWORD),
        (500, FailureKind.SERVER),
        (503, FailureKind.SERVER),
        (420, FailureKind.UNKNOWN),
    ],
)
def test_a_refused_call_has_a_cause(code, kind):
    failure = translate.call_failure(code, "Some\r\nReason")
    assert (failure.kind, failure.sip_code, failure.detail) == (kind, code, f"{code} Some Reason")


def test_forbidden_is_a_wrong_password_when_registering():
    assert translate.register_failure(403, "Forbidden").kind is FailureKind.PASSWORD


MESSAGE = (
    'INVITE sip:2001@h SIP/2.0\r\nf: "A" <sip:1@h>;tag=x\r\nTo:\r\n <sip:2001@h>\r\n'
    "{extra}Content-Length: 0\r\n\r\nP-Asserted-Identity: <sip:body@h>\r\n"
)


def test_headers_are_found_by_compact_name_unfolded_and_not_in_the_body():
    message = MESSAGE.format(extra="")
    assert list(translate.header_values(message, "From")) == ['"A" <sip:1@h>;tag=x']
    assert translate.called_number(message) == "2001"
    assert translate.asserted_party(message) is None


def test_the_line_that_the_pbx_names_goes_before_the_address_it_was_sent_to():
    message = MESSAGE.format(extra='P-Called-Party-ID: "Support" <sip:+15550100150@h>\r\n')
    assert translate.called_number(message) == "+15550100150"
    assert translate.called_number(MESSAGE.format(extra="P-Called-Party-ID: <sip:h>\r\n")) == "2001"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("Call-Info: <sip:pbx>;answer-after=0", 0.0),
        ("Call-Info: <http://pbx/me.png>;purpose=icon\r\nCall-Info: <sip:pbx>; answer-after = 5", 5.0),
        ("Alert-Info: ;answer-after=2", 2.0),
        ("alert-info: <http://127.0.0.1>;info=alert-autoanswer;delay=3", 3.0),
        ("Alert-Info: <http://127.0.0.1>;info=alert-autoanswer", 0.0),
        ("Answer-Mode: Auto;require", 0.0),
        ("Answer-Mode: Manual", None),
        ("Alert-Info: <http://pbx/answer-after=0>", None),
        ("Call-Info: <sip:pbx>;answer-after=soon", None),
        ("Call-Info: <sip:pbx>;answer-after=99999", None),
        ("Call-Info: <sip:pbx>;answer-after=-1", None),
        ("Alert-Info: <http://127.0.0.1/Bellcore-dr3>;info=alert-external", None),
        ("Subject: ;answer-after=0", None),
    ],
)
def test_the_wish_to_be_answered_at_once_is_read_in_the_ways_in_which_it_is_sent(header, seconds):
    assert translate.answer_after(MESSAGE.format(extra=f"{header}\r\n")) == seconds


def test_the_asserted_identity_goes_before_the_remote_party():
    message = MESSAGE.format(extra='Remote-Party-ID: <sip:3@h>\r\nP-Asserted-Identity: "Boss" <sip:2@h>\r\n')
    assert translate.asserted_party(message) == Party(number="2", name="Boss", uri="sip:2@h")


@pytest.mark.parametrize(
    ("reason", "elsewhere"),
    [
        ('SIP;cause=200;text="Call completed elsewhere"', True),
        ("SIP ; cause=200", True),
        ("Q.850;cause=26", True),
        ("Q.850;cause=16", False),
        ("SIP;cause=2000", False),
        ("", False),
    ],
)
def test_answered_elsewhere_is_told_by_the_reason_header(reason, elsewhere):
    assert translate.answered_elsewhere(MESSAGE.format(extra=f"Reason: {reason}\r\n")) is elsewhere


@pytest.mark.parametrize(
    "header",
    [
        Header(name="X-A", value="1\r\nVia: x"),
        Header(name="X A", value="1"),
        Header(name="Via", value="x"),
        Header(name="authorization", value="x"),
        Header(name="X", value="\0"),
        Header(name="X", value="y" * 2000),
        Header(name="", value="x"),
    ],
    ids=lambda h: repr(h.name),
)
def test_a_header_that_would_break_the_message_is_refused(header):
    with pytest.raises(ValueError, match="header"):
        translate.checked_header(header)


def test_a_plain_extra_header_passes():
    header = Header(name="X-Ticket", value="4711")
    assert translate.checked_header(header) is header
