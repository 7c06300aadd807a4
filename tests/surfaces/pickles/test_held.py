"""Pickles that are held as data by others."""

from __future__ import annotations

import base64
import pickle
import random
import subprocess

import pytest

from provenance.surfaces.pickles.held import Bytes
from provenance.surfaces.pickles.machine import Budget
from provenance.surfaces.pickles.streams import walk_streams


class Calls:
    """Calls something when it is unpickled, which nobody does here."""

    def __reduce__(self) -> tuple[object, ...]:
        return subprocess.getoutput, ("true",)


INNER = pickle.dumps(Calls())
OLD = pickle.dumps(Calls(), protocol=0)


def imported(value: object, protocol: int | None = None) -> set[str]:
    data = pickle.dumps(value, protocol=protocol)
    found = walk_streams(Bytes(data), "a.pkl", "", Budget())
    return {f"{seen.module}.{seen.name}" for fact in found.pickles for seen in fact.references if seen.called}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "value",
    [
        {"state": INNER},
        [INNER + bytes(10_000)],
        base64.b64encode(OLD),
        base64.b64encode(INNER).decode(),
        base64.b64encode(INNER + bytes(10_000)),
        base64.encodebytes(INNER).decode(),
        base64.urlsafe_b64encode(INNER).rstrip(b"=").decode(),
        pickle.dumps({"again": INNER}),
        INNER[:-1],
    ],
    ids=["bytes", "long", "old", "base64", "long-base64", "lines", "urlsafe", "twice", "no-stop"],
)
def test_what_a_held_pickle_calls_counts(value: object, protocol: int) -> None:
    assert "subprocess.getoutput" in imported(value, protocol)


@pytest.mark.parametrize("value", [bytearray(INNER), OLD, bytearray(OLD)])
def test_bytes_and_byte_arrays_of_newer_protocols(value: object) -> None:
    assert "subprocess.getoutput" in imported(value, 5)


def test_plain_data_and_chance_import_nothing() -> None:
    chance = random.Random(1)
    values: list[object] = [b"\x80\x04" + chance.randbytes(chance.randrange(6, 3000)) for _ in range(3000)]
    assert (
        imported(
            [*values, pickle.dumps({"a": [1, 2.5, "x"]}), "gASV is how it begins", "config\nuration\n", OLD.decode()]
        )
        == set()
    )


def test_how_many_and_how_deep_is_bounded() -> None:
    many = pickle.dumps([pickle.dumps(number) + b"......" for number in range(1000)])
    found = walk_streams(Bytes(many), "a.pkl", "", Budget())
    assert "too-many-streams" in {flaw.kind for flaw in found.pickles[0].flaws}
    deep = INNER
    for _ in range(30):
        deep = pickle.dumps([deep])
    for value in (deep, base64.b64encode(b"\x80\x04" + pickle.dumps(bytes(2_000_000))[2:])):
        found = walk_streams(Bytes(pickle.dumps(value)), "a.pkl", "", Budget())
        assert "too-many-streams" in {flaw.kind for flaw in found.pickles[0].flaws}
