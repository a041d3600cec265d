"""What a plugin may say it needs, and how it is put into words."""

import attrs
import pytest
from callmanager.api import Permission, Permissions


def test_every_permission_is_a_field_and_has_words() -> None:
    assert [field.name for field in attrs.fields(Permissions)] == [permission.value for permission in Permission]
    everything = Permissions(network=("*",), **{one.value: True for one in Permission if one is not Permission.NETWORK})
    assert everything.all() == tuple(Permission)
    assert all(everything.words(permission)[0].isupper() for permission in Permission)


def test_nothing_is_needed_by_default() -> None:
    assert Permissions().all() == ()
    assert not Permissions().has(Permission.NETWORK)


@pytest.mark.parametrize(
    "host", ["api.example.com", "*.example.com", "127.0.0.1", "::1", "2001:DB8::1", "localhost", "*", "@pbx", "bücher.example"]
)
def test_a_host_can_be_named_in_every_usual_way(host: str) -> None:
    assert Permissions(network=[host]).network == (host.lower(),)


@pytest.mark.parametrize(
    "host", ["https://api.example.com", "example.com:443", "a/b", "*.", "a*b", "", 7, "x" * 300, "a b", "a@b"]
)
def test_what_is_not_a_host_is_refused_with_its_name(host: object) -> None:
    with pytest.raises(ValueError, match="is not a host"):
        Permissions(network=(host,))  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"network": "api.example.com"}, {"contacts": 1}, {"secrets": "yes"}, {"network": {"a"}}])
def test_wrong_kinds_are_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match=f"the permission {next(iter(wrong))}"):
        Permissions(**wrong)


def test_the_network_is_told_with_its_hosts() -> None:
    words = Permissions(network=("api.example.com", "@pbx")).words(Permission.NETWORK)
    assert words == "Use the network: api.example.com, your PBX"
    assert Permissions(network=("a.example", "*")).words(Permission.NETWORK) == "Use the network: any host"


def test_the_http_client_gets_the_name_of_the_pbx_or_no_bound_at_all() -> None:
    assert Permissions(network=("a.example", "@pbx")).hosts(pbx="pbx.example.com") == ("a.example", "pbx.example.com")
    assert Permissions(network=("a.example", "@pbx")).hosts(pbx="") == ("a.example",)
    assert Permissions(network=("*",)).hosts(pbx="pbx.example.com") is None
    assert Permissions().hosts(pbx="pbx.example.com") == ()
