"""Threads: the order of jobs, the helper of a job that dwarfs the others, and how an error ends everything."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from provenance.reading.crew import BUFFER_BYTES, RING, Job, Meter, StoppedError, Worker, run


def noted(order: list[int], nbytes: int) -> Job:
    return Job(nbytes, lambda worker: order.append(nbytes))


def test_largest_first_on_one_thread() -> None:
    order: list[int] = []
    run([noted(order, nbytes) for nbytes in (3, 9, 1, 7)], 1, Meter(None))
    assert order == [9, 7, 3, 1]


@pytest.mark.parametrize("threads", [0, 1, 2, 3, 8])
@pytest.mark.parametrize("sizes", [[], [5], [5, 5], [100, 1, 1], [0, 0, 0], list(range(20))])
def test_every_job_is_done_once(threads: int, sizes: list[int]) -> None:
    order: list[int] = []
    run([noted(order, nbytes) for nbytes in sizes], threads, Meter(None))
    assert sorted(order) == sorted(sizes)


def test_two_jobs_run_at_the_same_time() -> None:
    barrier = threading.Barrier(2, timeout=10)

    def meet(worker: Worker) -> None:
        barrier.wait()

    run([Job(5, meet), Job(5, meet)], 2, Meter(None))


def test_the_caller_is_one_of_the_threads() -> None:
    seen = set()

    def job(worker: Worker) -> None:
        seen.add(threading.get_ident())
        time.sleep(0.01)

    run([Job(1, job) for _ in range(8)], 2, Meter(None))
    assert threading.get_ident() in seen
    assert len(seen) == 2


def test_only_a_job_that_dwarfs_the_others_has_a_helper() -> None:
    helped: dict[int, bool] = {}

    def job(nbytes: int) -> Job:
        return Job(nbytes, lambda worker: helped.update({nbytes: worker.helper is not None}))

    run([job(100), job(20), job(10)], 2, Meter(None))
    assert helped == {100: True, 20: False, 10: False}
    run([job(60), job(30)], 2, Meter(None))
    assert helped[60] is False
    run([job(100)], 1, Meter(None))
    assert helped[100] is False


def test_buffers_are_one_mebibyte_and_belong_to_one_worker() -> None:
    first, second = Worker(), Worker()
    assert [len(buffer) for buffer in first.buffers] == [BUFFER_BYTES] * RING
    first.buffers[0][0] = 1
    assert not second.buffers[0][0]
    assert not first.buffers[1][0]


def fail(error: BaseException) -> Callable[[Worker], None]:
    def job(worker: Worker) -> None:
        raise error

    return job


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt(), SystemExit(3)])
def test_an_error_is_raised_as_it_is_and_ends_the_rest(threads: int, error: BaseException) -> None:
    meter = Meter(None)
    late: list[int] = []

    def endless(worker: Worker) -> None:
        while True:
            meter(1)
            time.sleep(0.001)

    jobs = [Job(50, fail(error)), *([Job(49, endless)] if threads == 2 else []), noted(late, 1)]
    with pytest.raises(type(error)) as caught:
        run(jobs, threads, meter)
    assert caught.value is error
    assert not late
    with pytest.raises(StoppedError):
        meter(1)


def test_an_error_in_the_large_job_ends_the_small_ones() -> None:
    late: list[int] = []
    with pytest.raises(ValueError, match="first"):
        run([Job(100, fail(ValueError("first"))), noted(late, 1)], 2, Meter(None))
    assert not late


def test_an_interrupt_while_waiting_ends_the_other_thread() -> None:
    meter = Meter(None)
    started = threading.Event()
    running = threading.active_count()

    def job(worker: Worker) -> None:
        if threading.current_thread() is threading.main_thread():
            started.wait(10)  # and then nothing is left to do here but to wait for the other
            return
        started.set()
        time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)
        while True:
            meter(1)
            time.sleep(0.001)

    with pytest.raises(KeyboardInterrupt):
        run([Job(1, job), Job(1, job)], 2, meter)
    deadline = time.monotonic() + 10
    while threading.active_count() > running and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == running


def test_the_first_error_wins() -> None:
    meter = Meter(None)
    meter.stop(StoppedError())
    assert meter.error is None
    meter.stop(ValueError("first"))
    meter.stop(ValueError("second"))
    assert str(meter.error) == "first"


def test_progress_is_told_one_thread_at_a_time() -> None:
    inside = 0
    total = 0

    def progress(nbytes: int) -> None:
        nonlocal inside, total
        inside += 1
        assert inside == 1
        time.sleep(0.0001)
        total += nbytes
        inside -= 1

    meter = Meter(progress)

    def job(worker: Worker) -> None:
        for _ in range(50):
            meter(3)

    run([Job(1, job), Job(1, job)], 2, meter)
    assert total == 300


def test_both_at_the_same_time_with_a_helper_and_in_turn_without() -> None:
    results = []

    def pair(worker: Worker) -> None:
        here = threading.get_ident
        results.append(worker.both(here, here))

    run([Job(1, pair)], 2, Meter(None))
    run([Job(1, pair)], 1, Meter(None))
    (first, second), (third, fourth) = results
    assert first != second
    assert third == fourth


@pytest.mark.parametrize("failing", ["first", "second", "both"])
def test_both_waits_for_the_other_before_it_raises(failing: str) -> None:
    done = []

    def slow(name: str) -> None:
        if failing in {name, "both"}:
            raise ValueError(name)
        time.sleep(0.05)
        done.append(name)

    def job(worker: Worker) -> None:
        worker.both(lambda: slow("first"), lambda: slow("second"))

    with pytest.raises(ValueError, match="first" if failing == "both" else failing):
        run([Job(1, job)], 2, Meter(None))
    assert done == {"first": ["second"], "second": ["first"], "both": []}[failing]
