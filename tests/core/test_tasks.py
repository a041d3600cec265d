"""Background work is retried politely, told once, and ends with its owner."""

import asyncio

import attrs
import pytest
from callmanager.bus import EventBus
from callmanager.errors import NotConfigured, SignInNeeded, Unreachable, UserError
from callmanager.problems import OwnedProblems, ProblemBoard
from callmanager.tasks import LONGEST_PAUSE, TaskSupervisor


@attrs.define
class Bench:
    pauses: list[float] = attrs.Factory(list)
    faults: list[tuple[str, str, str]] = attrs.Factory(list)
    problems: OwnedProblems = attrs.field(init=False)
    tasks: TaskSupervisor = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.problems = OwnedProblems(ProblemBoard(EventBus(lambda error, **_: None)), "crm")
        self.tasks = TaskSupervisor(
            owner="crm", problems=self.problems, report_fault=self._fault, sleep=self._sleep, settled_after=0.01
        )

    def _fault(self, error: BaseException, *, owner: str, doing: str) -> None:
        self.faults.append((type(error).__name__, owner, doing))

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    def problem_ids(self) -> list[str]:
        return [problem.id for problem in self.problems.current()]


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def until(condition) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - any condition, so there is no event to wait for
            await asyncio.sleep(0.001)


async def test_a_fault_of_a_task_is_reported_with_owner_and_name(bench: Bench) -> None:
    async def work() -> None:
        raise ValueError("no")

    bench.tasks.start(work(), name="sync")
    await until(lambda: bench.faults)
    assert bench.faults == [("ValueError", "crm", "the task sync")]
    assert bench.tasks.running == ()


async def test_a_user_error_of_a_task_is_a_problem_and_no_fault(bench: Bench) -> None:
    async def work() -> None:
        raise UserError("no such folder", "Choose another.")

    bench.tasks.start(work(), name="sync")
    await until(bench.problem_ids)
    assert bench.faults == []


async def test_the_undo_cancels(bench: Bench) -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    undo = bench.tasks.start(work(), name="wait")
    await asyncio.sleep(0)
    undo()
    async with asyncio.timeout(5):
        await ended.wait()
    await bench.tasks.close()


async def test_pauses_grow_from_one_second_to_sixty_and_are_spread(bench: Bench) -> None:
    async def work() -> None:
        raise Unreachable("the PBX does not answer")

    undo = bench.tasks.supervise(work, name="link")
    await until(lambda: len(bench.pauses) >= 9)
    undo()
    await bench.tasks.close()
    for pause, middle in zip(bench.pauses[:9], [1, 2, 4, 8, 16, 32, 60, 60, 60], strict=True):
        assert 0.75 * middle <= pause <= 1.25 * middle
    assert max(bench.pauses) <= LONGEST_PAUSE * 1.25
    assert len(set(bench.pauses[6:9])) > 1


async def test_a_service_that_asks_for_a_longer_pause_gets_it(bench: Bench) -> None:
    async def work() -> None:
        raise Unreachable("not now", retry_after=120.0 if len(bench.pauses) < 2 else None)

    undo = bench.tasks.supervise(work, name="link")
    await until(lambda: len(bench.pauses) >= 3)
    undo()
    await bench.tasks.close()
    assert all(120.0 <= pause <= 150.0 for pause in bench.pauses[:2])
    assert 3.0 <= bench.pauses[2] <= 5.0


async def test_unreachable_is_one_problem_that_goes_when_the_work_lasts(bench: Bench) -> None:
    tries = 0
    stop = asyncio.Event()

    async def work() -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise Unreachable("the PBX does not answer")
        await stop.wait()

    bench.tasks.supervise(work, name="link")
    await until(lambda: tries == 3)
    assert bench.problem_ids() == ["unreachable:link"]
    await until(lambda: bench.problem_ids() == [])
    stop.set()
    await until(lambda: bench.tasks.running == ())
    assert bench.faults == []


async def test_after_a_recovery_the_pauses_begin_anew(bench: Bench) -> None:
    tries = 0

    async def work() -> None:
        nonlocal tries
        tries += 1
        if tries == 4:
            await asyncio.sleep(0.05)
        raise Unreachable("gone")

    undo = bench.tasks.supervise(work, name="link")
    await until(lambda: len(bench.pauses) >= 4)
    undo()
    await bench.tasks.close()
    assert bench.pauses[2] > 2.5
    assert bench.pauses[3] < 1.3


async def test_a_refused_sign_in_ends_the_work_with_a_problem(bench: Bench) -> None:
    tries = 0

    async def work() -> None:
        nonlocal tries
        tries += 1
        raise SignInNeeded("the password was refused")

    bench.tasks.supervise(work, name="link")
    await until(lambda: bench.tasks.running == ())
    assert (tries, bench.pauses, bench.problem_ids()) == (1, [], ["sign-in:link"])


async def test_what_is_not_set_up_ends_silently(bench: Bench) -> None:
    async def work() -> None:
        raise NotConfigured("no server yet")

    bench.tasks.supervise(work, name="link")
    await until(lambda: bench.tasks.running == ())
    assert (bench.problem_ids(), bench.faults) == ([], [])


async def test_a_bug_is_forgiven_twice(bench: Bench) -> None:
    async def work() -> None:
        raise KeyError("oops")

    bench.tasks.supervise(work, name="link")
    await until(lambda: bench.tasks.running == ())
    assert len(bench.faults) == 3
    assert bench.problem_ids() == ["unreachable:link"]


@pytest.mark.expects_log("does not end when it is cancelled")
async def test_a_task_that_refuses_to_end_is_named(bench: Bench) -> None:
    release = asyncio.Event()

    async def work() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    bench.tasks.start(work(), name="stubborn")
    await asyncio.sleep(0)
    assert [task.get_name() for task in await bench.tasks.close(wait_seconds=0.05)] == ["crm: stubborn"]
    release.set()
    await until(lambda: bench.tasks.running == ())


async def test_a_task_that_is_cancelled_before_its_first_step_leaves_no_warning(bench: Bench) -> None:
    async def work() -> None:
        raise AssertionError("it must not begin")

    bench.tasks.start(work(), name="never")()
    await bench.tasks.close()
    assert bench.faults == []


async def test_nothing_starts_after_the_end(bench: Bench) -> None:
    await bench.tasks.close()

    async def work() -> None: ...

    with pytest.raises(RuntimeError, match="being stopped"):
        bench.tasks.start(work(), name="late")


def test_a_task_without_a_loop_is_refused_at_once(bench: Bench) -> None:
    async def work() -> None: ...

    with pytest.raises(RuntimeError):
        bench.tasks.start(work(), name="early")
