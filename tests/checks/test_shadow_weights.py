"""How a second form that differs is told."""

from __future__ import annotations

from provenance.checks.shadow_weights import SHADOW_WEIGHTS
from provenance.checks.shards import SHARDS
from provenance.facts import TwinsFact
from provenance.records import Finding, Severity, ShardIndex
from tests.checks.models import evidence, header, model

NO_NAMES: tuple[str, ...] = ()


def fact(
    differing: tuple[str, ...] = NO_NAMES,
    missing: tuple[str, ...] = NO_NAMES,
    extra: tuple[str, ...] = NO_NAMES,
    counts: tuple[int, int, int] | None = None,
    unknown: int = 0,
) -> TwinsFact:
    known = counts or (len(differing), len(missing), len(extra))
    files = ("model.safetensors", "a-00001-of-00002.bin")
    return TwinsFact(
        "a-00001-of-00002.bin", files, "model.safetensors", "a.bin", "X loads", 3, 0, differing, missing, extra, known,
        unknown,
    )  # fmt: skip


def run(one: TwinsFact) -> list[Finding]:
    return list(SHADOW_WEIGHTS.run(evidence(model(facts=[one]))))


def test_forms_that_agree_are_quiet_and_so_are_those_that_were_not_compared() -> None:
    assert run(fact()) == []
    assert run(fact(unknown=7)) == []


def test_everything_that_differs_is_one_finding() -> None:
    (found,) = run(fact(("a", "b"), ("c",), ("d",)))
    assert found.message == (
        "2 tensors differ from 'model.safetensors': 'a', 'b'; 1 of 'model.safetensors' missing: 'c'; "
        "1 that 'model.safetensors' does not have: 'd'. Most loaders take 'model.safetensors'; X loads 'a.bin'"
    )
    assert (found.location.file, found.location.tensor) == ("a-00001-of-00002.bin", "a")


def test_many_are_counted() -> None:
    (found,) = run(fact(tuple("abcdefgh"), counts=(40, 0, 0)))
    assert "40 tensors differ from 'model.safetensors': 'a', 'b', 'c' and 37 more" in found.message
    (found,) = run(fact(tuple("abcd")))
    assert "'a', 'b', 'c' and 1 more" in found.message


def test_a_copy_that_agrees_is_no_stranger_beside_an_index() -> None:
    shard, index = "model-00001-of-00001.safetensors", "model.safetensors.index.json"
    for unknown, severity in ((0, Severity.INFO), (1, Severity.WARNING)):
        one = TwinsFact(shard, ("model.safetensors", shard), "model.safetensors", "s", "X", 1, 0, (), (), (), (0, 0, 0),
                        unknown)  # fmt: skip
        seen = model(
            files=(shard, index, "model.safetensors"),
            headers=[header(shard, ["w"]), header("model.safetensors", ["w"])],
            indexes=[ShardIndex(index, {"w": shard}, None)],
            facts=[one],
        )
        (found,) = SHARDS.run(evidence(seen))
        assert (found.rule, found.severity) == ("shard-unlisted", severity)
