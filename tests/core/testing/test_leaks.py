"""The checks of the test kit find what a test leaves behind, and nothing else."""

import textwrap

import pytest

pytest_plugins = ["pytester"]

LEAKS = {
    "tasks": """
        import asyncio
        async def test_it():
            test_it.task = asyncio.create_task(asyncio.Event().wait(), name="forgotten")
            await asyncio.sleep(0)
    """,
    "threads": """
        import threading
        def test_it():
            threading.Thread(target=threading.Event().wait, args=(20,), name="forgotten", daemon=True).start()
    """,
    "children": """
        import subprocess, sys
        def test_it():
            test_it.child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(8) # forgotten"])
    """,
    "sockets": """
        import socket
        def test_it():
            test_it.socket = socket.socket()
    """,
}


def run(pytester: pytest.Pytester, code: str, *, conftest: str = "") -> pytest.RunResult:
    pytester.makeconftest('pytest_plugins = ["callmanager.testing.plugin"]\n' + conftest)
    pytester.makepyfile(textwrap.dedent(code))
    # Without pytest-qt: where Qt is loaded, its own sockets come and go and are not looked at.
    return pytester.runpytest_subprocess(
        "-p", "no:pytest-qt", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto", "--timeout=60"
    )


@pytest.mark.parametrize("kind", LEAKS)
def test_what_is_left_behind_is_named(pytester: pytest.Pytester, kind: str) -> None:
    result = run(pytester, LEAKS[kind])
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*this test left behind:*", f"*{kind}:*"])


def test_a_leak_can_be_announced(pytester: pytest.Pytester) -> None:
    code = textwrap.dedent(LEAKS["threads"]).replace(
        "def test_it", "import pytest\n@pytest.mark.leaves_running('on purpose')\ndef test_it"
    )
    run(pytester, code).assert_outcomes(passed=1)


def test_tidy_tests_pass(pytester: pytest.Pytester) -> None:
    code = """
        import asyncio, socket, subprocess, sys, threading

        async def test_it(harness):
            await harness.connect()
            task = asyncio.create_task(asyncio.sleep(0))
            await task
            await asyncio.to_thread(int, "1")

        def test_other():
            with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
                pass
            subprocess.run([sys.executable, "-c", ""], check=True)
    """
    run(pytester, code).assert_outcomes(passed=2)


def test_unexpected_warnings_of_our_loggers_fail_and_expected_ones_do_not(pytester: pytest.Pytester) -> None:
    code = """
        import logging, pytest

        def test_unexpected():
            logging.getLogger("callmanager_crm.link").warning("the link is odd")

        @pytest.mark.expects_log("link is .*")
        def test_expected():
            logging.getLogger("callmanager_crm.link").warning("the link is odd")

        def test_trusted(caplog):
            logging.getLogger("callmanager_crm.link").warning("the link is odd")

        def test_not_ours():
            logging.getLogger("other").warning("the link is odd")
    """
    result = run(pytester, code)
    result.assert_outcomes(passed=4, errors=1)
    result.stdout.fnmatch_lines(["*the link is odd*"])


def test_the_outside_network_is_refused_even_where_it_is_swallowed(pytester: pytest.Pytester) -> None:
    code = """
        import contextlib, socket, pytest

        def test_outside():
            with contextlib.suppress(BaseException):
                socket.create_connection(("93.184.215.14", 80), timeout=1)

        def test_name_server():
            with contextlib.suppress(BaseException):
                socket.getaddrinfo("www.python.org", 443)

        def test_reserved_names_do_not_resolve():
            with pytest.raises(socket.gaierror):
                socket.getaddrinfo("no-such-host.invalid", 443)

        def test_loopback():
            assert socket.getaddrinfo("localhost", 80)
            with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
                pass
    """
    result = run(pytester, code)
    result.assert_outcomes(passed=4, errors=2)
    result.stdout.fnmatch_lines(["*93.184.215.14*", "*www.python.org*"])
