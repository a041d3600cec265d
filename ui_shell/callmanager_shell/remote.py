"""What the commands of the channel do in the running phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from callmanager.api import Call, CallState, UserError

from callmanager_shell.wire import Reply, Request

if TYPE_CHECKING:
    from callmanager.app import Application


class ShellControls(Protocol):
    """What the window side offers to commands."""

    def show(self) -> None: ...
    def quit(self) -> None: ...
    def save_picture(self, path: Path) -> tuple[Path, ...]: ...


class RemoteControl:
    """Carries out one request at a time, on the loop thread, and says how it went."""

    def __init__(self, app: Application, controls: ShellControls) -> None:
        self._app = app
        self._controls = controls
        self._verbs: dict[str, Callable[..., str]] = {
            "dial": self._dial,
            "hangup": self._hang_up,
            "answer": self._answer,
            "keypad": self._keypad,
            "status": self._status,
            "show": self._show,
            "quit": self._quit,
            "screenshot": self._screenshot,
        }

    def __call__(self, request: Request) -> Reply:
        try:
            return Reply(ok=True, text=self._verbs[request.verb](*request.arguments))
        except UserError as error:
            return Reply(ok=False, text=error.text, hint=error.hint)
        except Exception as error:  # noqa: BLE001 - the asker gets an answer whatever happens
            self._app.report_fault(error, owner="shell", doing=f"the command {request.verb}")
            return Reply(ok=False, text=f"the command {request.verb} failed", hint="The details are in the log.")

    def _dial(self, number: str) -> str:
        return f"calling, id {self._app.calls.dial(number)}"

    def _hang_up(self) -> str:
        call = self._pick(
            "hang up", lambda call: call.talking, lambda call: call.state is not CallState.RINGING, lambda _call: True
        )
        self._app.calls.hang_up(call.id)
        return "hanging up"

    def _answer(self) -> str:
        call = self._pick("answer", lambda call: call.state is CallState.RINGING)
        self._app.calls.answer(call.id)
        return "answering"

    def _keypad(self, digits: str) -> str:
        call = self._pick("send digits in", lambda call: call.talking, lambda call: call.state is CallState.PROGRESS)
        self._app.calls.send_digits(call.id, digits)
        return "sending"

    def _status(self) -> str:
        from callmanager.app import status_json

        return status_json(self._app.status())

    def _show(self) -> str:
        self._controls.show()
        return "shown"

    def _quit(self) -> str:
        self._controls.quit()
        return "quitting"

    def _screenshot(self, file: str) -> str:
        path = Path(file)
        if not path.is_absolute() or path.suffix.lower() != ".png":
            raise UserError("a picture is saved under an absolute path that ends in .png")
        return "\n".join(str(saved) for saved in self._controls.save_picture(path))

    def _pick(self, doing: str, *wishes: Callable[[Call], bool]) -> Call:
        """The first live call that fits the first wish that any call fits."""
        calls = [call for call in self._app.calls.current() if not call.background]
        for wish in wishes:
            found = next((call for call in calls if wish(call)), None)
            if found is not None:
                return found
        raise UserError(f"there is no call to {doing}")
