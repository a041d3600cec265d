"""JsSIP in headless Chromium, a bare page: the least that the old product could be; no window, no sound."""

import asyncio
import time

from far_ends.jssip import JsSipPhone

from bench import usage
from bench.registrar import Registrar
from bench.sides import ECHO, SETTLE_SECONDS, Run, Scene

USER = "2002"
NOTE = "headless: no window, no sound device; its pop is the moment when the page is told"


class Browser:
    """Runs the peer once per `run`, with a new profile each time, as the far end makes it."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def run(self, run: Run) -> None:
        with Registrar(self._scene.pbx, USER) as registrar:
            registrar.wait_gone()
            asyncio.run(self._run(run, registrar))

    async def _run(self, run: Run, registrar: Registrar) -> None:
        scene = self._scene
        phone = JsSipPhone(
            scene.pbx.account(USER),
            folder=scene.folder,
            server_certificate=scene.pbx.server_certificate_file,
            processing=True,
        )
        try:
            await phone.start()
            launched = phone.browser.launched_at / 1000
            registered = await asyncio.to_thread(registrar.wait_registered, since=launched, within=10)
            run.add("launch_to_registered_ms", 1000 * (registered - launched))
            pid = phone.browser.processes()[0].pid
            await asyncio.sleep(SETTLE_SECONDS)
            run.add("memory_pss_mb", usage.memory_mb(pid))
            run.add("cpu_idle_percent", await self._cpu(pid))
            await self._call_out(run, phone, pid)
            await self._be_called(run, phone)
        finally:
            await phone.stop()

    async def _call_out(self, run: Run, phone: JsSipPhone, pid: int) -> None:
        clicked = time.time()
        await phone.call(ECHO)
        invited = await asyncio.to_thread(self._scene.wire.first_sip_out, since=clicked)
        flowing = await asyncio.to_thread(self._scene.wire.media_both_ways, since=clicked)
        run.add("click_to_invite_ms", 1000 * (invited - clicked))
        run.add("click_to_media_ms", 1000 * (flowing - clicked))
        await asyncio.sleep(SETTLE_SECONDS)
        run.add("cpu_call_percent", await self._cpu(pid))
        await phone.hang_up()
        await self._scene.pbx.until(lambda: not self._scene.pbx.channels(), what="the call to end")
        await asyncio.sleep(1)

    async def _be_called(self, run: Run, phone: JsSipPhone) -> None:
        mark = len(phone.events)
        began = time.time()
        self._scene.pbx.originate(USER, action="wait", caller_name="Maria Lindqvist", caller_number="3001")
        told = await phone.wait_incoming(since=mark)
        invited = await asyncio.to_thread(self._scene.wire.first_sip_in, since=began)
        run.add("invite_to_pop_ms", float(told["at"]) - 1000 * invited)
        self._scene.pbx.hang_up()
        await self._scene.pbx.until(lambda: not self._scene.pbx.channels(), what="the call to end")

    async def _cpu(self, pid: int) -> float:
        return await asyncio.to_thread(usage.cpu_percent, pid, seconds=self._scene.cpu_seconds)
