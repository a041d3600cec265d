"""TLS towards the manager interface: always verified against the operating system's store, with no way to switch that off."""

from __future__ import annotations

import ssl
import sys
from pathlib import Path

from callmanager.api import Unreachable


def client_context(ca_file: Path | None) -> ssl.SSLContext:
    """A context that verifies chain, name and dates; `ca_file` is trusted beside the system's store.

    Takes tens of milliseconds: use a worker thread. Raises `Unreachable` when the file can't be used.
    """
    if sys.platform in {"win32", "darwin"}:
        import truststore

        context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=str(ca_file))
        except OSError as error:  # ssl.SSLError, for a file without a certificate, is one of them
            why = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror or str(error)
            raise Unreachable(f"the CA file {ca_file} can't be used: {why}; choose another in Settings, Connection") from error
    return context
