"""The patterns of hosts that a plugin declares."""

import pytest
from callmanager.errors import HostNotAllowed
from callmanager.http.hosts import AllowedHosts
from hypothesis import given
from hypothesis import strategies as st


def allowed(host: str, *patterns: str) -> bool:
    try:
        AllowedHosts(patterns=patterns, owner="crm").check(host)
    except HostNotAllowed:
        return False
    return True


@pytest.mark.parametrize(
    ("host", "pattern"),
    [
        ("api.example.com", "api.example.com"),
        ("API.example.com.", "api.Example.com"),
        ("a.b.example.com", "*.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:db8::1]", "2001:DB8:0::1"),
    ],
)
def test_a_host_that_fits(host: str, pattern: str) -> None:
    assert allowed(host, pattern)


@pytest.mark.parametrize(
    ("host", "pattern"),
    [
        ("example.com", "*.example.com"),
        ("notexample.com", "*.example.com"),
        (".example.com", "*.example.com"),
        ("example.com.evil.test", "example.com"),
        ("", "example.com"),
        ("192.0.2.10", "192.0.2.1"),
    ],
)
def test_a_host_that_does_not_fit(host: str, pattern: str) -> None:
    assert not allowed(host, pattern)


@pytest.mark.parametrize(
    "pattern", ["", "*", "*.", "a*.example.com", "*.*.com", "https://a.test", "a.test:8443", "a.test/x", "u@a", "a b"]
)
def test_a_pattern_that_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="is not a host"):
        AllowedHosts(patterns=(pattern,), owner="crm")


@given(st.text(alphabet=st.sampled_from("abcxyz.-*@:/[]%ü\u3002\u0130"), max_size=30))
def test_whatever_is_asked_only_names_below_the_pattern_pass(host: str) -> None:
    if allowed(host, "*.example.com"):
        assert host.lower().rstrip(".").endswith(".example.com")
