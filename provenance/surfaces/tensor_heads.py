"""What the first bytes of a tensor are where they are no numbers.

Numbers may be any bytes: of a million tensors of random bytes none may be taken for a program. So a mark of four bytes
has to be there, or a shorter one and a structure behind it that numbers do not have.
"""

from __future__ import annotations

import re
import zlib

from provenance.surfaces.content_kinds import Content, identify
from provenance.surfaces.pickles.recognise import walk

PROGRAMS = frozenset({"elf", "pe", "macho", "wasm", "dex", "ar", "llvm-bitcode", "java-class", "python-bytecode"})
ARCHIVES = frozenset({"zip", "torch-zip", "xz", "zstd", "lz4", "7z", "rar", "tar", "bzip2"})
HEAD_BYTES = 4096
"""As much as `program` is handed where there is more."""
LEAST_BYTES = 16
"""No program, script or archive is shorter."""

_MAY_BE = re.compile(
    rb"\x7fELF|MZ|\xfe\xed\xfa|[\xce\xcf]\xfa\xed\xfe|\0asm|dex\n|!<arch>|BC\xc0\xde|\xca\xfe\xba\xbe|(?s:..)\r\n|#!|PK|\x1f\x8b"
    rb"|\xfd7zXZ|\(\xb5/\xfd|\x04\x22M\x18|7z\xbc|Rar!|BZh|\x80[\0-\5]|(?s:.{257})ustar"
)
"""The marks themselves, for speed."""
_IMPORT = re.compile(rb"[ci][\w.]{1,100}+\n[\w.]{1,100}+\n")
"""Pickles of protocol 0 have no mark, and name what they import on two lines."""
_PE = re.compile(rb"MZ(?s:.{58})(?s:(.{4}))")


def program(head: bytes, nbytes: int) -> str:
    """What a tensor of `nbytes` bytes begins with, in plain words; empty where it may be numbers."""
    if nbytes < LEAST_BYTES or not (_MAY_BE.match(head) or _IMPORT.search(head, 0, 600)):
        return ""
    filled = head.rstrip(b"\0")  # a short file in a tensor that is longer
    if len(filled) < len(head):
        head, nbytes = filled, len(filled)
    found = (content.detail for content in identify(head, b"", nbytes, "") if _is_certain(content, head, nbytes))
    return " and ".join(found)


def _is_certain(content: Content, head: bytes, nbytes: int) -> bool:
    match content.kind:
        case "pe":
            stub = _PE.match(head)
            return head.startswith(b"MZqFpD") or bool(
                stub and head.startswith(b"PE\0\0", int.from_bytes(stub[1], "little"))
            )
        case "pickle":
            steps = walk(head, nbytes)
            return steps.calls or (steps.imports and bool(steps.stop))
        case "gzip":
            return _unpacks(head)
        case "torch-legacy" | "script":
            return True
        case "python":
            return head.startswith(b"#!")
        case kind:
            return kind in PROGRAMS | ARCHIVES


def _unpacks(head: bytes) -> bool:
    """A mark of two bytes is not enough; its method, flags and a little of the stream say the rest."""
    if head[2:3] != b"\x08" or head[3] & 0xE0:
        return False
    try:
        return bool(zlib.decompressobj(wbits=31).decompress(head, 64))
    except zlib.error:
        return False
