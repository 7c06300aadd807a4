"""Digesting a model (SHA-256 of files, BLAKE3 of tensors, header checks) against `openssl dgst` on the same files.

`openssl dgst` over all files on two processors is the floor: SHA-256 alone, in C. Debian's `sha256sum` does not use the
processor's SHA instructions and would be an easy yardstick. Ratios matter; seconds are this machine's.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.processes import measure, table

ROUNDS = 7
GIBIBYTE = 1 << 30
TENSOR_BYTES = 8 << 20

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


def model(folder: Path, nbytes: int, shards: int) -> str:
    """A model of bf16 vectors; they are holes, which take no room on disk and cost a digest what weights cost."""
    folder.mkdir()
    for number in range(shards):
        header = {
            f"layers.{number}.{k}": {
                "dtype": "BF16",
                "shape": [TENSOR_BYTES // 2],
                "data_offsets": [k * TENSOR_BYTES, (k + 1) * TENSOR_BYTES],
            }
            for k in range(nbytes // shards // TENSOR_BYTES)
        }
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        path = folder / f"model-{number + 1:05}-of-{shards:05}.safetensors"
        path.write_bytes(len(text).to_bytes(8, "little") + text)
        os.truncate(path, 8 + len(text) + nbytes // shards)
    return str(folder)


def main() -> None:
    """Measure and print."""
    if not shutil.which("openssl"):
        sys.stdout.write("openssl is not here: nothing to measure against\n")
        return
    with tempfile.TemporaryDirectory() as folder:
        many, one = model(Path(folder, "many"), 4 * GIBIBYTE, 4), model(Path(folder, "one"), GIBIBYTE, 1)
        openssl = "find {} -name '*.safetensors' -print0 | xargs -0 -n 1 -P 2 openssl dgst -sha256"
        ours = [sys.executable, "-c", DIGEST]
        commands = {
            "openssl, 4 shards of 1 GiB, 2 processes": ["sh", "-c", openssl.format(many)],
            "ours, 4 shards of 1 GiB, 2 threads": [*ours, many, "2"],
            "openssl, one file of 1 GiB": ["sh", "-c", openssl.format(one)],
            "ours, one file of 1 GiB, 2 threads": [*ours, one, "2"],
            "ours, one file of 1 GiB, 1 thread": [*ours, one, "1"],
            "openssl, two files of 1 GiB, 2 processes": ["sh", "-c", openssl.format(f"{one} {one}")],
            "ours, two models of 1 GiB in step, 2 threads": [sys.executable, "-c", PAIR, one, one],
        }
        costs = measure(commands, ROUNDS)
    names = list(commands)
    for group, target in ((names[:2], 1.3), (names[2:5], 1.3), (names[5:], 1.4)):
        table({name: costs[name] for name in group}, group[0], {group[1]: target})


if __name__ == "__main__":
    main()
