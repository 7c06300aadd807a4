"""What is scanned: the corpus, built once below the cache folder."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from fixtures.corpus import BASES, ITEMS, Item, Label

ROOT = Path(__file__).resolve().parents[3]
BASELINE = "an-untouched-repository"
SAMPLE = "sample"
"""Label of test data of another scanner, whose name is its surface."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One folder to scan."""

    ident: str
    label: str
    surface: str
    folder: Path
    base: Path | None
    digest: str
    """SHA-256 over the names and bytes below `folder`, and of the base."""


def sources_digest(*folders: Path) -> str:
    """SHA-256 over every Python and C file below `folders`: it changes where what they do may have changed."""
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in {".py", ".c", ".toml"})
    return digest(files, ROOT)


def digest(files: Iterable[Path], root: Path) -> str:
    """SHA-256 over names and bytes; a link counts by where it points."""
    total = hashlib.sha256()
    for path in files:
        total.update(f"{path.relative_to(root)}\0".encode(errors="surrogateescape"))
        if path.is_symlink():
            total.update(str(path.readlink()).encode(errors="surrogateescape"))
        elif path.is_file():
            with path.open("rb") as stream:
                total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()


def chosen(limit: int | None) -> list[Item]:
    """All items, or `limit` of them: a sample that is the same in every run and grows with the limit."""
    shuffled = sorted(ITEMS, key=lambda item: hashlib.sha256(item.ident.encode()).digest())
    return shuffled[:limit]


def build(folder: Path, write: Callable[[Path], None]) -> Path:
    """Writes a repository unless an earlier run finished it."""
    if not folder.is_dir():
        part = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        write(part)
        part.rename(folder)
    return folder


def corpus(cache: Path, limit: int | None) -> list[Subject]:
    """The items of the corpus as folders, first the untouched repository that most of them start from."""
    home = cache / "corpus" / sources_digest(ROOT / "fixtures")[:16]
    bases = {name: build(home / "bases" / name, write) for name, write in BASES.items()}
    found = [subject(BASELINE, Label.CLEAN, "", bases["tiny"], None)]
    for item in chosen(limit):
        folder = build(home / "items" / item.ident, item.build)
        found.append(subject(item.ident, item.label, item.surface, folder, bases[item.base] if item.base else None))
    return found


def subject(ident: str, label: str, surface: str, folder: Path, base: Path | None) -> Subject:
    """A folder with its digest."""
    sides = [folder] if base is None else [folder, base]
    parts = [digest(sorted(side.rglob("*")), side) for side in sides]
    return Subject(ident, label, surface, folder, base, hashlib.sha256("".join(parts).encode()).hexdigest())
