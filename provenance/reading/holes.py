"""Files that are larger than what is stored of them: a terabyte of zeros that takes no room, and hours to digest.

What is read of them would be what the file system makes up. Some holes are honest (a file system that stores no
zeros); no model has hundreds of gigabytes of them.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping

from provenance.errors import CouldNotLook, LimitExceeded
from provenance.reading.files import OpenFile

MAX_HOLES = 128 * 1024**3
"""Bytes of holes in all files of one model together: minutes of digesting, not hours."""
MAX_PARTS = 10_000
"""Stored parts of one file that are looked at; after that many it counts as stored to its end."""
MIN_SIZE = 1024 * 1024
"""Smaller files are not asked: as many as a model may have hold 100 GiB."""


def hollow(files: Mapping[str, OpenFile], passed: Mapping[str, range], limit: int) -> dict[str, CouldNotLook]:
    """Files, in the order given, with whose holes the model has more than `limit` bytes of them; each with its error.

    `passed` are bytes that are not going to be read. What cannot be opened is among them too.
    """
    found: dict[str, CouldNotLook] = {}
    left = limit
    for path, file in files.items():
        if file.size - len(passed.get(path, ())) < MIN_SIZE:
            continue
        try:
            holes = _holes(file, passed.get(path, range(0)))
        except CouldNotLook as error:
            found[path] = error
            continue
        file.release()
        if holes > left:
            what = f"is larger than what is stored of it: {holes} bytes of holes, and {limit} are read of a model"
            found[path] = LimitExceeded(what, where=file.where, todo="copy the model from its source again")
        else:
            left -= holes
    return found


def _holes(file: OpenFile, passed: range) -> int:
    """Bytes of a file that are stored nowhere, outside of `passed`; 0 where the file system does not tell."""
    holes, position = 0, 0
    for _ in range(MAX_PARTS):
        try:
            data = os.lseek(file.descriptor, position, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:  # not told, or not asked of this kind of file
                return holes
            data = file.size
        data = min(data, file.size)
        holes += data - position - len(range(max(position, passed.start), min(data, passed.stop)))
        if data >= file.size:
            break
        try:
            position = os.lseek(file.descriptor, data, os.SEEK_HOLE)
        except OSError:
            break
    return holes
