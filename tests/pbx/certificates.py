"""A certificate authority for tests, made anew for each PBX instance by the openssl command."""

import base64
import datetime as dt
import hashlib
import ipaddress
import ssl
import subprocess
from enum import Enum
from pathlib import Path

from pbx.places import tool

SERVER_NAME = "pbx.test"


class ServerCertificate(Enum):
    """What the PBX shows to its TLS clients."""

    VALID = "valid"
    EXPIRED = "expired"
    FOREIGN = "foreign"
    """Signed by an authority that nobody was given."""
    WRONG_NAME = "wrong-name"


class CertificateAuthority:
    """Issues server certificates below one folder; the private keys never leave it."""

    def __init__(self, folder: Path, *, name: str = "CallManager Test CA") -> None:
        self.folder = folder
        self.certificate = folder / "ca.pem"
        self._key = folder / "ca.key"
        self._name = name

    def create(self) -> None:
        """Make the authority itself, valid for ten years."""
        self.folder.mkdir(parents=True)
        (self.folder / "issued").mkdir()
        (self.folder / "index.txt").touch()
        config = self.folder / "ca.cnf"
        config.write_text(
            f"[ca]\ndefault_ca = here\n[here]\ndatabase = {self.folder}/index.txt\nnew_certs_dir = {self.folder}/issued\n"
            "rand_serial = yes\ndefault_md = sha256\npolicy = any\nunique_subject = no\n[any]\ncommonName = supplied\n"
            "[req]\ndistinguished_name = empty\n[empty]\n"
            "[authority]\nbasicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign,cRLSign\n"
            "subjectKeyIdentifier = hash\n",
            encoding="utf-8",
        )
        self._openssl("req", "-x509", "-config", str(config), "-extensions", "authority", "-newkey", "ec", "-pkeyopt",
                      "ec_paramgen_curve:P-256", "-nodes", "-days", "3650", "-subj", f"/CN={self._name}",
                      "-keyout", str(self._key), "-out", str(self.certificate))  # fmt: skip

    def issue(self, path: Path, *, names: tuple[str, ...], expired: bool = False) -> None:
        """Write key and certificate for `names` (host names or addresses) into one PEM file, the form Asterisk reads."""
        alternatives = ",".join(f"IP:{name}" if _is_address(name) else f"DNS:{name}" for name in names)
        key, request, extensions, out = (path.with_suffix(s) for s in (".key", ".csr", ".cnf", ".crt"))
        extensions.write_text(
            f"[server]\nbasicConstraints = CA:FALSE\nsubjectAltName = {alternatives}\nextendedKeyUsage = serverAuth\n"
            "keyUsage = digitalSignature\nauthorityKeyIdentifier = keyid\nsubjectKeyIdentifier = hash\n",
            encoding="utf-8",
        )
        config = str(self.folder / "ca.cnf")
        self._openssl("req", "-new", "-config", config, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-subj", f"/CN={names[0]}", "-keyout", str(key), "-out", str(request))  # fmt: skip
        now = dt.datetime.now(dt.UTC)
        start, end = (now - dt.timedelta(days=60), now - dt.timedelta(days=2)) if expired else (
            now - dt.timedelta(days=1), now + dt.timedelta(days=300))  # fmt: skip
        self._openssl("ca", "-batch", "-notext", "-config", config, "-keyfile", str(self._key), "-cert",
                      str(self.certificate), "-extfile", str(extensions), "-extensions", "server",
                      "-startdate", f"{start:%Y%m%d%H%M%SZ}", "-enddate", f"{end:%Y%m%d%H%M%SZ}",
                      "-in", str(request), "-out", str(out))  # fmt: skip
        path.write_text(out.read_text(encoding="ascii") + key.read_text(encoding="ascii"), encoding="ascii")
        for leftover in (key, request, extensions, out):
            leftover.unlink()

    def _openssl(self, *arguments: str) -> None:
        command = [tool("openssl", package="openssl"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"openssl {arguments[0]}: {done.stderr.strip()}")


def server_context(certificate: Path) -> ssl.SSLContext:
    """What a server of the tests needs to show a certificate that `issue` wrote."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def certificate_der(path: Path) -> bytes:
    """Return the first certificate of a PEM file in binary form, for fingerprints."""
    text = path.read_text(encoding="ascii")
    end = "-----END CERTIFICATE-----"
    start = text.index("-----BEGIN CERTIFICATE-----")
    return ssl.PEM_cert_to_DER_cert(text[start : text.index(end) + len(end)])


def public_key_pin(path: Path) -> str:
    """Return the SHA-256 of the public key in base64, the form in which Chromium takes a pinned key."""
    openssl = tool("openssl", package="openssl")
    public = subprocess.run(
        [openssl, "x509", "-in", str(path), "-noout", "-pubkey"], capture_output=True, timeout=30, check=True
    )
    der = subprocess.run(
        [openssl, "pkey", "-pubin", "-outform", "DER"], input=public.stdout, capture_output=True, timeout=30, check=True
    )
    return base64.b64encode(hashlib.sha256(der.stdout).digest()).decode("ascii")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
