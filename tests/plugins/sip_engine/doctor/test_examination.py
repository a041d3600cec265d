"""The doctor against the real PBX: each cause has its exit code, and a healthy way is measured to the heard tone."""

import asyncio
import logging
import socket
from pathlib import Path

import attrs
import pytest
from callmanager.api import Account, AccountId, AudioBackendKind, AudioChoice, Transport
from callmanager_sip_engine.doctor.examination import Examination, Order
from callmanager_sip_engine.doctor.report import ExitCode, Outcome, Report
from callmanager_sip_engine.supervisor import EngineSupervisor
from far_ends.tones import read_wav
from pbx.bench import AsteriskPbx
from pbx.certificates import ServerCertificate

pytestmark = [pytest.mark.pbx, pytest.mark.expects_log(".*")]


def order_for(pbx: AsteriskPbx, transport: Transport = Transport.WSS, **changes: object) -> Order:
    known = pbx.account("2001" if transport is Transport.WSS else "3001")
    account = Account(
        id=AccountId("doctor"),
        extension=known.extension,
        server=pbx.host,
        port=transport.default_port,
        transport=transport,
        sip_user=known.user,
        auth_user=known.auth_user,
        ca_file=pbx.ca_file,
    )
    return attrs.evolve(Order(account=account, password=known.password, seconds=2.0), **changes)


async def examine(order: Order) -> Report:
    engine = EngineSupervisor(logging.LoggerAdapter(logging.getLogger("doctor under test"), {}))
    return await Examination(order, engine, lambda _step: None).run()


def with_account(order: Order, **changes: object) -> Order:
    return attrs.evolve(order, account=attrs.evolve(order.account, **changes))


@pytest.mark.parametrize("transport", list(Transport))
async def test_a_healthy_way_is_measured_step_by_step_to_the_heard_tone(pbx: AsteriskPbx, tmp_path: Path, transport: Transport):
    heard = tmp_path / "heard.wav"
    audio = AudioChoice(backend=AudioBackendKind.FILES, output_file=heard)
    report = await examine(order_for(pbx, transport, call="602", audio=audio))
    assert report.exit_code is ExitCode.HEALTHY
    names = [step.name for step in report.steps if step.outcome is Outcome.PASSED]
    ice = ["ice", "dtls"] if transport is Transport.WSS else []
    probes = {
        "wss": ["name", "tcp", "tls", "websocket"],
        "tls": ["name", "tcp", "tls"],
        "tcp": ["name", "tcp"],
        "udp": ["name"],
    }
    assert names == [*probes[transport.value], "engine", "register", "call", *ice, "media"]
    assert report.statistics is not None
    assert report.statistics.packets_received > 50
    assert report.statistics.received_level_dbfs > -30
    assert read_wav(heard).tail(1.5).share(500) > 0.9
    evidence = dict(next(step for step in report.steps if step.name == "media").evidence)
    if transport is Transport.WSS:
        assert evidence["encrypted"] == "yes"


async def test_an_unknown_name_is_told(pbx: AsteriskPbx):
    report = await examine(with_account(order_for(pbx), server="no-such-host.invalid"))
    assert (report.exit_code, report.steps[-1].name) == (ExitCode.NAME, "name")


async def test_a_closed_port_is_told(pbx: AsteriskPbx):
    report = await examine(with_account(order_for(pbx), port=8090))
    assert (report.exit_code, report.steps[-1].name) == (ExitCode.REFUSED, "tcp")


async def test_a_foreign_certificate_is_told_with_fingerprint_and_issuer(pbx: AsteriskPbx):
    report = await examine(with_account(order_for(pbx), ca_file=None))
    assert (report.exit_code, report.steps[-1].name) == (ExitCode.TLS, "tls")
    evidence = dict(report.steps[-1].evidence)
    assert evidence["issuer"] == "CN=CallManager Test CA"
    assert len(evidence["SHA-256"].split(":")) == 32


async def test_an_expired_certificate_is_told(make_pbx):
    pbx = await asyncio.to_thread(make_pbx, certificate=ServerCertificate.EXPIRED)
    report = await examine(order_for(pbx))
    assert (report.exit_code, report.steps[-1].name) == (ExitCode.TLS, "tls")
    assert "expired" in report.steps[-1].text


async def test_a_wrong_websocket_path_is_told(pbx: AsteriskPbx):
    report = await examine(with_account(order_for(pbx), websocket_path="/elsewhere"))
    assert (report.exit_code, report.steps[-1].name) == (ExitCode.WSS, "websocket")


@pytest.mark.parametrize("transport", list(Transport))
async def test_a_wrong_password_is_told_after_one_attempt(pbx: AsteriskPbx, transport: Transport):
    before = pbx.failed_registrations()
    report = await examine(order_for(pbx, transport, password="wrong"))
    assert (report.exit_code, report.steps[-1].name) == (ExitCode.PASSWORD, "register")
    assert pbx.failed_registrations() - before == 1


async def test_a_busy_line_is_told_as_the_call(pbx: AsteriskPbx):
    report = await examine(order_for(pbx, call="604"))
    assert (report.exit_code, report.steps[-1].name) == (ExitCode.CALL, "call")


async def test_a_machine_without_sound_devices_is_told(pbx: AsteriskPbx, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PULSE_SERVER", "unix:/nonexistent")
    report = await examine(order_for(pbx, audio=AudioChoice()))
    assert (report.exit_code, report.steps[-1].name) == (ExitCode.AUDIO_DEVICE, "audio")


async def test_a_dead_port_is_told_as_time_out_or_refusal_without_hanging():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))  # bound, not listening: refused at once
        account = Account(
            id=AccountId("doctor"), extension="1", server="127.0.0.1", port=listener.getsockname()[1], transport=Transport.TCP
        )
        report = await examine(Order(account=account, password="x"))
    assert (report.exit_code, report.steps[-1].name) == (ExitCode.REFUSED, "tcp")
