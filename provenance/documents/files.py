"""Small files, in and out: reading that is bounded and cannot hang, writing that is whole or not at all.

Documents, keys and bundles come from outside, so a path may name a pipe, a directory or 1 GiB of zeros. Model files
are not read here: the reading engine has its own rules for them.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from provenance.errors import CouldNotLook, LimitExceeded, UsageError


def read_bytes(path: Path, *, max_bytes: int) -> bytes:
    """All bytes of the regular file at `path`, at most `max_bytes` of them. A symbolic link is followed.

    Raises `UsageError` where there is no such file or it is of another kind, `LimitExceeded` where it is larger, and
    `CouldNotLook` where it cannot be read.
    """
    not_a_file = UsageError("not a regular file", where=str(path), todo="name a file")
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise not_a_file
            data = file.read(max_bytes + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError("no such file", where=str(path), todo="check the path") from None
    except IsADirectoryError:
        raise not_a_file from None
    except ValueError:
        raise UsageError("not a path", where=str(path), todo="check the path") from None
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise CouldNotLook(what, where=str(path), todo="check its permissions") from None
    if len(data) > max_bytes:
        raise LimitExceeded(
            f"more than {max_bytes} bytes", where=str(path), todo="check that this is the file you meant"
        )
    return data


def write_atomically(path: Path, data: bytes) -> None:
    """Put `data` at `path`: a reader sees the old file or the whole new one, also after a crash or a full disk.

    A symbolic link at `path` is replaced, what it points to is left alone. Raises `UsageError` where the folder is
    missing or not writable, and where something else than a file stands at `path`.
    """
    try:
        with contextlib.suppress(FileNotFoundError):
            # Follows links: /dev/stdout is a link, and renaming over it would break the machine for everyone.
            if not stat.S_ISREG(path.stat().st_mode):
                raise UsageError("something that is not a file stands there", where=str(path), todo="name another file")
        _replace(path, data)
    except ValueError:
        raise UsageError("not a path", where=str(path), todo="check the path") from None
    except OSError as error:
        reason = error.strerror or "it cannot be written"
        raise UsageError(
            f"cannot write: {reason}", where=str(path), todo="name a file in a folder you may write to"
        ) from None


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{os.urandom(8).hex()}.tmp")  # in the same folder: a rename cannot cross file systems
    # Plain os.open, not tempfile: the result gets the mode that the user's umask gives to every other new file.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    with contextlib.suppress(OSError):  # some file systems refuse to sync a folder; the file itself is safe by now
        folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _without_waiting(path: str, flags: int) -> int:
    """An opener that comes back at once from a pipe that nobody writes to."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
