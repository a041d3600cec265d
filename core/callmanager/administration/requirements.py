"""What a plugin's distribution says it needs, held against what is installed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from callmanager.administration.evidence import Evidence, failed, warning

if TYPE_CHECKING:
    from packaging.requirements import Requirement


def check_requirements(distribution: str, requirements: Iterable[str], extras: Iterable[str]) -> list[Evidence]:
    """One piece of evidence for each requirement that is missing, or there in a version that does not fit.

    `extras` are those that the entry point asks for (`acme = acme.plugin:Acme [ui]`). Requirements of requirements are theirs.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    asked = sorted(extras)
    evidence = []
    for text in requirements:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            evidence.append(warning("requirements", f"{text[:100]!r} can't be understood", "ask the author to correct it"))
            continue
        if not _applies(requirement, asked):
            continue
        complaint = _complaint(requirement)
        if complaint:
            wanted = f"{distribution}[{','.join(asked)}]" if asked else distribution
            evidence.append(failed("requirements", complaint, f"install it: pip install --upgrade '{wanted}'"))
    return evidence


def _applies(requirement: Requirement, extras: list[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))


def _complaint(requirement: Requirement) -> str:
    from importlib_metadata import PackageNotFoundError, version

    try:
        installed = version(requirement.name)
    except PackageNotFoundError:
        return f"it needs {requirement.name}{requirement.specifier}, which is not installed"
    if requirement.specifier.contains(installed, prereleases=True):
        return ""
    return f"it needs {requirement.name}{requirement.specifier}, and {installed} is installed"
