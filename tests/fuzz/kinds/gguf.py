"""GGUF files, held against `GGUFReader`: what both take must be the same.

That reader checks little (and reads big-endian files too), so what we alone refuse is not counted against us.
"""

from __future__ import annotations

import contextlib
import functools
import random
import tempfile
from pathlib import Path
from typing import Any

from provenance.records import Header
from tests.fuzz import interface
from tests.fuzz.interface import Kind, Ours
from tests.fuzz.mutations import raw
from tests.reading.formats.forge import small_gguf

_Seen = dict[str, tuple[str, tuple[int, ...], bytes]]
_QUANTS = ("Q4_0", "Q8_0", "Q4_1", "Q5_0", "F16", "BF16")


@functools.cache
def _folder() -> Path:
    shared = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="fuzz-", dir=shared if shared.is_dir() else None))


def seeds() -> tuple[bytes, ...]:
    """What llama.cpp's writer makes: a vocabulary, quantized tensors, nothing at all; and a file of our own."""
    import gguf
    import numpy as np

    def written(*, vocabulary: bool, tensors: bool) -> bytes:
        file = _folder() / "seed.gguf"
        writer: Any = gguf.GGUFWriter(file, "llama")
        if vocabulary:
            writer.add_context_length(64)
            writer.add_token_list(["<s>", "</s>", "ä", "token"])
            writer.add_token_scores([0.0, -1.0, 2.5, 3.0])
            writer.add_token_types([3, 3, 1, 1])
            writer.add_chat_template("{{ messages[0].content }}")
            writer.add_bool("general.flag", True)
        if tensors:
            values = np.linspace(-1, 1, 128, dtype="f4").reshape(2, 64)
            writer.add_tensor("token_embd.weight", values)
            for name in _QUANTS:
                kind = gguf.GGMLQuantizationType[name]
                writer.add_tensor(f"blk.0.{name}.weight", gguf.quants.quantize(values, kind), raw_dtype=kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return file.read_bytes()

    return (
        written(vocabulary=True, tensors=False),
        written(vocabulary=False, tensors=True),
        written(vocabulary=True, tensors=True),
        small_gguf(),
    )


def mutate(data: bytes, source: random.Random) -> bytes:
    """Mostly the header's bytes."""
    end = min(len(data), 700) if source.random() < 0.85 else len(data)
    return raw.in_range(data, 4 if source.random() < 0.95 else 0, end, source)


def reference(data: bytes) -> _Seen | None:
    """Type, shape and bytes by name; None where `GGUFReader` fails."""
    import gguf

    file = _folder() / "m.gguf"
    file.write_bytes(data)
    try:
        reader = gguf.GGUFReader(file)
        return {
            tensor.name: (tensor.tensor_type.name, tuple(reversed(tensor.shape.tolist())), tensor.data.tobytes())
            for tensor in reader.tensors
        }
    except Exception:  # noqa: BLE001 - it raises whatever it meets
        return None


def read(data: bytes) -> Ours:
    """Our reading of one file."""
    return interface.read_ours(data, "m.gguf")


def judge(data: bytes) -> str:
    """How the two readings compare; the other is asked only where we have one, because it may take for ever."""
    ours = read(data)
    if ours.failure or ours.header is None:
        return ours.failure or f"we refuse: {ours.refusal}"
    theirs: _Seen | None = None
    with contextlib.suppress(MemoryError):
        theirs = reference(data)

    def differs(header: Header) -> str:
        seen = {t.name: (t.dtype, t.shape, data[t.offset : t.offset + t.nbytes]) for t in header.tensors}
        return "" if seen == theirs else "tensors"

    return interface.compare(ours, theirs, differs)


GGUF = Kind("gguf", ".gguf", seeds, mutate, read, judge, interface.always_failures)
