"""The pages made from the declarations are those of today, and the example in them is a site file without mistakes."""

import re
from pathlib import Path

import attrs
import pytest
from callmanager.admin import main
from callmanager.api import ConnectionSettings, FieldKind, setting
from callmanager.settings.converter import fields_of
from callmanager.settings.describing import Section
from callmanager.settings.reference import reference

DOCS = Path(__file__).parents[3] / "docs"
PAGES = {
    "settings.md": ["settings-reference"],
    "settings.schema.json": ["settings-schema"],
    "site.schema.json": ["settings-schema", "--site"],
}


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_fresh(name: str, tmp_path: Path) -> None:
    fresh = tmp_path / name
    assert main(["--profile", str(tmp_path / "profile"), *PAGES[name], "--output", str(fresh)]) == 0
    assert (DOCS / name).read_text(encoding="utf-8") == fresh.read_text(encoding="utf-8"), (
        f"docs/{name} is out of date; run: callmanager-admin {' '.join(PAGES[name])} --output docs/{name}"
    )


def test_the_example_is_a_site_file_without_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"## Example of a site file\n\n```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "site.toml").write_text(example, encoding="utf-8")
    assert main(["--profile", str(tmp_path / "profile"), "check-site", str(tmp_path / "site.toml")]) == 0
    assert capsys.readouterr().out == ""


@attrs.frozen(kw_only=True)
class Sample:
    plain: str = setting("a|b", label="Plain", help="One | two.")
    token: str = setting("", label="Token", secret=True)
    level: int = setting(3, label="Level", minimum=1, maximum=5, advanced=True)
    names: tuple[str, ...] = setting(("x",), label="Names", kind=FieldKind.LINES)
    theme: str = setting("dark", label="Theme", choices={"dark": "Dark", "light": "Light"})
    kept: bool = setting(True, label="Kept", kind=FieldKind.HIDDEN)


def test_every_key_is_there_with_type_default_limits_and_remarks() -> None:
    page = reference([Section(id="crm", title="CRM", model=Sample, owner="crm", distribution="acme-crm")])
    rows = {cells[1].strip(" `"): cells for line in page.splitlines() if len(cells := re.split(r"(?<!\\)\|", line)) == 7}
    assert set(fields_of(Sample)) <= rows.keys()
    assert rows["plain"][3].strip() == '`"a\\|b"`'
    assert rows["token"][2].strip() == "secret"
    assert rows["token"][3].strip() == ""
    assert rows["level"][4].strip() == "1 to 5"
    assert "*advanced*" in rows["level"][5]
    assert rows["names"][2:4] == [" list of texts ", ' `["x"]` ']
    assert '`"light"` Light' in rows["theme"][4]
    assert "*kept by the program*" in rows["kept"][5]
    assert "Of the plugin `crm` of the distribution acme-crm." in page
    assert "@@" not in page


def test_no_default_of_the_core_is_a_secret() -> None:
    assert all(not field.default for field in fields_of(ConnectionSettings).values() if field.info.secret)
