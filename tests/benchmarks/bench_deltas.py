"""Delta statistics against the limit, which is reading both sides once. Ratios matter; GB/s are this machine's.

Rounds are interleaved and medians taken, so that other load on the machine falls on every row alike. Speeds count the
bytes of both tensors, per second of processor time; two threads show in the wall clock.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from provenance.weights import kernels
from provenance.weights.kernels import reference

CHUNK = 1 << 20
CHUNKS = 64
ROUNDS = 7


def chunks(dtype: str, share: float = 1.0) -> tuple[bytes, bytes]:
    """One chunk of Gaussian weights, and the same with a share of its elements moved a little."""
    import numpy as np

    rng = np.random.default_rng(0)
    width = kernels.FLOAT_BYTES[dtype]
    base = rng.normal(0, 0.02, CHUNK // width).astype(np.float32)
    candidate = np.where(rng.random(len(base)) < share, base + rng.normal(0, 1e-4, len(base)), base).astype(np.float32)
    if dtype == "BF16":
        return (candidate.view(np.uint32) >> 16).astype("<u2").tobytes(), (base.view(np.uint32) >> 16).astype(
            "<u2"
        ).tobytes()
    return candidate.astype(f"<f{width}").tobytes(), base.astype(f"<f{width}").tobytes()


def cycle(step: Callable[[memoryview, memoryview], None], candidate: bytes, base: bytes) -> Callable[[], None]:
    """Runs `step` over many chunks of a buffer larger than the caches."""
    ours, theirs = (memoryview(bytearray(side * CHUNKS)) for side in (candidate, base))

    def run() -> None:
        for start in range(0, len(ours), CHUNK):
            step(ours[start : start + CHUNK], theirs[start : start + CHUNK])

    return run


def in_c(dtype: str = "BF16") -> Callable[[memoryview, memoryview], None]:
    """The face, which takes C for BF16 where it was built."""
    accumulator = kernels.Accumulator()
    return lambda a, b: kernels.accumulate(a, b, dtype, dtype, accumulator)


def in_numpy(dtype: str) -> Callable[[memoryview, memoryview], None]:
    """The reference."""
    accumulator = kernels.Accumulator()
    return lambda a, b: reference.accumulate(a, b, dtype, dtype, accumulator.sums, accumulator.counts)


def copying() -> Callable[[memoryview, memoryview], None]:
    """Copies both sides into one reused buffer: the plain cost of touching every byte."""
    buffer = memoryview(bytearray(CHUNK))

    def copy(a: memoryview, b: memoryview) -> None:
        buffer[:] = a
        buffer[:] = b

    return copy


def on_two_threads(one: Callable[[], None], other: Callable[[], None]) -> Callable[[], None]:
    """Both at once; the kernel lets other threads run."""

    def run() -> None:
        with ThreadPoolExecutor(2) as pool:
            for future in [pool.submit(one), pool.submit(other)]:
                future.result()

    return run


def main() -> None:
    """Measure and print."""
    dense, sparse = chunks("BF16"), chunks("BF16", share=0.0001)
    cases = {"copy both sides (the limit)": (cycle(copying(), *dense), 1)}
    if kernels.native_available():
        cases |= {
            "C, every element changed": (cycle(in_c(), *dense), 1),
            "C, 1 in 10,000 changed": (cycle(in_c(), *sparse), 1),
            "C, equal": (cycle(in_c(), dense[1], dense[1]), 1),
            "C, every element changed, 2 threads": (on_two_threads(*(cycle(in_c(), *dense) for _ in range(2))), 2),
        }
    cases |= {f"numpy, {dtype}": (cycle(in_numpy(dtype), *chunks(dtype)), 1) for dtype in ("BF16", "F16", "F32")}
    cpu: dict[str, list[float]] = {name: [] for name in cases}
    wall: dict[str, list[float]] = {name: [] for name in cases}
    for number in range(ROUNDS + 1):
        for name in random.sample(list(cases), len(cases)):
            run, work = cases[name]
            start = time.process_time(), time.perf_counter()
            run()
            if number:
                cpu[name].append((time.process_time() - start[0]) / work)
                wall[name].append((time.perf_counter() - start[1]) / work)
    report(*({name: statistics.median(times) for name, times in clock.items()} for clock in (cpu, wall)))


def report(cpu: dict[str, float], wall: dict[str, float]) -> None:
    """A table, and the ratio of the two implementations."""
    limit = next(iter(cpu))
    out = [f"{'case':<40}{'GB/cpu-s':>10}{'cpu x limit':>13}{'wall x limit':>14}"]
    for name, seconds in cpu.items():
        speed = 2 * CHUNK * CHUNKS / seconds / 1e9
        out.append(f"{name:<40}{speed:>10.2f}{seconds / cpu[limit]:>13.2f}{wall[name] / wall[limit]:>14.2f}")
    if kernels.native_available():
        ratio = cpu["numpy, BF16"] / cpu["C, every element changed"]
        out.append(f"numpy takes {ratio:.1f} times the processor time of C")
    else:
        out.append("the C kernel was not built")
    sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
