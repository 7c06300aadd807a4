"""Memory does not grow with the model: the peak of a process that digests more is the peak of one that digests less."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

MEBIBYTE = 1 << 20
GIBIBYTE = 1 << 30

# Linux lets a child inherit its parent's ru_maxrss, but not the peak of its own address space.
PEAK = """
def peak():
    try:
        lines = open("/proc/self/status").read().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024
    except FileNotFoundError:
        import resource
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
"""

DIGEST = f"""
{PEAK}
import sys
from provenance.reading import digests
from provenance.reading.engine import open_model, read
from provenance.reading.sources import resolve
with open_model(resolve(sys.argv[1])) as model:
    reading = read(model, [digests.digest_file], [digests.digest_tensor])
manifest = digests.manifest(model.listing.kind, reading.files, reading.tensors)
print(peak(), sum(file.size for file in manifest.files), len(manifest.tensors))
"""

COMPARE = f"""
{PEAK}
import sys
from provenance.reading import digests
from provenance.reading.engine import open_model, read_pair
from provenance.reading.sources import resolve

class Count:
    def begin(self, candidate, base): self.count = 0
    def update(self, candidate, base): self.count += len(candidate)
    def finish(self): return self.count

with open_model(resolve(sys.argv[1])) as candidate, open_model(resolve(sys.argv[1])) as base:
    ours, theirs = ([tensor for header in model.headers for tensor in header.tensors] for model in (candidate, base))
    # The first and the last tensor change places, so that some pairs have to be read again.
    pairs = list(zip(ours, [theirs[-1], *theirs[1:-1], theirs[0]], strict=True))
    files, tensors = [digests.digest_file], [digests.digest_tensor]
    seen = read_pair(candidate, base, pairs, lambda one, two: Count(), files, tensors)
assert len(seen.candidate.tensors) == len(seen.base.tensors) == len(ours)
print(peak(), 2 * sum(file.size for file in seen.base.files), len(ours))
"""


def sparse_model(folder: Path, nbytes: int, shards: int, tensors: int) -> Path:
    """Shards whose tensors are holes: they take no room on disk and read as zeros."""
    folder.mkdir()
    each = nbytes // tensors // shards // 2 * 2
    for number in range(shards):
        header = {
            f"layers.{number}.{k}": {"dtype": "BF16", "shape": [each // 2], "data_offsets": [k * each, (k + 1) * each]}
            for k in range(tensors)
        }
        text = json.dumps(header).encode()
        path = folder / f"model-{number + 1:05}-of-{shards:05}.safetensors"
        path.write_bytes(len(text).to_bytes(8, "little") + text)
        os.truncate(path, 8 + len(text) + tensors * each)
    return folder


def peak(program: str, model: Path) -> int:
    done = subprocess.run([sys.executable, "-c", program, str(model)], capture_output=True, text=True, check=True)
    bytes_at_peak, nbytes, tensors = map(int, done.stdout.split())
    assert nbytes >= sum(path.stat().st_size for path in model.iterdir())
    assert tensors > 0
    return bytes_at_peak


@pytest.mark.parametrize(
    ("program", "shards"), [(DIGEST, 2), (DIGEST, 1), (COMPARE, 1)], ids=["digest", "one file", "pair"]
)
def test_peak_memory_is_equal_for_64_and_512_mib(tmp_path: Path, program: str, shards: int) -> None:
    small = peak(program, sparse_model(tmp_path / "small", 64 * MEBIBYTE, shards, 16))
    large = peak(program, sparse_model(tmp_path / "large", 512 * MEBIBYTE, shards, 16))
    assert abs(large - small) < 8 * MEBIBYTE
    assert large < 100 * MEBIBYTE


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_peak_memory_is_equal_for_5_and_20_gib(tmp_path: Path) -> None:
    small = peak(DIGEST, sparse_model(tmp_path / "small", 5 * GIBIBYTE, 2, 50))
    large = peak(DIGEST, sparse_model(tmp_path / "large", 20 * GIBIBYTE, 5, 50))
    assert abs(large - small) < 8 * MEBIBYTE
    assert large < 100 * MEBIBYTE
