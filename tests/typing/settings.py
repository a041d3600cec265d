"""Type-checked, never run: a section's values have the model's type."""

from typing import assert_type

import attrs
from callmanager.api import Settings, setting


@attrs.frozen(kw_only=True)
class CrmSettings:
    url: str = setting("", label="Address")
    timeout: float = setting(5.0, label="Timeout")


def read(settings: Settings) -> None:
    values = settings.get(CrmSettings)
    assert_type(values, CrmSettings)
    assert_type(values.timeout, float)
    assert_type(settings.update(CrmSettings, url="https://crm.example.com"), CrmSettings)
    values.url = "x"  # type: ignore[misc]
    values.nothing  # type: ignore[attr-defined] # noqa: B018
