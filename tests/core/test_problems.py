"""Problems stand once, notices pass."""

from callmanager.bus import EventBus
from callmanager.events import NoticePosted, ProblemCleared, ProblemRaised
from callmanager.notices import NoticePost
from callmanager.problems import OwnedProblems, ProblemBoard
from callmanager.testing import ManualClock


def board() -> tuple[ProblemBoard, list, ManualClock]:
    def fault(error, **_):
        raise error

    bus, events, clock = EventBus(fault), [], ManualClock()
    bus.tap(events.append)
    return ProblemBoard(bus, clock=clock), events, clock


def test_a_problem_raised_again_with_the_same_words_is_not_repeated() -> None:
    problems, events, _ = board()
    problems.raise_problem("x", "It is broken.")
    problems.raise_problem("x", "It is broken.")
    assert len(events) == 1


def test_a_problem_raised_with_other_words_is_replaced_and_keeps_its_time() -> None:
    problems, events, clock = board()
    problems.raise_problem("x", "It is broken.")
    began = problems.current()[0].since
    clock.advance(60)
    problems.raise_problem("x", "It is more broken.")
    (problem,) = problems.current()
    assert (problem.text, problem.since) == ("It is more broken.", began)
    assert [type(event) for event in events] == [ProblemRaised, ProblemRaised]


def test_clearing_tells_once() -> None:
    problems, events, _ = board()
    problems.raise_problem("x", "It is broken.")
    problems.clear("x")
    problems.clear("x")
    assert [type(event) for event in events] == [ProblemRaised, ProblemCleared]
    assert problems.current() == ()


def test_owners_do_not_see_or_clear_each_others_problems() -> None:
    problems, _, _ = board()
    crm, chat = OwnedProblems(problems, "crm"), OwnedProblems(problems, "chat")
    crm.raise_problem("x", "Mine.")
    chat.clear("x")
    assert chat.current() == ()
    assert crm.current()[0].owner == "crm"
    problems.clear_owner("crm")
    assert problems.current() == ()


def test_a_notice_carries_its_owner_and_time() -> None:
    events, clock = [], ManualClock()
    bus = EventBus(lambda error, **_: None)
    bus.subscribe(NoticePosted, events.append)
    NoticePost(bus=bus, owner="crm", clock=clock).post("Done.", hint="Nothing to do.")
    assert (events[0].notice.owner, events[0].notice.at, events[0].notice.hint) == ("crm", clock(), "Nothing to do.")
