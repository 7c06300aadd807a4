"""Digesting a model (SHA-256 of files, BLAKE3 of tensors, header checks) against `openssl dgst` on the same files.

`openssl dgst` over all files on two processors is the floor: SHA-256 alone, in C. Debian's `sha256sum` does not use the
processor's SHA instructions and would be an easy yardstick. `model_signing sign` is the tool that people use for this
today; it makes SHA-256 of files and no more. Ratios matter; seconds are this machine's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.models import GIBIBYTE, safetensors
from tests.benchmarks.processes import measure, table
from tests.benchmarks.scanners.environments import made

ROUNDS = 7
PEER = ("model-signing==1.1.1", "pyOpenSSL")
"""Its own dependencies leave out pyOpenSSL, which it imports."""
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "provenance-benchmarks"

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

OPENSSL = "find {} -name '*.safetensors' -print0 | xargs -0 -n 1 -P 2 openssl dgst -sha256"


def main() -> None:
    """Measure and print."""
    if not shutil.which("openssl"):
        sys.stdout.write("openssl is not here: nothing to measure against\n")
        return
    with tempfile.TemporaryDirectory() as folder:
        many, one = safetensors(Path(folder, "many"), 4 * GIBIBYTE, 4), safetensors(Path(folder, "one"), GIBIBYTE, 1)
        _sharded(many, Path(folder))
        ours = [sys.executable, "-c", DIGEST, one]
        commands = {
            "openssl, one file of 1 GiB": ["sh", "-c", OPENSSL.format(one)],
            "ours, one file of 1 GiB, 2 threads": [*ours, "2"],
            "ours, one file of 1 GiB, 1 thread": [*ours, "1"],
        }
        table(measure(commands, ROUNDS), next(iter(commands)), {"ours, one file of 1 GiB, 2 threads": 1.05})
        commands = {
            "openssl, two files of 1 GiB, 2 processes": ["sh", "-c", OPENSSL.format(f"{one} {one}")],
            "ours, two models of 1 GiB in step, 2 threads": [sys.executable, "-c", PAIR, one, one],
        }
        table(measure(commands, ROUNDS), next(iter(commands)), {"ours, two models of 1 GiB in step, 2 threads": 1.4})


def _sharded(many: str, folder: Path) -> None:
    """4 shards of 1 GiB: the digests alone, the whole of `scan`, and the peer where it can be had."""
    yardstick, digests, scan = "openssl, 4 x 1 GiB, 2 processes", "ours, digests alone, 2 threads", "provenance scan"
    commands = {
        yardstick: ["sh", "-c", OPENSSL.format(many)],
        digests: [sys.executable, "-c", DIGEST, many, "2"],
        scan: [sys.executable, "-m", "provenance", "scan", many],
    }
    peer = "model_signing sign"
    if programs := made("model-signing", PEER, CACHE):
        key = folder / "key.pem"
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(key)], check=True)
        sign = [str(programs / "model_signing"), "sign", "key", many, "--private_key", str(key)]
        commands[peer] = [*sign, "--signature", str(folder / "model.sig")]
    else:
        sys.stdout.write("model-signing cannot be installed here: not measured\n")
    costs = measure(commands, ROUNDS)
    table(costs, yardstick, {digests: 1.25})
    if peer in costs:
        table({name: costs[name] for name in (peer, digests, scan)}, peer, {digests: 1.0, scan: 1.0})


if __name__ == "__main__":
    main()
