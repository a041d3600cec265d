"""The PBX as tests hold it: start it, cut it off, kill it, and ask what it saw and heard.

    with AsteriskPbx() as pbx:
        account = pbx.account("2001")
        pbx.originate(account.user, action="tone")

All methods block; an asyncio test calls the quick ones directly and `start`, `stop`, `restart` in a thread.
"""

import asyncio
import contextlib
import json
import secrets
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from pbx.accounts import Account, make_accounts
from pbx.ami import AmiConnection
from pbx.certificates import SERVER_NAME, CertificateAuthority, ServerCertificate
from pbx.config import PbxOptions, Site, write_configuration, write_hold_music
from pbx.console import run_command
from pbx.ground import Ground, choose_ground
from pbx.observed import Channel, Contact, IvrKey, SecurityEvent, parse_channels, parse_contacts, parse_ivr, parse_security
from pbx.places import PbxUnavailable, cache_folder

_READY_SECONDS = 30.0
Action = Literal["tone", "echo", "record", "tone-record", "ivr", "wait"]


class AsteriskPbx:
    """One Asterisk 22 in its own root and network, configured like VitalPBX.

    It disappears with this process, however that ends, unless `lifeline` is off.
    """

    def __init__(
        self,
        *,
        options: PbxOptions | None = None,
        certificate: ServerCertificate = ServerCertificate.VALID,
        lifeline: bool = True,
    ) -> None:
        self._options = options or PbxOptions()
        self._certificate = certificate
        self._lifeline = lifeline
        self._ground: Ground | None = None
        self._home: Path | None = None
        self._accounts: dict[str, Account] = {}
        self._ami_secrets = {"phone": secrets.token_urlsafe(15), "bench": secrets.token_urlsafe(15)}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    # ---- what it is ---------------------------------------------------------------------------------------------------

    @property
    def is_up(self) -> bool:
        """Whether `start` succeeded and `stop` has not been called."""
        return self._ground is not None

    @property
    def number(self) -> int:
        """Instance number on this machine."""
        return self._up.number

    @property
    def host(self) -> str:
        """Address of the PBX; its certificate is valid for this and for `name`."""
        return self._up.pbx_address

    @property
    def name(self) -> str:
        """DNS name in the certificate; nothing resolves it."""
        return SERVER_NAME

    @property
    def client_address(self) -> str:
        """This machine's address as the PBX sees it."""
        return self._up.client_address

    @property
    def home(self) -> Path:
        """The instance's folder, removed by `stop`."""
        if self._home is None:
            raise PbxUnavailable("the PBX is not up: call start() first")
        return self._home

    @property
    def ca_file(self) -> Path:
        """The authority to trust, PEM."""
        return self.home / "ca/ca.pem"

    @property
    def server_certificate_file(self) -> Path:
        """Certificate (and key) shown by the PBX at the moment, PEM."""
        return self.home / "etc/server.pem"

    @property
    def accounts(self) -> dict[str, Account]:
        """All accounts by SIP user."""
        return dict(self._accounts)

    def account(self, user: str) -> Account:
        """Return what a phone needs to register as that SIP user."""
        return self._accounts[user]

    def ami_secret(self, user: Literal["phone", "bench"] = "phone") -> str:
        """Return the secret of an AMI user; `phone` has only what a softphone should be given."""
        return self._ami_secrets[user]

    # ---- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Bring it up and return when calls can be made. The first time ever takes a minute: the image is made."""
        ground = choose_ground(lifeline=self._lifeline)
        ground.claim()
        self._ground = ground
        try:
            self._home = self._prepare_home(ground)
            ground.open(self._home)
            self._run()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Take everything down: processes, mounts, namespace, folder. Doing it twice is fine."""
        ground, self._ground = self._ground, None
        home, self._home = self._home, None
        if ground is not None:
            ground.close(home or Path("/nonexistent"))

    def kill(self) -> None:
        """SIGKILL Asterisk, as when it crashes: its sockets close, nothing says good-bye. `restart` brings it back.

        Returns when it is gone.
        """
        self._up.kill()
        self.wait_until(lambda: not self.answers(), what="Asterisk's end")

    def restart(self, *, certificate: ServerCertificate | None = None, options: PbxOptions | None = None) -> None:
        """Start Asterisk anew in the same place with the same accounts and authority; return when it is ready.

        A running one is told to stop first; registrations over udp survive in its database as in real life.
        """
        self._certificate = certificate or self._certificate
        self._options = options or self._options
        self._write_server_certificate()
        self._write_configuration()
        with contextlib.suppress(OSError):  # it does not run: nothing to stop
            self.cli("core stop now")
            self.wait_until(lambda: not self.answers(), what="Asterisk to stop")
        self._run()

    def link_down(self) -> None:
        """Pull the PBX's network cable: packets vanish, nothing is refused."""
        self._up.link(up=False)

    def link_up(self) -> None:
        """Plug the cable in again."""
        self._up.link(up=True)

    # ---- commands -----------------------------------------------------------------------------------------------------

    def cli(self, command: str) -> str:
        """Run a console command; works while the link is down. Raises `OSError` while Asterisk does not run."""
        return run_command(self.home / "run", command)

    def answers(self) -> bool:
        """Tell whether Asterisk runs and takes commands."""
        try:
            self.cli("core show uptime seconds")
        except OSError:
            return False
        return True

    def ami(self, user: Literal["phone", "bench"] = "bench") -> AmiConnection:
        """Open an AMI session; the caller closes it."""
        return AmiConnection(self.host, user=user, secret=self._ami_secrets[user])

    def originate(
        self,
        user: str,
        *,
        action: Action = "tone",
        caller_name: str = "Test Bench",
        caller_number: str = "600",
        recording: str = "",
        ring_seconds: float = 30.0,
    ) -> str:
        """Have the PBX call a phone and do something once it answers; return the new channel's unique id.

        Returns at once. `tone` plays 500 Hz; `record` and `tone-record` write what the phone says to `recording`.
        """
        channel_id = f"bench-{secrets.token_hex(6)}"
        with self.ami() as ami:
            ami.action("Originate", Channel=f"PJSIP/{user}", Context="bench-answered", Exten=action, Priority="1",
                       CallerID=f'"{caller_name}" <{caller_number}>', Timeout=str(round(ring_seconds * 1000)),
                       Async="true", ChannelId=channel_id, Variable=f"BENCH_NAME={recording or channel_id}")  # fmt: skip
        return channel_id

    def hang_up(self, channel: str = "all") -> None:
        """End a channel, or all of them, from the PBX's side."""
        self.cli(f"channel request hangup {channel}")

    # ---- what it saw and heard ----------------------------------------------------------------------------------------

    def contacts(self, user: str | None = None) -> list[Contact]:
        """Return who is registered, as the registrar has it."""
        found = parse_contacts(self.cli("database show registrar/contact"))
        return [contact for contact in found if user is None or contact.user == user]

    def channels(self) -> list[Channel]:
        """Return the calls' legs."""
        return parse_channels(self.cli("core show channels concise"))

    def recorded(self, name: str, *, within: float = 15.0) -> Path:
        """Return the finished recording (wav, 16 kHz) made under that name by 607, 615 or `originate`; wait for its end."""
        folder = self.home / "recorded"
        self.wait_until((folder / f"{name}.done").exists, what=f"the recording {name}", within=within)
        path = folder / f"{name}.wav16"
        # MixMonitor closes its file from a thread of its own, a moment after the channel's end.
        self.wait_until(lambda: path.exists() and path.stat().st_size > 44, what=f"audio in {name}", within=within)
        return path

    def ivr_keys(self) -> list[IvrKey]:
        """Return every key that the IVR took, in order, with the call it came from."""
        return parse_ivr(self._log("ivr"))

    def digits(self, user: str | None = None) -> str:
        """Return the keys that the IVR took since the start, as one text, of one phone or of all."""
        return "".join(key.digit for key in self.ivr_keys() if user is None or key.user == user)

    def security_events(self, user: str | None = None) -> list[SecurityEvent]:
        """Return what an intrusion detection would read: each challenge, success and failure of signing in."""
        return [event for event in parse_security(self._log("security")) if user is None or event.account == user]

    def failed_registrations(self, user: str | None = None) -> int:
        """Count refused sign-ins; a PBX bans an address after three of them in ten minutes."""
        return sum(event.is_failure for event in self.security_events(user))

    @property
    def logs(self) -> str:
        """Everything Asterisk logged as text, for the report of a failed test."""
        return self._log("console") + self._log("full")

    def trace_sip(self, *, on: bool = True) -> None:
        """Log every SIP message into `logs`."""
        self.cli("core set verbose 5")
        self.cli(f"pjsip set logger {'on' if on else 'off'}")

    def wait_until(self, condition: Callable[[], object], *, what: str, within: float = 10.0) -> None:
        """Return when the condition holds; an `AssertionError` says what did not come."""
        deadline = time.monotonic() + within
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {within:g} s for {what}")
            time.sleep(0.02)

    async def until(self, condition: Callable[[], object], *, what: str, within: float = 10.0) -> None:
        """Do as `wait_until` without holding up the event loop."""
        deadline = time.monotonic() + within
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {within:g} s for {what}")
            await asyncio.sleep(0.02)

    # ---- inside -------------------------------------------------------------------------------------------------------

    @property
    def _up(self) -> Ground:
        if self._ground is None:
            raise PbxUnavailable("the PBX is not up: call start() first")
        return self._ground

    def _log(self, name: str) -> str:
        path = self.home / "log" / name
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def _prepare_home(self, ground: Ground) -> Path:
        instances = cache_folder() / "pbx/instances"
        instances.mkdir(parents=True, exist_ok=True)
        self._home = home = Path(tempfile.mkdtemp(prefix="pbx-", dir=instances))
        self._accounts = make_accounts(ground.pbx_address)
        for name in ("etc", "lib", "lib/keys", "spool", "run", "log", "recorded", "moh"):
            (home / name).mkdir()
        write_hold_music(home / "moh/tone.wav")
        CertificateAuthority(home / "ca").create()
        self._write_server_certificate()
        self._write_configuration()
        listed = {user: {"extension": a.extension, "auth_user": a.auth_user, "password": a.password, "kind": a.kind.value}
                  for user, a in self._accounts.items()}  # fmt: skip
        accounts = home / "accounts.json"
        accounts.touch(mode=0o600)
        accounts.write_text(json.dumps(listed, indent=1), encoding="utf-8")
        (home / "log/ivr").touch()  # the dial plan appends only to what exists
        return home

    def _write_server_certificate(self) -> None:
        authority = CertificateAuthority(self.home / "ca")
        if self._certificate is ServerCertificate.FOREIGN:
            authority = CertificateAuthority(self.home / f"foreign-{secrets.token_hex(4)}", name="Some Other CA")
            authority.create()
        wrong = self._certificate is ServerCertificate.WRONG_NAME
        names = ("elsewhere.test",) if wrong else (SERVER_NAME, self.host)
        expired = self._certificate is ServerCertificate.EXPIRED
        authority.issue(self.server_certificate_file, names=names, expired=expired)

    def _write_configuration(self) -> None:
        site = Site(
            home=self._up.seen_as(self.home),
            modules=self._up.modules,
            data=self._up.data,
            address=self.host,
            client_address=self.client_address,
            ami_phone_secret=self._ami_secrets["phone"],
            ami_bench_secret=self._ami_secrets["bench"],
        )
        write_configuration(self.home / "etc", site=site, accounts=self._accounts, options=self._options)

    def _run(self) -> None:
        self._up.run()
        try:
            self.wait_until(self._booted, what="Asterisk to be ready", within=_READY_SECONDS)
        except (AssertionError, PbxUnavailable) as error:
            raise PbxUnavailable(f"{error}; its log ends: {self.logs[-2000:]}") from None

    def _booted(self) -> bool:
        try:
            return "fully booted" in self.cli("core waitfullybooted")
        except OSError:
            self._up.check_alive()  # raises when waiting on would be in vain
            return False
