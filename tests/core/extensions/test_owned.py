"""What a plugin's context hands out has everything that the public protocols promise, with the same arguments."""

import inspect
from typing import Any

import pytest
from callmanager import owned, problems, protocols
from callmanager.calls.service import CallService
from callmanager.http.client import PluginHttp
from callmanager.http.messages import Http
from callmanager.notices import NoticePost
from callmanager.tasks import TaskSupervisor

PAIRS: list[tuple[type[Any], type[Any]]] = [
    (protocols.Events, owned.OwnedEvents),
    (protocols.Calls, owned.OwnedCalls),
    (protocols.Calls, CallService),
    (protocols.Accounts, owned.OwnedAccounts),
    (protocols.Audio, owned.OwnedAudio),
    (protocols.Secrets, owned.OwnedSecrets),
    (protocols.Settings, owned.OwnedSettings),
    (protocols.Notices, NoticePost),
    (protocols.Problems, problems.OwnedProblems),
    (protocols.Tasks, TaskSupervisor),
    (Http, PluginHttp),
]


def promised(protocol: type[Any]) -> dict[str, Any]:
    return {name: member for name, member in vars(protocol).items() if not name.startswith("_")}


@pytest.mark.parametrize(("protocol", "kind"), PAIRS, ids=lambda kind: kind.__name__)
def test_each_promise_is_kept_with_the_same_arguments(protocol: type[Any], kind: type[Any]) -> None:
    assert promised(protocol)
    for name, member in promised(protocol).items():
        given = inspect.getattr_static(kind, name, None)
        assert given is not None, f"{kind.__name__} has no {name}"
        if inspect.isfunction(member):
            wanted = [(one.name, one.kind) for one in inspect.signature(member).parameters.values()]
            assert [(one.name, one.kind) for one in inspect.signature(given).parameters.values()] == wanted, name


def test_a_context_has_all_services_of_its_protocol() -> None:
    from callmanager.context import PluginContext

    missing = [name for name in promised(protocols.Context) if inspect.getattr_static(PluginContext, name, None) is None]
    assert missing == []
