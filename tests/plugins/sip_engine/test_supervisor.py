"""The engine process is kept alive, whatever happens to it; all of it with real processes."""

import asyncio
import os
import signal
import sys
import time

import psutil
import pytest
from callmanager.api import (
    CallId,
    CommandRefused,
    EngineStarted,
    EngineStopped,
    HangUp,
    RegistrationReported,
    RegistrationState,
    Transport,
)
from callmanager_sip_engine import supervisor
from callmanager_sip_engine.child import engine_command
from callmanager_sip_engine.supervisor import EngineSupervisor
from plugins.sip_engine.phones import LOG, Phone, account
from plugins.sip_engine.tiny_pbx import TinyPbx


def registered(fact):
    return fact.registration.state is RegistrationState.REGISTERED


async def test_a_killed_engine_is_back_and_registered_within_three_seconds(tmp_path):
    async with TinyPbx({"2001": "one"}) as pbx, Phone(tmp_path) as phone:
        phone.use_nothing()
        ours = account("2001", "127.0.0.1", pbx.port, Transport.UDP)
        await phone.registered(ours, "one")
        first = phone.engine.process_id
        since, began = phone.now, time.monotonic()
        os.kill(first, signal.SIGKILL)
        stopped = await phone.wait(EngineStopped, since=since)
        assert (stopped.expected, stopped.restarting) == (False, True)
        await phone.wait(EngineStarted, since=since)
        phone.register(ours, "one")
        await phone.wait(RegistrationReported, registered, since=since, seconds=10)
        print(f"registered again after {time.monotonic() - began:.2f} s")
        assert phone.engine.process_id != first
        assert len(pbx.contacts) == 1


async def test_a_hung_engine_is_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor, "_ANSWER_SECONDS", 1.0)
    monkeypatch.setattr(supervisor, "_HEARTBEAT_SECONDS", 0.1)
    async with Phone(tmp_path) as phone:
        first, since = phone.engine.process_id, phone.now
        os.kill(first, signal.SIGSTOP)
        stopped = await phone.wait(EngineStopped, since=since)
        assert "sign of life" in stopped.detail
        await phone.wait(EngineStarted, since=since)
        assert not psutil.pid_exists(first)


async def test_a_command_while_there_is_no_engine_is_refused():
    facts = []
    engine = EngineSupervisor(LOG)
    engine._report = facts.append
    engine.submit(HangUp(call_id=CallId("c")))
    await asyncio.sleep(0)
    assert [(fact.command, fact.call_id) for fact in facts] == [("HangUp", "c")]
    assert isinstance(facts[0], CommandRefused)
    await engine.stop()


async def test_the_engine_ends_when_its_owner_vanishes(tmp_path):
    """The owner is killed, so that nothing of ours can say goodbye."""
    script = tmp_path / "owner.py"
    script.write_text(
        "import asyncio, logging\n"
        "from callmanager_sip_engine.supervisor import EngineSupervisor\n"
        "async def main():\n"
        "    engine = EngineSupervisor(logging.getLogger())\n"
        "    started = asyncio.Event()\n"
        "    await engine.start(lambda fact: started.set())\n"
        "    await started.wait()\n"
        "    print(engine.process_id, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    owner = await asyncio.create_subprocess_exec(sys.executable, str(script), stdout=asyncio.subprocess.PIPE)
    engine = psutil.Process(int(await asyncio.wait_for(owner.stdout.readline(), 20)))
    owner.kill()
    await owner.wait()
    assert await asyncio.to_thread(psutil.wait_procs, [engine], 10) == ([engine], [])


async def test_stopping_ends_the_process_and_says_so(tmp_path):
    async with Phone(tmp_path) as phone:
        process = psutil.Process(phone.engine.process_id)
        await phone.engine.stop()
        await phone.engine.stop()
        assert not process.is_running()
        assert phone.of(EngineStopped) == [EngineStopped(expected=True, detail=phone.of(EngineStopped)[0].detail)]
    assert len(phone.of(EngineStopped)) == 1


async def test_an_engine_that_never_comes_up_is_given_up_after_a_few_tries(monkeypatch):
    monkeypatch.setattr(supervisor, "RESTART_PAUSES", (0.0,))
    monkeypatch.setattr(supervisor, "_TRIES", 3)
    facts = []
    engine = EngineSupervisor(LOG, command=lambda: (sys.executable, "-c", "raise SystemExit(9)"))
    await engine.start(facts.append)
    await asyncio.wait_for(asyncio.shield(engine._task), 20)
    assert [fact.restarting for fact in facts] == [True, True, False]
    assert "exit code 9" in facts[-1].detail
    await engine.stop()


async def test_a_program_that_is_not_there_is_no_crash_of_ours(monkeypatch):
    monkeypatch.setattr(supervisor, "RESTART_PAUSES", (0.0,))
    monkeypatch.setattr(supervisor, "_TRIES", 2)
    facts = []
    engine = EngineSupervisor(LOG, command=lambda: ("/nowhere/at/all",))
    await engine.start(facts.append)
    await asyncio.wait_for(asyncio.shield(engine._task), 20)
    assert facts[-1] == EngineStopped(expected=False, detail="the engine process could not be started", restarting=False)
    await engine.stop()


async def test_a_listener_that_raises_does_not_cost_the_engine(tmp_path, caplog):
    phone = Phone(tmp_path)
    hear = phone._hear

    def broken(fact):
        hear(fact)
        raise RuntimeError("a bug elsewhere")

    phone._hear = broken
    async with phone:
        assert phone.engine.process_id
    assert "could not be delivered" in caplog.text
    caplog.clear()


def test_no_secret_is_in_the_command_line():
    assert "token" not in " ".join(engine_command()).lower()
    assert engine_command()[0] == sys.executable


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_no_secret_is_in_the_environment_or_arguments_of_the_engine(tmp_path):
    async with Phone(tmp_path) as phone:
        process = psutil.Process(phone.engine.process_id)
        token = phone.engine._child.doorkeeper._token
        assert process.cmdline() == list(engine_command())
        assert token not in str(process.environ())
