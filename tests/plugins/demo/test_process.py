"""The office as a process of its own, and the plugin that runs it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest
from callmanager.app import AppOptions
from callmanager.engine.commands import Register
from callmanager.testing import running
from callmanager_demo import process as process_module
from callmanager_demo.plugin import Demo
from callmanager_demo.process import OfficeFailed, office_process
from plugins.demo.raw_phone import PASSWORD, USER, raw_phone

LOG = logging.LoggerAdapter(logging.getLogger("test"), {})


async def test_the_process_serves_for_as_long_as_the_block_lasts() -> None:
    async with office_process(user=USER, password=PASSWORD, log=LOG) as office:
        child = psutil.Process(office._process.pid)
        async with raw_phone(office.port) as phone:
            assert (await phone.register()).status == 200
            await phone.register(expires=0)
        # The password is in none of the places that other users of the machine can look at.
        assert PASSWORD not in " ".join(child.cmdline())
        assert PASSWORD not in " ".join(child.environ().values())
    assert not child.is_running()


async def test_the_process_ends_when_its_starter_is_killed() -> None:
    code = (
        "import asyncio, logging\n"
        "from callmanager_demo.process import office_process\n"
        "async def main():\n"
        "    log = logging.LoggerAdapter(logging.getLogger(), {})\n"
        "    async with office_process(user='2001', password='x', log=log) as office:\n"
        "        print(office._process.pid, flush=True)\n"
        "        await office.wait()\n"
        "asyncio.run(main())\n"
    )
    starter = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    assert starter.stdout is not None
    office = psutil.Process(int(await asyncio.wait_for(starter.stdout.readline(), 20)))
    starter.kill()
    await starter.wait()
    with contextlib.suppress(psutil.NoSuchProcess):
        await asyncio.to_thread(office.wait, 10)
    assert not office.is_running()


async def test_a_process_that_does_not_start_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for command, complaint in (
        (["/nonexistent/program"], "does not start"),
        ([sys.executable, "-c", "print('hello')"], "did not say where it listens"),
        ([sys.executable, "-c", "print('{\"port\": 0}')"], "impossible port"),
    ):
        monkeypatch.setattr(process_module, "_command", lambda command=command: command)
        with pytest.raises(OfficeFailed, match=complaint):
            async with office_process(user=USER, password=PASSWORD, log=LOG):
                pass


def test_the_command_starts_this_package_and_nothing_from_the_working_directory() -> None:
    command = process_module._command()
    assert command[1:] == ["-P", "-m", "callmanager_demo.office"]


@pytest.mark.parametrize("line", ["", "[]", '{"user": 1, "password": "x"}', "nonsense"])
async def test_the_process_refuses_an_introduction_it_does_not_understand(line: str) -> None:
    pipe = asyncio.subprocess.PIPE
    office = await asyncio.create_subprocess_exec(*process_module._command(), stdin=pipe, stdout=pipe, stderr=pipe)
    out, _ = await asyncio.wait_for(office.communicate(line.encode() + b"\n"), 20)
    assert out == b""
    assert office.returncode != 0


def options(folder: Path, *, demo: bool) -> AppOptions:
    return AppOptions(profile=folder / "profile", site=folder / "site", log_level="debug", demo=demo)


async def test_the_plugin_lends_the_phone_an_account_that_works(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with running(tmp_path, plugins={"demo": Demo}, options=options(tmp_path, demo=True)) as harness:
        await harness.until(lambda: any(isinstance(c, Register) for c in harness.engine.commands), seconds=20)
        (register,) = [c for c in harness.engine.commands if isinstance(c, Register)]
        assert (register.account.server, register.account.extension) == ("127.0.0.1", USER)
        async with raw_phone(register.account.port) as phone:
            assert (await phone.register(password="guess")).status == 401
            assert (await phone.register(password=register.password)).status == 200
            await phone.register(password=register.password, expires=0)
    assert register.password not in caplog.text
    assert "the phone is registered" in caplog.text


async def test_an_office_that_died_is_opened_again_with_another_password(tmp_path: Path) -> None:
    async with running(tmp_path, plugins={"demo": Demo}, options=options(tmp_path, demo=True)) as harness:

        def registers() -> list[Register]:
            return [c for c in harness.engine.commands if isinstance(c, Register)]

        await harness.until(lambda: len(registers()) == 1, seconds=20)
        (office,) = [c for c in psutil.Process().children() if "callmanager_demo.office" in c.cmdline()]
        os.kill(office.pid, signal.SIGKILL)
        await harness.until(lambda: len(registers()) == 2, seconds=20)
        assert registers()[0].password != registers()[1].password


async def test_without_the_demo_switch_nothing_is_started(tmp_path: Path) -> None:
    before = psutil.Process().children()
    async with running(tmp_path, plugins={"demo": Demo}, options=options(tmp_path, demo=False)) as harness:
        await harness.settle()
        assert not harness.engine.commands or not any(isinstance(c, Register) for c in harness.engine.commands)
        assert psutil.Process().children() == before
