"""Headless Chromium with one page, driven over the DevTools protocol."""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from far_ends.process import FarEndError, end_program, start_program

# What keeps it from calling home, and from hiding its own address behind mDNS names that the PBX cannot resolve.
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--disable-domain-reliability",
    "--metrics-recording-only",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--disable-features=WebRtcHideLocalIpsWithMdns,OptimizationHints,MediaRouter,Translate,LocalNetworkAccessChecks",
    "--password-store=basic",
    "--remote-debugging-port=0",
)


class Chromium:
    """One browser process tree with one page. All methods are for the event loop's thread."""

    def __init__(self, *, folder: Path, flags: tuple[str, ...] = (), on_report: Callable[[str], None]) -> None:
        self._folder = folder
        self._flags = flags
        self._on_report = on_report
        self._process: asyncio.subprocess.Process | None = None
        self._socket: ClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None
        self._session = ""
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.launched_at = 0.0
        """When the process was started, in milliseconds since the epoch, the clock of the page."""

    async def start(self, url: str) -> None:
        """Launch it on a page; calls of the page's ``report(text)`` arrive at `on_report`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        profile = self._folder / "profile"
        arguments = (*_FLAGS, *self._flags, f"--user-data-dir={profile}", "about:blank")
        self.launched_at = time.time() * 1000
        self._process = await start_program(
            "chromium", *arguments, package="chromium", log=self._folder / "log", cwd=self._folder
        )
        try:
            address = await self._debugging_address(profile / "DevToolsActivePort")
            self._socket = await connect(address, max_size=16 * 1024 * 1024, proxy=None, compression=None)
            self._reading = asyncio.create_task(self._read(self._socket))
            targets = (await self._send("Target.getTargets"))["targetInfos"]
            page = next(target["targetId"] for target in targets if target["type"] == "page")
            self._session = (await self._send("Target.attachToTarget", targetId=page, flatten=True))["sessionId"]
            await self._send("Runtime.enable")
            await self._send("Runtime.addBinding", name="report")
            await self._send("Page.enable")
            await self._send("Page.navigate", url=url)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End the whole tree."""
        if self._socket is not None:
            with contextlib.suppress(FarEndError, TimeoutError, ConnectionClosed):
                self._session = ""
                await self._send("Browser.close", within=2)
            await self._socket.close()
            self._socket = None
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading
            self._reading = None
        if self._process is not None:
            group = self._process.pid
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(3):
                    await self._process.wait()
            await end_program(self._process)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
            self._process = None

    async def evaluate(self, expression: str, *, within: float = 15.0) -> Any:
        """Return the value of a JavaScript expression, awaited when it is a promise."""
        answer = await self._send(
            "Runtime.evaluate", within=within, expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            text = details.get("exception", {}).get("description") or details.get("text")
            raise FarEndError(f"the page failed on {expression[:80]!r}: {text}")
        return answer["result"].get("value")

    def processes(self) -> list[psutil.Process]:
        """Return the browser's whole process tree."""
        if self._process is None:
            return []
        root = psutil.Process(self._process.pid)
        return [root, *root.children(recursive=True)]

    def memory_pss_mb(self) -> float:
        """Return the tree's proportional set size, shared pages counted once, in megabytes."""
        total = 0
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                total += process.memory_full_info().pss
        return total / 1e6

    def cpu_seconds(self) -> float:
        """Return the tree's processor time so far; take the difference of two."""
        total = 0.0
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += times.user + times.system
        return total

    async def _debugging_address(self, path: Path) -> str:
        deadline = asyncio.get_running_loop().time() + 20
        while True:
            lines = _words(path)
            if len(lines) == 2:
                return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
            ended = self._process is None or self._process.returncode is not None
            if ended or asyncio.get_running_loop().time() > deadline:
                log = (self._folder / "log").read_text(encoding="utf-8", errors="replace")
                raise FarEndError(f"chromium did not start: {log[-800:]}")
            await asyncio.sleep(0.005)

    async def _send(self, method: str, /, *, within: float = 10.0, **parameters: Any) -> dict[str, Any]:
        if self._socket is None:
            raise FarEndError("chromium does not run: start it first")
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        future = self._answers[number] = asyncio.get_running_loop().create_future()
        try:
            await self._socket.send(json.dumps(message))
            async with asyncio.timeout(within):
                answer = await future
        finally:
            del self._answers[number]
        if "error" in answer:
            raise FarEndError(f"chromium refused {method}: {answer['error'].get('message')}")
        result: dict[str, Any] = answer.get("result", {})
        return result

    async def _read(self, socket: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for text in socket:
                message = json.loads(text)
                if (future := self._answers.get(message.get("id", 0))) is not None and not future.done():
                    future.set_result(message)
                elif message.get("method") == "Runtime.bindingCalled":
                    self._on_report(message["params"]["payload"])
        for future in self._answers.values():
            if not future.done():
                future.set_exception(FarEndError("chromium ended"))


def _words(path: Path) -> list[str]:
    return path.read_text(encoding="ascii").split() if path.exists() else []
