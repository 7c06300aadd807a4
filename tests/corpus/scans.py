"""What a scan under the default policy says of items of the corpus, in this process, one after another."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fixtures.corpus import BASES, Item, Label
from provenance.errors import ProvenanceError
from provenance.pipeline.check import scan
from provenance.records import Outcome

_CODES = {Outcome.PASS: 0, Outcome.WARN: 0, Outcome.DENIED: 1, Outcome.UNDECIDED: 3}


class Silent:
    """Progress that nobody watches."""

    def begin(self, total: int) -> None:
        """Nothing is drawn."""

    def __call__(self, nbytes: int) -> None:
        """Nothing is drawn."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The exit code of one scan, and its findings of warning or above as `severity rule file: message`."""

    item: Item
    code: int
    findings: tuple[str, ...]

    @property
    def blocked(self) -> bool:
        """Denied, as an attack must be."""
        return self.code == 1

    @property
    def alarm(self) -> bool:
        """Anything that a clean item must not cause."""
        return self.code not in (0, 3) or bool(self.findings)


def answers(items: Iterable[Item]) -> Iterator[Answer]:
    """The answer to each of `items`, in their order; each is built, scanned and removed again."""
    with tempfile.TemporaryDirectory(prefix="corpus-") as folder:
        bases: dict[str, Path] = {}
        for item in items:
            if item.base and item.base not in bases:
                bases[item.base] = Path(folder, "bases", item.base)
                bases[item.base].mkdir(parents=True)
                BASES[item.base](bases[item.base])
            with built(item, Path(folder, "item")) as model:
                yield answer(item, model, bases.get(item.base))


@contextmanager
def built(item: Item, folder: Path) -> Iterator[Path]:
    """The repository of `item`, as long as it is needed."""
    folder.mkdir()
    try:
        item.build(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def answer(item: Item, model: Path, base: Path | None) -> Answer:
    """What the scan of one built item says."""
    try:
        judged = scan(str(model), base=str(base) if base else None, policy=None, at=None, progress=Silent())
    except ProvenanceError as error:
        return Answer(item, int(error.exit), (f"{type(error).__name__}: {error}",))
    found = tuple(
        f"{finding.severity} {finding.rule} {finding.location.file or ''}: {finding.message}"
        for finding in judged.report.findings
        if finding.severity.rank >= 1
    )
    return Answer(item, _CODES[judged.verdict.outcome], found)


def is_wrong(found: Answer) -> bool:
    """An attack that is not denied, or a clean item that is not left alone."""
    return (found.item.label is Label.ATTACK and not found.blocked) or (found.item.label is Label.CLEAN and found.alarm)
