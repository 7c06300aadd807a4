"""Digesting a model (SHA-256 of files, BLAKE3 of tensors, header checks) against `openssl dgst` on the same files.

`openssl dgst` over all files on two processors is the floor: SHA-256 alone, in C. Debian's `sha256sum` does not use the
processor's SHA instructions and would be an easy yardstick. Ratios matter; seconds are this machine's.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.processes import measure, table

ROUNDS = 7
SHARDS = 4
TENSORS = 32
MEBIBYTE = 1 << 20
TENSOR_BYTES = 8 * MEBIBYTE

DIGEST = """
import sys
from provenance.reading import digests
from provenance.reading.engine import open_model, read
from provenance.reading.sources import resolve

with open_model(resolve(sys.argv[1])) as model:
    reading = read(model, [digests.digest_file], [digests.digest_tensor], threads=int(sys.argv[2]))
print(digests.manifest(model.listing.kind, reading.files, reading.tensors))
"""

PAIR = """
import sys
from provenance.reading import digests
from provenance.reading.engine import open_model, read_pair
from provenance.reading.sources import resolve

class Ignore:
    def begin(self, candidate, base): pass
    def update(self, candidate, base): pass
    def finish(self): pass

with open_model(resolve(sys.argv[1])) as candidate, open_model(resolve(sys.argv[2])) as base:
    ours, theirs = ([tensor for header in model.headers for tensor in header.tensors] for model in (candidate, base))
    pairs = list(zip(ours, theirs, strict=True))
    seen = read_pair(candidate, base, pairs, lambda one, two: Ignore(), [digests.digest_file], [digests.digest_tensor])
assert not seen.reread_bytes
"""


def shard(path: Path, names: list[str]) -> None:
    """A safetensors file of bf16 vectors; their values do not matter to a digest."""
    header = {
        name: {
            "dtype": "BF16",
            "shape": [TENSOR_BYTES // 2],
            "data_offsets": [k * TENSOR_BYTES, (k + 1) * TENSOR_BYTES],
        }
        for k, name in enumerate(names)
    }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    block = random.Random(path.name).randbytes(MEBIBYTE)
    with path.open("wb") as stream:
        stream.write(len(text).to_bytes(8, "little") + text)
        for _ in range(len(names) * TENSOR_BYTES // MEBIBYTE):
            stream.write(block)


def model(folder: Path, shards: int) -> str:
    """A model of 1 GiB in so many shards."""
    folder.mkdir()
    names = [f"layers.{number}.weight" for number in range(SHARDS * TENSORS)]
    each = len(names) // shards
    for number in range(shards):
        shard(folder / f"model-{number + 1:05}-of-{shards:05}.safetensors", names[number * each : (number + 1) * each])
    return str(folder)


def main() -> None:
    """Measure and print."""
    if not shutil.which("openssl"):
        sys.stdout.write("openssl is not here: nothing to measure against\n")
        return
    with tempfile.TemporaryDirectory() as folder:
        many, one = model(Path(folder, "many"), SHARDS), model(Path(folder, "one"), 1)
        openssl = "find {} -name '*.safetensors' -print0 | xargs -0 -n 1 -P 2 openssl dgst -sha256"
        ours = [sys.executable, "-c", DIGEST]
        first, second = f"openssl, {SHARDS} shards, 2 processes", "openssl, one file"
        commands = {
            first: ["sh", "-c", openssl.format(many)],
            f"ours, {SHARDS} shards, 2 threads": [*ours, many, "2"],
            f"ours, {SHARDS} shards, 1 thread": [*ours, many, "1"],
            second: ["sh", "-c", openssl.format(one)],
            "ours, one file, 2 threads": [*ours, one, "2"],
            "ours, one file, 1 thread": [*ours, one, "1"],
            "openssl, both models, 2 processes": ["sh", "-c", openssl.format(folder)],
            "ours, both models in step, 2 threads": [sys.executable, "-c", PAIR, many, one],
        }
        costs = measure(commands, ROUNDS)
    names = list(commands)
    for group, target in ((names[:3], 1.3), (names[3:6], 1.3), (names[6:], 1.4)):
        table({name: costs[name] for name in group}, group[0], {group[1]: target})


if __name__ == "__main__":
    main()
