"""SIP text into our values and back: pure functions, everything from outside bounded and cleaned."""

import ipaddress
import re
import unicodedata
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from callmanager.api import Account, Failure, FailureKind, Header, Party, Transport

_TEXT_LIMIT: Final = 256
_TARGET_LIMIT: Final = 512
_COMPACT: Final = {
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "c": "content-type",
    "l": "content-length",
    "v": "via",
}
_NUMBER: Final = re.compile(r"[0-9A-Za-z*#+._~!$&'()=-]{1,128}")
_SEPARATORS: Final = re.compile(r"[\s()./-]+")
_DIALED: Final = re.compile(r"\+?[0-9*#\s()./-]+")
_TOKEN: Final = re.compile(r"[A-Za-z0-9.!%*_+`'~-]{1,64}")
_URI: Final = re.compile(r"(?i:sips?):(?:(?P<user>[^@;?<>\s]{1,256})@)?(?P<rest>[^<>\s\"]{1,384})")
_NAME_ADDR: Final = re.compile(r'^\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^<"]*?))\s*<(?P<uri>[^<>]*)>')
_RESERVED_HEADERS: Final = frozenset(
    {
        "via", "from", "to", "call-id", "cseq", "contact", "max-forwards", "content-length", "content-type", "route",
        "record-route", "authorization", "proxy-authorization", "require", "supported", "allow", "user-agent",
    }
)  # fmt: skip

_ANSWER_AFTER: Final = re.compile(r"(?:^|;)answer-after=([0-9]{1,3})(?![0-9])")
_CALL_FAILURES: Final = {
    401: FailureKind.PASSWORD,
    407: FailureKind.PASSWORD,
    403: FailureKind.FORBIDDEN,
    404: FailureKind.NOT_FOUND,
    408: FailureKind.UNAVAILABLE,
    410: FailureKind.NOT_FOUND,
    415: FailureKind.NOT_ACCEPTABLE,
    480: FailureKind.UNAVAILABLE,
    484: FailureKind.NOT_FOUND,
    486: FailureKind.BUSY,
    487: FailureKind.CANCELLED,
    488: FailureKind.NOT_ACCEPTABLE,
    600: FailureKind.BUSY,
    603: FailureKind.DECLINED,
    604: FailureKind.NOT_FOUND,
    606: FailureKind.NOT_ACCEPTABLE,
}

# 403 on a REGISTER is what Asterisk says to a known user with a wrong secret, so it counts as a wrong password.
_REGISTER_FAILURES: Final = {
    401: FailureKind.PASSWORD,
    403: FailureKind.PASSWORD,
    404: FailureKind.NOT_FOUND,
    407: FailureKind.PASSWORD,
    408: FailureKind.TIMEOUT,
}


class BadTarget(Exception):
    """What should be called is neither a number nor a SIP URI."""


def call_failure(code: int, reason: str) -> Failure:
    """Why a call did not come to be, from the final status (RFC 3261 section 21)."""
    default = FailureKind.SERVER if 500 <= code < 600 else FailureKind.UNKNOWN
    return Failure(kind=_CALL_FAILURES.get(code, default), detail=status_text(code, reason), sip_code=code or None)


def register_failure(code: int, reason: str) -> Failure:
    """Why a registration failed."""
    default = FailureKind.SERVER if 500 <= code < 600 else FailureKind.UNKNOWN
    return Failure(kind=_REGISTER_FAILURES.get(code, default), detail=status_text(code, reason), sip_code=code or None)


def status_text(code: int, reason: str) -> str:
    return plain(f"{code} {reason}".strip())


def plain(text: str, limit: int = _TEXT_LIMIT) -> str:
    """One bounded line without control, format or direction characters, whatever came in."""
    kept = (" " if c in "\r\n\t" else c for c in text[: 4 * limit] if c in "\r\n\t" or unicodedata.category(c)[0] != "C")
    return " ".join("".join(kept).split())[:limit]


def header_values(message: str, *names: str) -> Iterator[str]:
    """Values of the headers so named (compact forms too), unfolded, in order of appearance."""
    wanted = {name.lower() for name in names}
    head = message.partition("\r\n\r\n")[0]
    for line in re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")[1:]:
        name, colon, value = line.partition(":")
        key = name.strip().lower()
        if colon and _COMPACT.get(key, key) in wanted:
            yield value.strip()


def party_of(value: str) -> Party:
    """The party in a From, To, P-Asserted-Identity or Remote-Party-ID value."""
    value = value[:2048]
    name, address = "", value
    if match := _NAME_ADDR.match(value):
        quoted = match["quoted"]
        name = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else match["plain"]
        address = match["uri"]
    else:
        address = value.partition(";")[0]
    uri = _URI.search(address)
    if uri is None:
        return Party(number=plain(address.removeprefix("tel:").partition(";")[0]), name=plain(name), uri=plain(address))
    number = plain(unquote((uri["user"] or "").partition(":")[0]).partition(";")[0])
    return Party(number=number, name=plain(name), uri=plain(uri.group(0).partition("?")[0].partition(";")[0]))


def asserted_party(message: str) -> Party | None:
    """Who the PBX says is at the far end: P-Asserted-Identity (RFC 3325) first, then Remote-Party-ID."""
    for value in header_values(message, "p-asserted-identity"):
        return party_of(value)
    for value in header_values(message, "remote-party-id"):
        return party_of(value)
    return None


def called_number(message: str) -> str:
    """Which number of ours was called: P-Called-Party-ID (RFC 7315 section 4.2), where the PBX names the line, else To."""
    for name in ("p-called-party-id", "to"):
        for value in header_values(message, name):
            if number := party_of(value).number:
                return number
    return ""


def answer_after(message: str) -> float | None:
    """After how many seconds the caller's side wants to be answered without anybody's doing; none when it does not.

    There is no one way: `answer-after` in Call-Info or Alert-Info (draft-ietf-sip-answermode and most desk phones),
    `info=alert-autoanswer` with `delay` in Alert-Info (what Asterisk installations send for paging), `Answer-Mode: Auto`
    (RFC 5373).
    """
    for value in header_values(message, "call-info", "alert-info"):
        lowered = value[:1024].lower().replace(" ", "")
        if match := _ANSWER_AFTER.search(lowered):
            return float(match[1])
        if re.search(r";info=\"?alert-autoanswer\b", lowered):
            delay = re.search(r";delay=([0-9]{1,3})(?![0-9])", lowered)
            return float(delay[1]) if delay else 0.0
    for value in header_values(message, "answer-mode"):
        if value.partition(";")[0].strip().lower() == "auto":
            return 0.0
    return None


def answered_elsewhere(message: str) -> bool:
    """Whether a CANCEL says that another device answered: RFC 3326 cause 200, or Q.850 cause 26 as Asterisk sends it."""
    for value in header_values(message, "reason"):
        lowered = value.lower().replace(" ", "")
        if re.search(r"sip;(?:.*;)?cause=200\b", lowered) or re.search(r"q\.850;(?:.*;)?cause=26\b", lowered):
            return True
    return False


def dial_uri(target: str, account: Account) -> str:
    """The Request-URI for a dialled number or SIP URI. Raises `BadTarget`."""
    target = target.strip()
    if not target or len(target) > _TARGET_LIMIT or any(ord(c) < 0x20 or ord(c) == 0x7F for c in target):
        raise BadTarget("there is nothing to call")
    if target.lower().startswith(("sip:", "sips:")):
        if not (match := _URI.fullmatch(target)) or "?" in target:
            raise BadTarget("that is not a SIP address")
        return f"sip:{match['user']}@{match['rest']}" if match["user"] else f"sip:{match['rest']}"
    if "@" in target:
        return dial_uri(f"sip:{target}", account)
    number = _SEPARATORS.sub("", target) if _DIALED.fullmatch(target) else target
    if not _NUMBER.fullmatch(number):
        raise BadTarget("that is neither a number nor a SIP address")
    return f"sip:{number.replace('#', '%23')}@{domain(account)}{_parameters(account)}"


def domain(account: Account) -> str:
    """Host part of the account's SIP URIs; the port only where the next hop is found by it."""
    host = account.server
    try:
        if ipaddress.ip_address(host).version == 6:
            host = f"[{host}]"
    except ValueError:
        pass  # a name
    return host if account.transport in {Transport.WSS, Transport.TLS} else f"{host}:{account.port}"


def _parameters(account: Account) -> str:
    return ";transport=tcp" if account.transport is Transport.TCP else ""


def registrar_uri(account: Account) -> str:
    return f"sip:{domain(account)}{_parameters(account)}"


def address_of_record(account: Account) -> str:
    """Our own name-addr, for From and REGISTER."""
    user = account.user.replace("%", "%25").replace("#", "%23").replace("@", "%40").replace(" ", "%20")
    name = plain(account.display_name).replace("\\", "\\\\").replace('"', '\\"')
    host = domain(account).rpartition(":")[0] if account.transport in {Transport.UDP, Transport.TCP} else domain(account)
    return f'"{name}" <sip:{user}@{host}>' if name else f"<sip:{user}@{host}>"


def checked_header(header: Header) -> Header:
    """Refuses (`ValueError`) a header that would break out of its line or change what the engine itself decides."""
    if not _TOKEN.fullmatch(header.name) or header.name.lower() in _RESERVED_HEADERS:
        raise ValueError(f"header {plain(header.name, 64)!r} can't be set")
    if len(header.value) > 1024 or any(c in header.value for c in "\r\n\0"):
        raise ValueError(f"the value of header {header.name} is not one line of text")
    return header
