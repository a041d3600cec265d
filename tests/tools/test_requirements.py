"""The requirement files hold what pyproject.toml asks for, hashed, and no address."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
FILES = ("runtime.txt", "dev.txt", "build.txt")
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)(?: ; (?P<marker>[^\\]+))? \\$")


def logical_entries(name: str) -> list[tuple[Requirement, list[str]]]:
    """Each pinned requirement with its hashes."""
    entries: list[tuple[Requirement, list[str]]] = []
    for line in (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if line.startswith("    --hash="):
            entries[-1][1].append(line.strip().removesuffix(" \\"))
            continue
        found = PIN.match(line)
        assert found, f"{name}: {line!r} is not a pinned requirement"
        entries.append((Requirement(line.removesuffix(" \\")), []))
    return entries


def declared() -> dict[str, list[str]]:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    runtime = content["project"]["dependencies"]
    return {
        "runtime.txt": runtime,
        "dev.txt": runtime + content["project"]["optional-dependencies"]["dev"],
        "build.txt": content["build-system"]["requires"],
    }


def applies(marker: Marker | None, *, python: str, platform: str, system: str) -> bool:
    environment = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": platform}
    return marker is None or marker.evaluate({**environment, "platform_system": system, "extra": ""})


@pytest.mark.parametrize("name", FILES)
def test_every_entry_is_pinned_and_hashed(name: str) -> None:
    entries = logical_entries(name)
    assert entries
    for requirement, hashes in entries:
        assert hashes, f"{requirement.name} has no hash"
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", value) for value in hashes)


@pytest.mark.parametrize("name", FILES)
def test_no_file_names_an_index_or_an_address(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    for forbidden in ("://", "--index", "--extra-index", "--find-links", "--trusted-host", " @ "):
        assert forbidden not in text


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("python", ["3.11", "3.12"])
@pytest.mark.parametrize(("platform", "system"), [("win32", "Windows"), ("linux", "Linux"), ("darwin", "Darwin")])
def test_every_declared_dependency_is_pinned_to_a_version_that_fits(name: str, python: str, platform: str, system: str) -> None:
    pinned: dict[str, Version] = {}
    for requirement, _ in logical_entries(name):
        if applies(requirement.marker, python=python, platform=platform, system=system):
            key = canonicalize_name(requirement.name)
            assert key not in pinned, f"{key} is pinned twice for Python {python} on {system}"
            pinned[key] = Version(next(iter(requirement.specifier)).version)
    for text in declared()[name]:
        wanted = Requirement(text)
        if not applies(wanted.marker, python=python, platform=platform, system=system):
            continue
        version = pinned.get(canonicalize_name(wanted.name))
        assert version is not None, f"{name} lacks {wanted.name}: run dev.py lock"
        assert wanted.specifier.contains(version), f"{name} has {wanted.name} {version}: run dev.py lock"


def test_the_developers_file_holds_the_users_one() -> None:
    users = {(r.name, str(r.specifier)) for r, _ in logical_entries("runtime.txt")}
    developers = {(r.name, str(r.specifier)) for r, _ in logical_entries("dev.txt")}
    assert users <= developers
