"""What a hostile text makes of the child is a failure with a name, and the next request is answered all the same."""

from __future__ import annotations

import json

import pytest

from provenance.surfaces.sandbox import Failure, Limits, Sandbox

CHILD = "tests.surfaces.misbehaving"
LIMITS = Limits(seconds=1, answer=4096)


def test_answers_come_in_order_and_are_json() -> None:
    with Sandbox(CHILD) as sandbox:
        for request in ("a", ["b", {"c": 1.5}], None, "é\u2028", "x" * 300_000):
            assert sandbox.ask(request) == json.loads(json.dumps(request))


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        ("loop", "time"),
        ("memory", "memory"),
        ("grow", "memory"),
        ("answer", "answer"),
        ("recurse", "crash"),
        ("die", "crash"),
    ],
)
def test_every_way_to_fail_has_a_name_and_ends_there(request_: str, kind: str) -> None:
    with Sandbox(CHILD, LIMITS) as sandbox:
        failure = sandbox.ask(request_)
        assert failure == Failure(kind)
        assert str(failure).startswith("it ")
        assert sandbox.ask("still here") == "still here"


def test_a_child_that_says_nothing_is_given_up() -> None:
    with Sandbox(CHILD, Limits(seconds=0)) as sandbox:
        assert sandbox.ask("sleep") == Failure("time")


@pytest.mark.parametrize("attempt", ["file", "socket", "write"])
def test_the_child_can_open_nothing(attempt: str) -> None:
    with Sandbox(CHILD) as sandbox:
        assert sandbox.ask("ready") == "ready"
        assert sandbox.ask(attempt) == "OSError"


def test_close_ends_the_child_and_twice_is_once() -> None:
    sandbox = Sandbox(CHILD)
    sandbox.close()
    assert sandbox.ask(1) == 1
    sandbox.close()
    sandbox.close()
