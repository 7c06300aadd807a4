"""What a kind of fuzzing is: honest files, a way to change one, and a judge of our reading by another's."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from provenance.errors import CouldNotLook, LimitExceeded, MalformedFile
from provenance.reading.formats import read_header
from provenance.records import ByteReader, Header
from tests.reading.formats.forge import Bytes, assert_sound

SAME = "both read the same"
BOTH_REFUSE = "both refuse"
WE_ALONE_READ = "we alone read"
WE_ALONE_REFUSE = "we alone refuse: "
"""The name of the rule follows."""
MISREAD = "MISREAD: "
"""Both read, and not the same; what differs follows."""
CRASH = "CRASH: "
"""Of ours; the exception follows."""
SLOW = "SLOW: "
"""The seconds follow."""
THEIR_FAULT = "the other reader crashes or hangs"
HANG = "HANG"

SECONDS = 1.0
"""Of processor time that one small file may take us."""


@dataclass(frozen=True, slots=True)
class Ours:
    """Our reading of one file: a header, or the rule or reason that it was refused by, or what went wrong."""

    header: Header | None
    refusal: str = ""
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One population of changed files."""

    name: str
    suffix: str
    seeds: Callable[[], tuple[bytes, ...]]
    """Honest files, the same ones each time."""
    mutate: Callable[[bytes, random.Random], bytes]
    """One changed file; the same for the same state of the random source."""
    read: Callable[[bytes], Ours]
    """Our reading alone."""
    judge: Callable[[bytes], str]
    """One of the outcomes above."""
    failures: Callable[[str], bool]
    """Whether an outcome is a failure of ours."""


def case(kind: Kind, seeds: tuple[bytes, ...], seed: int, number: int) -> bytes:
    """The file of this number: it depends on nothing else than the arguments."""
    source = random.Random(f"{kind.name}/{seed}/{number}")
    return kind.mutate(source.choice(seeds), source)


def read_ours(data: bytes, path: str, read: Callable[[ByteReader], Header | None] = read_header) -> Ours:
    """Read the file; any exception but the ones that `read_header` promises is a crash, and so is an unsound header."""
    began = time.perf_counter()
    try:
        header, refusal = read(Bytes(data, path)), ""
        if header is not None:
            assert_sound(header, len(data))
        else:
            refusal = "not recognised"
    except MalformedFile as error:
        header, refusal = None, error.rejection
    except LimitExceeded:
        header, refusal = None, "limit"
    except CouldNotLook as error:
        header, refusal = None, type(error).__name__
        if "reader failed" in str(error):
            return Ours(None, failure=f"{CRASH}{error}")
    except Exception as error:  # noqa: BLE001 - the very thing that is looked for
        return Ours(None, failure=f"{CRASH}{type(error).__name__}: {error}")
    if time.perf_counter() - began > SECONDS:
        # The machine may be busy; only processor time counts, which is dear to ask for.
        began = time.thread_time()
        with contextlib.suppress(CouldNotLook):
            read(Bytes(data, path))
        used = time.thread_time() - began
        if used > SECONDS:
            return Ours(None, failure=f"{SLOW}{used:.1f} s")
    return Ours(header, refusal)


def compare(ours: Ours, theirs: object | None, differs: Callable[[Header], str]) -> str:
    """The outcome, where `theirs` is None for a refusal; `differs` says how a header differs from it, if at all."""
    if ours.failure:
        return ours.failure
    if ours.header is None:
        return BOTH_REFUSE if theirs is None else WE_ALONE_REFUSE + ours.refusal
    if theirs is None:
        return WE_ALONE_READ
    difference = differs(ours.header)
    return MISREAD + difference if difference else SAME


def always_failures(outcome: str) -> bool:
    """What is a failure in every kind."""
    return outcome.startswith((MISREAD, CRASH, SLOW, HANG))
