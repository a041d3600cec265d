"""The PBX as another host: a network namespace and a cable to it that can be pulled."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from pbx.places import PbxUnavailable, tool


@dataclass(frozen=True, kw_only=True)
class PbxNetwork:
    """Names and addresses of one instance's network; the methods run `ip` and need root."""

    number: int

    @property
    def namespace(self) -> str:
        """Name below /run/netns."""
        return f"cmpbx{self.number}"

    @property
    def host_link(self) -> str:
        """This machine's end of the cable."""
        return f"cmpbx{self.number}h"

    @property
    def host_address(self) -> str:
        """This machine's address as the PBX sees it."""
        return f"10.99.{self.number}.1"

    @property
    def pbx_address(self) -> str:
        """The PBX's only address."""
        return f"10.99.{self.number}.2"

    def create(self) -> None:
        """Make namespace and cable, replacing leftovers of a run that was killed."""
        self.delete()
        pbx_link = f"cmpbx{self.number}p"
        _ip("netns", "add", self.namespace)
        _ip("link", "add", self.host_link, "type", "veth", "peer", "name", pbx_link, "netns", self.namespace)
        _ip("address", "add", f"{self.host_address}/24", "dev", self.host_link)
        _ip("link", "set", self.host_link, "up")
        _ip("-n", self.namespace, "link", "set", "lo", "up")
        _ip("-n", self.namespace, "address", "add", f"{self.pbx_address}/24", "dev", pbx_link)
        _ip("-n", self.namespace, "link", "set", pbx_link, "up")

    def delete(self) -> None:
        """Remove whatever of it exists. A killed process may keep the namespace alive; its name and cable still go."""
        if Path("/sys/class/net", self.host_link).exists():
            _ip("link", "delete", self.host_link)
        if Path("/run/netns", self.namespace).exists():
            _ip("netns", "delete", self.namespace)

    def link_down(self) -> None:
        """Pull the cable at the PBX's end: this machine keeps its address and route, as behind a switch or router."""
        _ip("-n", self.namespace, "link", "set", f"cmpbx{self.number}p", "down")

    def link_up(self) -> None:
        """Plug the cable in again."""
        _ip("-n", self.namespace, "link", "set", f"cmpbx{self.number}p", "up")


def _ip(*arguments: str) -> None:
    command = [tool("ip", package="iproute2"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    if done.returncode != 0:
        raise PbxUnavailable(f"ip {' '.join(arguments)}: {done.stderr.strip()} (are network namespaces permitted here?)")
