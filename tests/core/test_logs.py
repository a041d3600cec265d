"""The log keeps neither secrets nor whole numbers and names the plugin."""

import logging
from pathlib import Path

import pytest
from callmanager.logs import Redactor, open_log, plugin_logger


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("call to 5550100199 ended", "call to xxxxxxxx99 ended"),
        ("call to +1 (555) 010-0199.", "call to +x (xxx) xxx-xx99."),
        ("sip:15550100199@pbx.example.com", "sip:xxxxxxxxx99@pbx.example.com"),
        ("extension 6000 on 192.168.10.20:8089", "extension 6000 on 192.168.10.20:8089"),
        ("2026-11-23 was fine", "2026-11-23 was fine"),
        ("Authorization: Digest username=a, response=b\r\nVia: x", "Authorization: [removed]\r\nVia: x"),
        (r"b'Proxy-Authorization: Digest x\r\nVia: y'", r"b'Proxy-Authorization: [removed]\r\nVia: y'"),
        ("{'authorization': 'Bearer abc'}", "{'authorization': [removed]"),
        ("Set-Cookie: session=abc; Path=/\r\nX: y", "Set-Cookie: [removed]\r\nX: y"),
        ("{'app-key': 'abc', 'accept': '*/*'}", "{'app-key': [removed], 'accept': '*/*'}"),
        ("X-Auth-Secret: abc", "X-Auth-Secret: [removed]"),
        ("got 'Bearer abcdefghijk' from it", "got 'Bearer [removed]' from it"),
        (
            "asked https://me:pw@api.example.com:8443/v1/out?from=1&key=abc#x now",
            "asked https://api.example.com:8443/v1/out now",
        ),
        ("wss://pbx.example.com:8089/ws opened", "wss://pbx.example.com:8089/ws opened"),
        ("password is correct horse!", "password is [secret]!"),
        ("took 12.345678901 s", "took 12.345678901 s"),
    ],
)
def test_what_must_not_be_written_is_taken_out(text: str, written: str) -> None:
    redactor = Redactor()
    redactor.add_secret("correct horse")
    assert redactor.clean(text) == written


def test_a_long_text_is_cleaned_in_no_time_worth_the_name() -> None:
    redactor = Redactor()
    for text in ("a" * 20_000, "a-" * 10_000, "https://" * 2_500, "x-auth-" * 3_000, "token" * 4_000, "1" * 20_000):
        assert len(redactor.clean(text)) <= len(text)


def test_a_secret_inside_another_is_taken_out_as_a_whole() -> None:
    redactor = Redactor()
    redactor.add_secret("horse")
    redactor.add_secret("correct horse")
    assert redactor.clean("correct horse") == "[secret]"


def test_records_carry_their_plugin_and_a_traceback_is_redacted_too(tmp_path: Path) -> None:
    redactor = Redactor()
    redactor.add_secret("hunter2222")
    close = open_log(tmp_path / "x.log", level="info", redactor=redactor)
    try:
        plugin_logger("crm").info("hello")
        logging.getLogger("callmanager_sip_engine.link").info("from the engine")
        logging.getLogger("callmanager.app").info("dialled %s", "5550100199")
        logging.getLogger("somebody.else").info("not ours")
        try:
            raise ValueError("hunter2222")
        except ValueError as error:
            logging.getLogger("callmanager.app").info("oops", exc_info=error)
    finally:
        close()
    text = (tmp_path / "x.log").read_text()
    assert " crm callmanager.plugin.crm: hello" in text
    assert " sip_engine callmanager_sip_engine.link: from the engine" in text
    assert "dialled xxxxxxxx99" in text
    assert "not ours" not in text
    assert "hunter2222" not in text
    assert "ValueError: [secret]" in text


def test_closing_gives_the_root_logger_back_as_it_was(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    open_log(tmp_path / "x.log", level="debug", redactor=Redactor())()
    assert (root.level, list(root.handlers)) == before


def test_an_unknown_level_is_refused_with_the_choices(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="choose debug"):
        open_log(tmp_path / "x.log", level="loud", redactor=Redactor())


def test_a_log_that_cannot_be_written_is_no_reason_not_to_start(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    close = open_log(tmp_path / "folder", level="info", redactor=Redactor())
    logging.getLogger("callmanager.app").info("still works")
    close()
