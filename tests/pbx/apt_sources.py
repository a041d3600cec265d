"""The Debian mirror that this machine already uses, so that none is written down here."""

import re
from collections.abc import Iterator
from pathlib import Path

from pbx.places import PbxUnavailable

_ONE_LINE = re.compile(r"^deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.*)$")


def debian_mirror(apt_folder: Path = Path("/etc/apt")) -> str:
    """Return the address of the main Debian archive from the apt sources of this machine.

    Both forms of sources.list(5) are read. Security, backports and foreign archives are passed over: they do not carry
    a whole suite.
    """
    for uri, suite, components in _entries(apt_folder):
        whole_suite = "security" not in suite and "backports" not in suite and not suite.endswith("/")
        archive = uri.rstrip("/").endswith("/debian") and "main" in components.split()
        if whole_suite and archive and not uri.startswith(("cdrom:", "file:")):
            return uri
    raise PbxUnavailable(f"no Debian archive in the apt sources below {apt_folder}: the PBX image is made from one")


def _entries(apt_folder: Path) -> Iterator[tuple[str, str, str]]:
    parts = apt_folder / "sources.list.d"
    for path in sorted(parts.glob("*.sources")):
        yield from _deb822(path.read_text(encoding="utf-8"))
    for path in (apt_folder / "sources.list", *sorted(parts.glob("*.list"))):
        if path.is_file():
            yield from _one_line(path.read_text(encoding="utf-8"))


def _deb822(text: str) -> Iterator[tuple[str, str, str]]:
    for stanza in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        name = ""
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1] in {" ", "\t"} and name:
                fields[name] += " " + line.strip()
            elif ":" in line:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.strip()
        if fields.get("enabled", "yes").lower() in {"no", "false"} or "deb" not in fields.get("types", "").split():
            continue
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield uri, suite, fields.get("components", "")


def _one_line(text: str) -> Iterator[tuple[str, str, str]]:
    for line in text.splitlines():
        match = _ONE_LINE.match(line.partition("#")[0].strip())
        if match:
            yield match["uri"], match["suite"], match["components"]
