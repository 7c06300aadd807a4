"""A pytest plugin: copies whatever a scanner's own tests hand to the scanner, and lets nothing be executed.

Loaded with `-p record_samples` into the scanner's Python, in a throwaway folder without network. An audit hook, which
cannot be taken off again, refuses to resolve a global of a pickle and to start a process; a test that wants either
fails, and nobody looks at whether tests pass. `RECORD` is JSON: folder to write to, and what to record.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

REFUSED = (
    "pickle.find_class",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.fork",
    "os.startfile",
    "subprocess.Popen",
    "socket.connect",
    "socket.bind",
    "webbrowser.open",
    "ctypes.dlopen",
    "pty.spawn",
)
LARGEST = 8 << 20
MOST = 4000


def refuse(event: str, _arguments: tuple[object, ...]) -> None:
    """The audit hook."""
    if event in REFUSED:
        raise PermissionError(f"refused while samples are recorded: {event}")


class Recorder:
    """Writes each sample once, in a folder named by its digest."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._seen: set[str] = set()

    def data(self, name: str, content: bytes) -> None:
        """One file."""
        digest = hashlib.sha256(name.encode() + b"\0" + content).hexdigest()[:16]
        if digest in self._seen or not 0 < len(content) <= LARGEST or len(self._seen) >= MOST:
            return
        self._seen.add(digest)
        self._home.joinpath(digest).mkdir(parents=True, exist_ok=True)
        self._home.joinpath(digest, name).write_bytes(content)

    def path(self, path: Path) -> None:
        """A file, or every file of a folder as one sample."""
        if path.is_file():
            if path.stat().st_size <= LARGEST:
                self.data(path.name, path.read_bytes())
            return
        files = sorted(file for file in path.rglob("*") if file.is_file() and not file.is_symlink())[:100]
        if not path.is_dir() or not files or sum(file.stat().st_size for file in files) > LARGEST:
            return
        parts = [file.relative_to(path).as_posix().encode() + b"\0" + file.read_bytes() for file in files]
        digest = hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
        if digest not in self._seen and len(self._seen) < MOST:
            self._seen.add(digest)
            shutil.copytree(path, self._home / digest, symlinks=True, dirs_exist_ok=True)

    def value(self, value: Any, name: str) -> None:
        """Whatever a test hands over: a path where there is no name, else the content of a file of that name."""
        if not name:
            if isinstance(value, str | os.PathLike):
                self.path(Path(value))
        elif isinstance(value, str):
            self.data(name, value.encode(errors="replace"))
        elif isinstance(value, dict):
            self.data(name, json.dumps(value, ensure_ascii=False).encode(errors="replace"))
        elif isinstance(value, bytes | bytearray | memoryview):
            self.data(name, bytes(value))
        elif hasattr(value, "read") and hasattr(value, "seek"):
            position = value.tell()
            self.data(name, value.read())
            value.seek(position)


def recorded(function: Callable[..., Any], recorder: Recorder, index: int, name: str) -> Callable[..., Any]:
    """`function`, its argument number `index` kept first."""

    @functools.wraps(function)
    def wrapper(*arguments: Any, **keywords: Any) -> Any:
        values = [*arguments, *keywords.values()]
        if len(values) > index:
            with contextlib.suppress(OSError, TypeError, ValueError):
                recorder.value(values[index], name)
        return function(*arguments, **keywords)

    return wrapper


def owners(where: str) -> list[tuple[Any, str]]:
    """`module:function`, `module:Class.method`, or `module:*.method` for every class of a package's modules."""
    module, _, place = where.partition(":")
    loaded = importlib.import_module(module)
    *holders, attribute = place.split(".")
    if holders == ["*"]:
        for name in sorted(Path(str(loaded.__file__)).parent.glob("*_scanner.py")):
            importlib.import_module(f"{module}.{name.stem}")
        found: list[Any] = subclasses(importlib.import_module(f"{module}.base").BaseScanner)
        return [(holder, attribute) for holder in found if attribute in vars(holder)]
    for holder in holders:
        loaded = getattr(loaded, holder)
    return [(loaded, attribute)]


def subclasses(parent: type) -> list[type]:
    """Every class below `parent`."""
    children: list[type] = type.__subclasses__(parent)
    return children + [found for child in children for found in subclasses(child)]


def pytest_configure() -> None:
    """Before any test module is imported."""
    asked = json.loads(os.environ["RECORD"])
    recorder = Recorder(Path(asked["home"]))
    for where, index, name in asked["functions"]:
        for holder, attribute in owners(where):
            setattr(holder, attribute, recorded(getattr(holder, attribute), recorder, index, name))
    sys.addaudithook(refuse)
