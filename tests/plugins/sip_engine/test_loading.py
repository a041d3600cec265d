"""What is loaded before the phone is registered, and what is not: each library here costs the user a moment of every start."""

import subprocess
import sys

NEEDED_FOR_CALLS = {"numpy", "miniaudio", "aioice", "dns", "OpenSSL", "pylibsrtp", "cryptography.x509", "PySide6"}


def loaded_by(statement):
    script = f"import sys; {statement}; print(*sys.modules)"
    words = [sys.executable, "-P", "-c", script]
    return set(subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout.split())


def test_registering_over_wss_needs_no_library_of_sound_or_of_media():
    loaded = loaded_by("import callmanager_sip_engine.engine, callmanager_sip_engine.edge, callmanager_sip_engine.sip.stack")
    assert "pjsua2" in loaded
    assert loaded & NEEDED_FOR_CALLS == set()


def test_the_app_loads_nothing_of_the_engine_but_its_own_side():
    loaded = loaded_by("import callmanager_sip_engine.plugin")
    assert loaded & (NEEDED_FOR_CALLS | {"pjsua2", "websockets"}) == set()
