"""What is wrong now: one board, where each trouble stands once until it is cleared."""

import logging

import attrs

from callmanager.bus import EventBus
from callmanager.clock import Clock, utc_now
from callmanager.events import ProblemCleared, ProblemRaised
from callmanager.model.notices import Problem, Severity

_log = logging.getLogger(__name__)


class ProblemBoard:
    """The board of the whole app (protocol `Problems` for the core itself; plugins get a view of their own).

    A problem is known by owner and id: raised again with other words it is replaced and published, with the same words
    nothing happens. Clearing what is not there does nothing.
    """

    def __init__(self, bus: EventBus, *, clock: Clock = utc_now) -> None:
        self._bus = bus
        self._clock = clock
        self._problems: dict[tuple[str, str], Problem] = {}

    def raise_problem(
        self,
        problem_id: str,
        text: str,
        *,
        hint: str = "",
        details: str = "",
        severity: Severity = Severity.ERROR,
        owner: str = "core",
    ) -> None:
        before = self._problems.get((owner, problem_id))
        problem = Problem(
            id=problem_id,
            owner=owner,
            text=text,
            hint=hint,
            details=details,
            severity=severity,
            since=before.since if before else self._clock(),
        )
        if problem == before:
            return
        self._problems[owner, problem_id] = problem
        _log.info("problem %s of %s: %s", problem_id, owner, text)
        self._bus.publish(ProblemRaised(problem=problem))

    def clear(self, problem_id: str, *, owner: str = "core") -> None:
        problem = self._problems.pop((owner, problem_id), None)
        if problem is not None:
            _log.info("problem %s of %s is over", problem_id, owner)
            self._bus.publish(ProblemCleared(problem=problem))

    def clear_owner(self, owner: str) -> None:
        """Take down everything of a plugin that goes."""
        for key in [key for key in self._problems if key[0] == owner]:
            self.clear(key[1], owner=owner)

    def current(self) -> tuple[Problem, ...]:
        """All problems, oldest first."""
        return tuple(self._problems.values())


@attrs.frozen
class OwnedProblems:
    """The board as one plugin sees it (protocol `Problems`): its own problems only."""

    board: ProblemBoard
    owner: str

    def raise_problem(
        self, problem_id: str, text: str, *, hint: str = "", details: str = "", severity: Severity = Severity.ERROR
    ) -> None:
        self.board.raise_problem(problem_id, text, hint=hint, details=details, severity=severity, owner=self.owner)

    def clear(self, problem_id: str) -> None:
        self.board.clear(problem_id, owner=self.owner)

    def current(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.board.current() if problem.owner == self.owner)
