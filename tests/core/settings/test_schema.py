"""The schemas are valid draft 2020-12, accept what the program writes, and refuse what it refuses for its type."""

import json
from enum import Enum
from pathlib import Path
from typing import Any

import attrs
import pytest
from callmanager.api import FieldKind, setting
from callmanager.app import CORE_SECTIONS
from callmanager.settings.converter import Complaint, SettingsConverter, fields_of
from callmanager.settings.describing import Section
from callmanager.settings.reference import EXAMPLE
from callmanager.settings.schema import DIALECT, site_schema, user_schema
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@attrs.frozen(kw_only=True)
class Everything:
    flag: bool = setting(True, label="Flag")
    count: int = setting(3, label="Count", minimum=1, maximum=5)
    ratio: float = setting(0.5, label="Ratio", minimum=0.0)
    text: str = setting("", label="Text")
    maybe: str | None = setting(None, label="Maybe")
    number: int | None = setting(None, label="Number", minimum=0)
    colour: Colour = setting(Colour.RED, label="Colour")
    shown: Colour = setting(Colour.RED, label="Shown", choices={Colour.RED: "Red"})
    theme: str = setting("dark", label="Theme", choices={"dark": "Dark", "light": "Light"})
    file: Path | None = setting(None, label="File", kind=FieldKind.FILE)
    lines: tuple[str, ...] = setting((), label="Lines", kind=FieldKind.LINES)
    token: str = setting("", label="Token", secret=True)


SECTIONS = [
    *(Section(id=section.id, title=section.title, model=section.model) for section in CORE_SECTIONS),
    Section(id="everything", title="Everything", model=Everything, owner="everything"),
]
USER, SITE = user_schema(SECTIONS), site_schema(SECTIONS)


@pytest.mark.parametrize("schema", [USER, SITE])
def test_a_schema_is_valid_and_plain_json(schema: dict) -> None:
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == DIALECT
    assert json.loads(json.dumps(schema)) == schema


def fits(schema: dict, section: str, key: str, value: object) -> bool:
    return Draft202012Validator(schema).is_valid({section: {key: value}})


RAW = (
    st.booleans()
    | st.integers(-3, 9)
    | st.floats(-1, 6)
    | st.sampled_from(["", "dark", "pink", "red", "blue", "a\nb", "@keystore", "x" * 5000])
    | st.lists(st.text(max_size=3), max_size=3)
    | st.lists(st.integers(), max_size=2)
)


@pytest.mark.parametrize("name", [name for name, field in fields_of(Everything).items() if not field.info.secret])
@given(raw=RAW)
def test_what_the_program_writes_is_accepted_and_what_has_the_wrong_type_is_not(name: str, raw: object) -> None:
    converter, field = SettingsConverter(), fields_of(Everything)[name]
    try:
        value = converter.field(field, raw)
    except Complaint:
        # the one value that a JSON Schema can't tell from a whole number
        assert not fits(USER, "everything", name, raw) or (isinstance(raw, float) and raw.is_integer())
    else:
        assert fits(USER, "everything", name, converter.plain(value))
        assert fits(SITE, "everything", name, converter.plain(value))


def test_defaults_are_accepted() -> None:
    for section in SECTIONS:
        for name, field in fields_of(section.model).items():
            if not field.info.secret:
                assert fits(SITE, section.id, name, SettingsConverter().plain(field.default)), name


@pytest.mark.parametrize("value", ["hunter2", "", "@keystore"])
def test_a_site_file_holds_no_secret_and_a_user_file_only_the_remark(value: str) -> None:
    assert not fits(SITE, "connection", "password", value)
    assert fits(USER, "connection", "password", value) == (value != "hunter2")


@pytest.mark.parametrize(
    ("document", "valid"),
    [
        ({"connection": {"sever": "x"}}, False),
        ({"acme_crm": {"anything": 1}}, True),
        ({"server": "x"}, False),
        ({"lock": {"keys": ["connection.server", "audio.*"]}}, True),
        ({"lock": {"keys": ["server"]}}, False),
        ({"hide": {"key": []}}, False),
        ({"plugins": {"refused": ["demo"], "default": "disabled", "allow_third_party": ["acme"]}}, True),
        ({"plugins": {"allow_third_party": 1}}, False),
        ({"plugins": {"default": "of"}}, False),
        ({"plugins": {"permissions": {"crm": {"network": ["x"]}}}}, True),
        ({"plugins": {"permissions": {"crm": True}}}, False),
        ({"plugins": {"refuse": []}}, False),
    ],
)
def test_the_schema_of_the_site_knows_policy_and_rules(document: dict[str, Any], valid: bool) -> None:
    assert Draft202012Validator(SITE).is_valid(document) is valid


def test_the_example_fits_the_schema() -> None:
    import tomllib

    Draft202012Validator(SITE).validate(tomllib.loads(EXAMPLE.read_text(encoding="utf-8")))
