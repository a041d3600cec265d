"""Plugins' small questions (`available`, `checked`), asked so that a wrong answer costs one entry and not the menu."""

from collections.abc import Callable

from callmanager_shell.slots import ReportFault


class Asking:
    """One that raises counts as no, and is reported once, however often it is asked."""

    def __init__(self, report_fault: ReportFault) -> None:
        self._report_fault = report_fault
        self._blamed: set[str] = set()

    def yes(self, question: Callable[[], object], *, key: str, owner: str, label: str) -> bool:
        """Whether the answer is true; `key` tells what is asked about, `label` names it to people."""
        try:
            return bool(question())
        except Exception as error:  # noqa: BLE001 - a foreign plugin's bug must not empty the card or the menu
            if key not in self._blamed:
                self._blamed.add(key)
                self._report_fault(error, owner=owner, doing=f"asking whether “{label}” is available")
            return False
