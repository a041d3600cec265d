"""`Value` does by fields what attrs generates by class."""

import attrs
import pytest
from callmanager.value import Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Sign(Value):
    name: str
    secret: str = attrs.field(default="", repr=False)
    seen: int = attrs.field(default=0, eq=False)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Other(Value):
    name: str


@attrs.frozen(kw_only=True)
class Foreign(Sign):
    """As a third party's own event, which leaves everything to attrs."""

    colour: str = "red"


def test_values_with_equal_fields_are_equal_and_hash_alike() -> None:
    assert Sign(name="a", secret="s") == Sign(name="a", secret="s")
    assert len({Sign(name="a"), Sign(name="a"), Sign(name="b")}) == 2


def test_each_compared_field_counts_and_the_others_do_not() -> None:
    assert Sign(name="a") != Sign(name="b")
    assert Sign(name="a", secret="s") != Sign(name="a", secret="t")
    assert Sign(name="a", seen=1) == Sign(name="a", seen=2)
    assert hash(Sign(name="a", seen=1)) == hash(Sign(name="a", seen=2))


def test_another_kind_with_the_same_fields_is_another_value() -> None:
    assert Sign(name="a") != Other(name="a")
    assert Other(name="a") != "a"


def test_the_text_names_the_fields_and_keeps_what_must_not_be_shown() -> None:
    assert repr(Sign(name="a", secret="hush", seen=1)) == "Sign(name='a', seen=1)"


def test_the_text_is_what_attrs_would_write() -> None:
    made = attrs.make_class("Other", ["name"], frozen=True)
    assert repr(Other(name="a'b")) == repr(made(name="a'b"))


def test_a_subclass_may_leave_it_to_attrs() -> None:
    assert Foreign(name="a") == Foreign(name="a")
    assert Foreign(name="a") != Foreign(name="a", colour="blue")
    assert "colour='red'" in repr(Foreign(name="a"))


def test_a_value_can_be_changed_into_another_only() -> None:
    sign = Sign(name="a")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        sign.name = "b"  # type: ignore[misc]
    assert attrs.evolve(sign, name="b") == Sign(name="b")
    assert not hasattr(sign, "__dict__")
