"""Compressed streams, expanded piece by piece, never further than the budget."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

from provenance.facts import Flaw
from provenance.surfaces.containers.sources import BOMB_BYTES, BOMB_RATIO, BombError, Ledger, UnreadableError
from provenance.surfaces.pickles.window import Source

PIECE = 64 * 1024
MAX_KEPT = 8 * 1024 * 1024
"""What expands to no more is kept; the rest is expanded again when something in front is asked for."""
MAX_STREAMS = 10_000
LZMA_MEMORY = 256 * 1024 * 1024
ZSTD_WINDOW = 128 * 1024 * 1024
"""What its readers take unless they are told otherwise."""


class _Decompressor(Protocol):
    """What the standard library's decompressors have in common, and lz4's."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...
    def decompress(self, data: bytes, max_length: int = ...) -> bytes: ...


class _Zlib:
    """zlib's decompressor with the face of the others."""

    def __init__(self, wbits: int) -> None:
        self._inner = zlib.decompressobj(wbits)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    def decompress(self, data: bytes, max_length: int = PIECE) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


class _Zstd:
    """zstandard's decompressor with the face of the others.

    It knows no limit for what it gives back, so it is fed little: four bytes make 128 KiB at most, 1 KiB 32 MiB.
    """

    _FED = 1024

    def __init__(self) -> None:
        import zstandard

        self._inner = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW).decompressobj()
        self._input = memoryview(b"")
        self._ready = memoryview(b"")

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof) and not self._ready

    @property
    def unused_data(self) -> bytes:
        return bytes(self._inner.unused_data) + bytes(self._input)

    @property
    def needs_input(self) -> bool:
        return not (self._input or self._ready)

    def decompress(self, data: bytes, max_length: int = PIECE) -> bytes:
        self._input = memoryview(data) if data else self._input
        while self._input and not self._ready and not self._inner.eof:
            fed, self._input = self._input[: self._FED], self._input[self._FED :]
            self._ready = memoryview(self._inner.decompress(fed))
        piece, self._ready = self._ready[:max_length], self._ready[max_length:]
        return bytes(piece)


_Made = tuple[_Decompressor, type[Exception]]
"""A decompressor, and what it raises where the data is broken."""


def _bzip2() -> _Made:
    import bz2

    return bz2.BZ2Decompressor(), OSError


def _lzma(alone: bool) -> _Made:
    import lzma

    form = lzma.FORMAT_ALONE if alone else lzma.FORMAT_XZ
    return lzma.LZMADecompressor(form, LZMA_MEMORY), lzma.LZMAError


def _zstd() -> _Made:
    import zstandard

    return _Zstd(), zstandard.ZstdError


def _lz4() -> _Made:
    import lz4.frame

    return lz4.frame.LZ4FrameDecompressor(), RuntimeError


CODECS: dict[str, Callable[[], _Made]] = {
    "gzip": lambda: (_Zlib(31), zlib.error),
    "zlib": lambda: (_Zlib(15), zlib.error),
    "deflate": lambda: (_Zlib(-15), zlib.error),
    "bzip2": _bzip2,
    "xz": lambda: _lzma(alone=False),
    "lzma": lambda: _lzma(alone=True),
    "zstd": _zstd,
    "lz4": _lz4,
}
_FOLLOWS = {
    "gzip": re.compile(rb"\x1f\x8b"),
    "bzip2": re.compile(rb"BZh"),
    "xz": re.compile(rb"\xfd7zXZ\x00"),
    "zstd": re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),
    "lz4": re.compile(rb"\x04\x22\x4d\x18|[\x50-\x5f]\x2a\x4d\x18"),
}
"""How a stream begins with which their readers go on after the one that has ended. Zstandard and LZ4 have frames that
hold nothing and are skipped."""


class Expanded:
    """What a compressed source expands to.

    Raises `OverBudgetError` and `UnreadableError` when made, and nothing but `OverBudgetError` afterwards.
    """

    def __init__(self, source: Source, codec: str, ledger: Ledger) -> None:
        self.size = 0
        self.flaws: list[Flaw] = []
        self.crc = 0
        self._source, self._codec, self._ledger = source, codec, ledger
        self._kept: bytearray | None = bytearray()
        for piece in self._pieces(self.flaws):
            self.size += len(piece)
            self.crc = zlib.crc32(piece, self.crc)
            if self.size > BOMB_BYTES and self.size > BOMB_RATIO * source.size:
                raise BombError(f"which expands to more than {BOMB_RATIO} times its size")
            if self._kept is not None:
                self._kept += piece
                if self.size > MAX_KEPT:
                    self._kept = None
        self._stream = self._pieces([])
        self._position, self._behind = 0, b""

    def pread(self, nbytes: int, offset: int) -> bytes:
        """As `Source` says; reading backwards costs what is in front once more."""
        if self._kept is not None:
            return bytes(self._kept[offset : offset + nbytes])
        if offset < self._position - len(self._behind):
            self._stream = self._pieces([])
            self._position, self._behind = 0, b""
        end = min(offset + nbytes, self.size)
        found = bytearray()
        while offset + len(found) < end:
            place = offset + len(found) - (self._position - len(self._behind))
            if place < len(self._behind):
                found += self._behind[place : place + end - offset - len(found)]
                continue
            self._behind = next(self._stream, b"")
            if not self._behind:
                break
            self._position += len(self._behind)
        return bytes(found)

    def _pieces(self, flaws: list[Flaw]) -> Iterator[bytes]:
        """Everything, at most `PIECE` bytes at a time; in `flaws` what is wrong with it."""
        offset, fed, streams = 0, b"", 0
        while True:
            decompressor, broken = CODECS[self._codec]()
            streams += 1
            while not decompressor.eof:
                hungry = getattr(decompressor, "needs_input", True)
                if hungry and not fed:
                    fed = self._source.pread(PIECE, offset)
                    offset += len(fed)
                    if not fed:
                        raise UnreadableError("its compressed data ends early")
                try:
                    piece = decompressor.decompress(fed if hungry else b"", PIECE)
                except (broken, OSError, EOFError, ValueError, MemoryError) as error:
                    raise UnreadableError(f"its compressed data is broken: {error}") from None
                fed = b"" if hungry else fed
                self._ledger.take_expanded(len(piece))
                if piece:
                    yield piece
            fed = (decompressor.unused_data or b"") + fed
            at = offset - len(fed)
            fed, offset = _after_padding(self._source, fed, offset)
            if not fed:
                return
            follows = _FOLLOWS.get(self._codec)
            if follows is None or streams >= MAX_STREAMS or not follows.match(fed):
                flaws.append(Flaw("trailing-data", f"{self._source.size - at:,} bytes after the end", at))
                return


def _after_padding(source: Source, fed: bytes, offset: int) -> tuple[bytes, int]:
    """What follows the zero bytes that writers to tape and flash leave at the end."""
    while True:
        fed = fed.lstrip(b"\x00")
        if fed:
            return fed, offset
        fed = source.pread(PIECE, offset)
        offset += len(fed)
        if not fed:
            return b"", offset
