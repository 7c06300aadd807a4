"""What a run without digests passes over: the middle of every file that is neither small nor a document."""

from __future__ import annotations

from collections.abc import Collection

from provenance.reading.model import OpenModel

END_BYTES = 64 * 1024
"""Read of a large file from its first byte and up to its last, besides its header: enough to tell what it is."""
WHOLE_BYTES = 1024 * 1024
"""A file that is no larger is read in full, whatever it is."""
DOCUMENT_BYTES = 64 * 1024 * 1024
"""And a document up to this size, which is more than any inspector reads: the largest tokenizers have half of it."""


def gaps(model: OpenModel, documents: Collection[str]) -> dict[str, range]:
    """The bytes of each file, by path, that are passed over; `documents` are the paths that an inspector wants whole.

    What a validated header leaves is weights, of any size. So the cost does not grow with the weights.
    """
    headers = {header.file: header.nbytes for header in model.headers}
    found = {}
    for path, file in model.files.items():
        whole = 0 if path in headers else DOCUMENT_BYTES if path in documents else WHOLE_BYTES
        gap = range(max(END_BYTES, headers.get(path, 0)), file.size - END_BYTES)
        if file.size > whole and gap:
            found[path] = gap
    return found
