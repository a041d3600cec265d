"""Digest answers against the examples of the RFCs."""

import re

import pytest
from callmanager_sip_engine.sip.digest import Challenge, answer, challenge_in
from hypothesis import given
from hypothesis import strategies as st


def response_of(header):
    return re.search(r'response="([0-9a-f]+)"', header.value)[1]


def test_the_example_of_rfc_2617_section_3_5():
    challenge = Challenge(
        realm="testrealm@host.com",
        nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",
        qop=True,
        opaque="5ccc069c403ebaf9f0171e9517f40e41",
    )
    header = answer(
        challenge, user="Mufasa", password="Circle Of Life", method="GET", uri="/dir/index.html", client_nonce="0a4f113b"
    )
    assert response_of(header) == "6629fae49393a05397450978507c4ef1"
    assert header.name == "Authorization"
    assert 'opaque="5ccc069c403ebaf9f0171e9517f40e41"' in header.value


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
    ],
)
def test_the_example_of_rfc_7616_section_3_9_1(algorithm, response):
    challenge = Challenge(
        realm="http-auth@example.org", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", algorithm=algorithm, qop=True
    )
    header = answer(
        challenge,
        user="Mufasa",
        password="Circle of Life",
        method="GET",
        uri="/dir/index.html",
        client_nonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    assert response_of(header) == response


def message(*lines):
    return "SIP/2.0 401 Unauthorized\r\n" + "".join(f"{line}\r\n" for line in lines) + "\r\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            'WWW-Authenticate: Digest realm="asterisk",nonce="x/=",algorithm=MD5,qop="auth"',
            {"realm": "asterisk", "nonce": "x/=", "qop": True},
        ),
        (
            'Proxy-Authenticate: DIGEST nonce="n", Realm = "a \\"b\\"", stale=TRUE',
            {"realm": 'a "b"', "nonce": "n", "stale": True, "proxy": True},
        ),
        (
            'WWW-Authenticate: Digest realm="r", nonce="n", opaque="", algorithm=sha-256',
            {"realm": "r", "nonce": "n", "opaque": "", "algorithm": "SHA-256"},
        ),
    ],
)
def test_challenges_are_read(line, expected):
    assert challenge_in(message(line)) == Challenge(**expected)


@pytest.mark.parametrize(
    "line",
    [
        "WWW-Authenticate: Basic realm=x",
        'WWW-Authenticate: Digest nonce="n"',
        'WWW-Authenticate: Digest realm="r"',
        'WWW-Authenticate: Digest realm="r", nonce="n", algorithm=SHA-512-256',
        'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth-int"',
        'WWW-Authenticate: Digest realm="r\x01", nonce="n"',
        "X: y",
    ],
)
def test_what_can_t_be_answered_is_no_challenge(line):
    assert challenge_in(message(line)) is None


def test_of_two_challenges_the_stronger_is_answered():
    weak, strong = (
        'WWW-Authenticate: Digest realm="r", nonce="{}", algorithm={}'.format(*pair)
        for pair in (("1", "MD5"), ("2", "SHA-256"))
    )
    assert challenge_in(message(weak, strong)).nonce == "2"


@given(st.text(max_size=200))
def test_no_challenge_text_breaks_the_answer_s_line(text):
    challenge = challenge_in(
        message(f'WWW-Authenticate: Digest realm="r", nonce="n", opaque="{text}"', f"WWW-Authenticate: {text}")
    )
    if challenge is not None:
        header = answer(challenge, user='u"x', password="p", method="REGISTER", uri="sip:h")
        assert header.value.isprintable()
        assert header.value.count("\r") == header.value.count("\n") == 0
