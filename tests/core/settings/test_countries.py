"""The country is the computer's unless somebody says otherwise."""

import pytest
from callmanager.settings.core_sections import DialingSettings
from callmanager.settings.countries import FALLBACK, countries, system_country
from callmanager.settings.fields import setting_info


@pytest.mark.parametrize(
    ("names", "country"),
    [
        ({"LC_ALL": "de_DE.UTF-8"}, "DE"),
        ({"LC_TELEPHONE": "fr_CA", "LANG": "en_US.UTF-8"}, "CA"),
        ({"LANG": "sr_Latn_RS@euro"}, "RS"),
        ({"LANG": "en-GB"}, "GB"),
        ({"LANG": "C.UTF-8"}, FALLBACK),
        ({"LANG": "POSIX"}, FALLBACK),
        ({}, FALLBACK),
    ],
)
@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows says it in another way")
def test_the_country_is_read_from_the_locale(monkeypatch: pytest.MonkeyPatch, names: dict[str, str], country: str) -> None:
    for name in ("LC_ALL", "LC_TELEPHONE", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    assert system_country() == country


def test_all_countries_have_a_code_and_a_name_in_order() -> None:
    table = countries()
    assert len(table) == 249
    assert all(len(code) == 2 and code.isupper() and name for code, name in table.items())
    assert table["CI"] == "Côte d'Ivoire"
    assert list(table.values()) == sorted(table.values())


def test_the_number_library_knows_every_country_but_the_uninhabited_ones() -> None:
    import phonenumbers

    assert set(countries()) - set(phonenumbers.SUPPORTED_REGIONS) == {"AQ", "BV", "GS", "HM", "PN", "TF", "UM"}


def test_the_setting_offers_the_computers_country_first() -> None:
    import attrs

    choices = setting_info(attrs.fields(DialingSettings).country).choices
    assert choices is not None
    assert next(iter(choices.items())) == ("", "As this computer")
