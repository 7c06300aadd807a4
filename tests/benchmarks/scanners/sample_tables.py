"""What other scanners flag in their own test data, and what we say of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from tests.benchmarks.scanners.interface import Outcome, Scanner
from tests.benchmarks.scanners.measure import Results
from tests.benchmarks.scanners.subjects import Subject
from tests.benchmarks.scanners.tables import CODES, table

HEAD = ("test data of", "samples", "it flags", "any scanner flags", *CODES.values(), "failed")


def sampled(results: Results, samples: Sequence[Subject], peers: Sequence[Scanner], judge: Scanner) -> str:
    """One row per owner of test data, then every sample that a peer flags and `judge`, a row of ours, does not deny."""
    flags = {subject.ident: flagging(results, subject, peers) for subject in samples}
    codes = {subject.ident: results[judge.name, subject.ident].answer.code for subject in samples}
    owners = dict.fromkeys(subject.surface for subject in samples)
    rows = [row(owner, [subject for subject in samples if subject.surface == owner], flags, codes) for owner in owners]
    missed = [
        f"* `{subject.ident}` {files(subject)}: {CODES.get(codes[subject.ident], 'failed')}; "
        f"flagged by {', '.join(flags[subject.ident])}: {reason(results, subject, flags[subject.ident])}\n"
        for subject in samples
        if flags[subject.ident] and codes[subject.ident] != 1
    ]
    found = "".join(missed)
    return f"{table(HEAD, rows)}\nFlagged by another scanner and not denied by ours: {len(missed)}\n\n{found}"


def flagging(results: Results, subject: Subject, peers: Sequence[Scanner]) -> list[str]:
    """The scanners that flag a sample, of those that were run on it."""
    given = {peer.name: results.get((peer.name, subject.ident)) for peer in peers}
    return [name for name, result in given.items() if result and result.answer.outcome is Outcome.FLAGGED]


def row(
    owner: str, owned: Sequence[Subject], flags: Mapping[str, list[str]], codes: Mapping[str, int]
) -> tuple[object, ...]:
    """Counts of one owner's samples; our exit codes are counted over those that any scanner flags."""
    caught = [subject.ident for subject in owned if flags[subject.ident]]
    counted = Counter(codes[ident] for ident in caught)
    ours = [counted.pop(code, 0) for code in CODES]
    by_owner = sum(owner in flags[subject.ident] for subject in owned)
    return (owner, len(owned), by_owner, len(caught), *ours, sum(counted.values()))


def files(subject: Subject) -> str:
    """Names of the first files of a sample."""
    names = [f"`{path.relative_to(subject.folder)}`" for path in sorted(subject.folder.rglob("*")) if path.is_file()]
    return " ".join(names[:4])


def reason(results: Results, subject: Subject, names: Sequence[str]) -> str:
    """The first finding about a sample, its owner's if there is one."""
    name = subject.surface if subject.surface in names else names[0]
    return (*results[name, subject.ident].answer.findings, "")[0]
