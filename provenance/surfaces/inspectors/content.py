"""What every file is, by its bytes and never by its name."""

from __future__ import annotations

from provenance.facts import ContentFact
from provenance.records import Unit
from provenance.surfaces.content_kinds import HEAD_BYTES, TAIL_BYTES, TEXT_KINDS, TORCH_ZIP_MEMBER, Content, identify
from provenance.surfaces.inspectors.interface import Facts, InspectionContext, Inspector

PROGRAM_KINDS = frozenset({"elf", "pe", "macho", "wasm", "dex", "java-class", "python-bytecode", "script"})
_ZIP = b"PK\x03\x04"


class _Content:
    """Keeps the first and last 64 KiB of a file, and watches the rest for what would change its kind.

    That is the name of a checkpoint's pickle in a zip, and a zero byte in a text.
    """

    def __init__(self, executable: bool) -> None:
        self._executable = executable
        self._unit: Unit | None = None
        self._position = 0
        self._head = bytearray()
        self._tail = bytearray()
        self._overlap = b""
        self._seen = False

    def begin(self, unit: Unit) -> None:
        """Remember whose bytes follow."""
        self._unit = unit

    def update(self, chunk: memoryview) -> None:
        """Keep the ends, watch the middle."""
        assert self._unit is not None, "begin comes first"
        if len(self._head) < HEAD_BYTES:
            self._head += chunk[: HEAD_BYTES - len(self._head)]
        if not self._seen:
            self._watch(chunk)
        self._position += len(chunk)
        if self._position > self._unit.nbytes - self._unit.gap - TAIL_BYTES:
            self._tail += chunk[-TAIL_BYTES:]
            del self._tail[:-TAIL_BYTES]

    def _watch(self, chunk: memoryview) -> None:
        """Most binary files show a zero byte in their first chunk, and are not watched any further."""
        marker = TORCH_ZIP_MEMBER if self._head.startswith(_ZIP) else b"\x00"
        margin = len(marker) - 1
        seam = self._overlap + bytes(chunk[:margin])
        self._seen = marker in seam or marker in bytes(chunk)
        self._overlap = (self._overlap + bytes(chunk[-margin:]))[-margin:] if margin else b""

    def finish(self) -> Facts:
        """One fact for each thing that the file is."""
        assert self._unit is not None, "begin comes first"
        found = identify(bytes(self._head), bytes(self._tail), self._unit.nbytes, self._unit.file)
        return tuple(
            ContentFact(
                file=self._unit.file,
                kind=content.kind,
                detail=content.detail,
                executable=self._executable or content.kind in PROGRAM_KINDS,
            )
            for content in map(self._corrected, found)
        )

    def _corrected(self, content: Content) -> Content:
        if not self._seen:
            return content
        if self._head.startswith(_ZIP):
            return Content("torch-zip", "pickles and tensors in a zip, as torch.save writes them")
        if content.kind in TEXT_KINDS and b"\x00" not in self._head:
            return Content("unknown", f"{content.detail} at first, binary data later")
        return content


def _make(unit: Unit, context: InspectionContext) -> _Content:
    return _Content(unit.file in context.executables)


CONTENT = Inspector("content", _make, ends=True)
