"""Frozen values that the wings hand to each other, and the enums of the product, one place each.

No I/O and no logic beyond what a value knows of itself. A measurement is a value or a `Skipped`; `Skipped` never
improves a verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeVar

from provenance.facts import Fact

# ---------------------------------------------------------------------------------------------------------------------
# Enums: their values are the words of every output
# ---------------------------------------------------------------------------------------------------------------------


class Severity(StrEnum):
    """How bad a finding is. `rank` orders them: info < warning < error < critical."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for info up to 3 for critical."""
        return list(Severity).index(self)


class Confidence(StrEnum):
    """How sure a finding is: `high` is a fact about the bytes, `low` a hint worth a look."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Relation(StrEnum):
    """What a candidate is to its base; a list of these is in the order things were done."""

    IDENTICAL = "identical"
    REPACKED = "repacked"
    DTYPE_CAST = "dtype-cast"
    SCALED = "scaled"
    QUANTIZED = "quantized"
    REQUANTIZED = "requantized"
    DEQUANTIZED = "dequantized"
    ADAPTER = "adapter"
    LORA_MERGED = "lora-merged"
    LOW_RANK_EDIT = "low-rank-edit"
    ABLITERATED = "abliterated"
    NOISE_ADDED = "noise-added"
    FINE_TUNED = "fine-tuned"
    CONTINUED_PRETRAINED = "continued-pretrained"
    SAME_INIT = "same-init"
    MERGED = "merged"
    FRANKENMERGED = "frankenmerged"
    DEPTH_UPSCALED = "depth-upscaled"
    PRUNED = "pruned"
    VOCABULARY_CHANGED = "vocabulary-changed"
    MTP_DROPPED = "mtp-dropped"
    MTP_CHANGED = "mtp-changed"
    PARTLY_REINITIALISED = "partly-reinitialised"
    LAUNDERED = "laundered"
    UNRELATED = "unrelated"
    INCONCLUSIVE = "inconclusive"


class TensorState(StrEnum):
    """What one tensor of the candidate is to its counterpart in the base."""

    IDENTICAL = "identical"
    CAST = "cast"
    CHANGED = "changed"
    RESHAPED = "reshaped"
    ADDED = "added"
    MISSING = "missing"
    UNSUPPORTED = "unsupported"


class Assurance(StrEnum):
    """What a statement about a model rests on, strongest first."""

    BYTES = "bytes"
    SAMPLED = "sampled"
    HUB_CLAIM = "hub-claim"
    ATTESTED_ONLY = "attested-only"
    NONE = "none"


class ModelKind(StrEnum):
    """How a model lies on disk, which decides how its subject digest is made (docs/digests.md)."""

    DIRECTORY = "directory"
    FILE = "file"
    SPLIT = "split"


class Outcome(StrEnum):
    """A verdict. Denied beats undecided beats warn beats pass."""

    PASS = "pass"
    WARN = "warn"
    UNDECIDED = "undecided"
    DENIED = "denied"


class RuleResult(StrEnum):
    """The three values of a policy rule, and `warn` where the policy asks for no more than a warning."""

    PASS = "pass"
    WARN = "warn"
    UNKNOWN = "unknown"
    FAIL = "fail"


# ---------------------------------------------------------------------------------------------------------------------
# Not measured
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Skipped:
    """Takes the place of any evidence that was not measured.

    `asked` tells what was asked for and could not be done (a verdict is then undecided) from what was not asked for.
    """

    surface: str
    """What was not looked at, in kebab-case: `lineage`, `behaviour`, `attestations`, or a file or tensor name."""
    reason: str
    asked: bool = False


# ---------------------------------------------------------------------------------------------------------------------
# Files, headers, tensors
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor as a validated header declares it; no bytes of it have been read."""

    name: str
    dtype: str
    """Stored type in upper case: safetensors' names (`BF16`, `F32`, `I8`, …; `C128` beside them) or ggml's (`Q4_K`,
    `IQ2_XXS`, …)."""
    shape: tuple[int, ...]
    """Outermost dimension first, as in safetensors; GGUF's reversed order is turned round by its reader."""
    file: str
    """Path of its file inside the model, `/`-separated."""
    offset: int
    """Absolute byte offset in that file."""
    nbytes: int
    """Bytes as they are stored, one after another."""

    @property
    def elements(self) -> int:
        """Number of elements; 1 for a scalar."""
        product = 1
        for dimension in self.shape:
            product *= dimension
        return product


MetadataValue = str | int | float | bool | tuple["MetadataValue", ...]
"""What a header's metadata may hold: safetensors has strings only, GGUF scalars and (nested) arrays."""


@dataclass(frozen=True, slots=True)
class External:
    """Values of a tensor that lie in another file, and were not read there."""

    tensor: str
    file: str
    """As the header names it: relative to the header's folder, or whatever else it says."""
    end: int
    """Offset in that file after their last byte, as far as the header says."""


@dataclass(frozen=True, slots=True)
class Header:
    """A wholly validated header: every tensor lies inside its file.

    None overlaps another but in a torch checkpoint, whose tensors may share storage.
    """

    file: str
    format: str
    """`safetensors`, `gguf`, `torch`, `npy`, `npz` or `onnx`."""
    version: int
    """Of the format as the file states it; 0 where it states none."""
    tensors: tuple[Tensor, ...]
    """In order of their offsets."""
    metadata: Mapping[str, MetadataValue]
    nbytes: int
    """Bytes [0, nbytes) of the file are header (padding included) and tensor data follows; 0 where what describes the
    tensors lies elsewhere or in several places."""
    blake3: str
    """Digest of what describes the tensors: of the header's bytes where they lie in front."""
    unread: tuple[Skipped, ...] = ()
    """Tensors that the file holds and that are no range of its bytes, by name: their values were not looked at."""
    external: tuple[External, ...] = ()
    """Those of them whose values lie in other files."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A weight file whose header broke a rule: data about a bad model."""

    file: str
    format: str
    rule: str
    """Kebab-case name of the broken rule, one hostile fixture and one test each."""
    message: str
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class ShardIndex:
    """A `*.index.json` as found: which file should hold which tensor."""

    file: str
    weight_map: Mapping[str, str]
    """Tensor name to shard path, exactly as declared (paths not yet believed)."""
    total_size: int | None


@dataclass(frozen=True, slots=True)
class Refused:
    """Something in a model's folder that is no part of what was looked at: a link, a pipe, what cannot be read."""

    path: str
    """As the folder has it; it may hold any character. Empty for the folder itself."""
    kind: str
    """`link-out link-inside link-broken device special name collision too-deep too-many unreadable`."""
    reason: str
    """Plain words."""


@dataclass(frozen=True, slots=True)
class FileDigest:
    """One file of the model, digested."""

    path: str
    size: int
    sha256: str | None
    """None in a run without digests."""


@dataclass(frozen=True, slots=True)
class TensorDigest:
    """One tensor, digested over its stored bytes."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    file: str
    nbytes: int
    blake3: str | None
    """None in a run without digests."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A model's files and tensors and its two names (docs/digests.md). Never empty."""

    kind: ModelKind
    files: tuple[FileDigest, ...]
    """Sorted by path bytes; at least one."""
    tensors: tuple[TensorDigest, ...]
    """Sorted by name bytes, then file; empty only when every weight file was rejected or is of a kind not read."""
    subject_sha256: str | None
    """The directory digest, or the plain SHA-256 of a single file: the one subject of every statement. None where a
    file was not digested: such a model has no name, and nothing can be said of it that would hold for its bytes."""
    tensor_root: str | None
    """BLAKE3 Merkle root over the tensors; None where there are none, or they were not digested."""
    excluded: tuple[str, ...] = ()
    """Files left out of the set by rule (`.git/`, `.cache/huggingface/`, our bundles), sorted; outputs name each."""

    def __post_init__(self) -> None:
        if not self.files:
            raise ValueError("a manifest names at least one file")


# ---------------------------------------------------------------------------------------------------------------------
# Reading: the seam between the engine and whoever wants bytes
# ---------------------------------------------------------------------------------------------------------------------

R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Unit:
    """A contiguous range of one file that is pushed to a consumer: a whole file, or one tensor of it."""

    file: str
    offset: int
    nbytes: int
    tensor: Tensor | None = None
    gap: int = 0
    """Bytes in its middle that are not read and not pushed: a run without digests reads the ends of large files."""


class ByteReader(Protocol):
    """One open file of a model, or one member of an archive, for whoever has to seek in it."""

    @property
    def path(self) -> str:
        """Path inside the model, `/`-separated."""

    @property
    def size(self) -> int:
        """Size in bytes when it was opened."""

    def pread(self, nbytes: int, offset: int) -> bytes:
        """The `nbytes` bytes at `offset`; fewer only where the file ends. `OSError` where it cannot be read."""


class Consumer(Protocol[R_co]):
    """Takes one unit's bytes in order. `update` must not keep `chunk`: its buffer is reused. One thread at a time."""

    def begin(self, unit: Unit) -> None:
        """Called once, before any bytes."""

    def update(self, chunk: memoryview) -> None:
        """Called with consecutive pieces, each at most 1 MiB."""

    def finish(self) -> R_co:
        """Called once, after the last byte; returns a frozen record."""


class PairConsumer(Protocol[R_co]):
    """Takes two tensors of equal element count in step: each call carries the same elements of both."""

    def begin(self, candidate: Unit, base: Unit) -> None:
        """Called once, before any bytes."""

    def update(self, candidate: memoryview, base: memoryview) -> None:
        """Called with the same consecutive elements of both, whole elements, at most 1 MiB a side."""

    def finish(self) -> R_co:
        """Called once, after the last element; returns a frozen record."""


class Progress(Protocol):
    """Told of bytes read; the command draws a bar from it, the library ignores it."""

    def __call__(self, nbytes: int) -> None:
        """`nbytes` more bytes were read."""


# ---------------------------------------------------------------------------------------------------------------------
# Lineage
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DeltaStatistics:
    """Statistics of candidate minus base over one tensor. Integers are exact; floats are sums in float64."""

    elements: int
    changed: int
    """Elements whose values differ (after widening both to a common type); -0 equals +0, NaN equals NaN."""
    max_abs: float
    norm_delta: float
    norm_base: float
    norm_candidate: float
    inner: float
    """Inner product of candidate and base."""
    nonfinite: int
    """Elements that are NaN or infinite in either; they are left out of the sums and of `max_abs`."""
    cast_mismatch: int
    """Elements that are not the base's rounded to the candidate's dtype bit for bit (NaN for NaN); 0: an exact cast."""

    @property
    def relative_norm(self) -> float:
        """Frobenius norm of the delta over that of the base; inf where the base is zero and the delta is not."""
        if self.norm_base == 0.0:
            return 0.0 if self.norm_delta == 0.0 else float("inf")
        return self.norm_delta / self.norm_base

    @property
    def cosine(self) -> float | None:
        """Cosine between candidate and base; None where either is zero or not finite."""
        product = self.norm_base * self.norm_candidate
        if product == 0.0 or product != product or product == float("inf"):
            return None
        return max(-1.0, min(1.0, self.inner / product))

    @property
    def changed_fraction(self) -> float:
        """Share of elements that differ, 0 to 1."""
        return self.changed / self.elements if self.elements else 0.0


@dataclass(frozen=True, slots=True)
class TensorComparison:
    """One canonical tensor: what the candidate's is to the base's, and the statistics that say so."""

    name: str
    """The candidate's stored name; the base's where the candidate has none."""
    base_name: str
    role: str
    """Canonical role, `layers.3.attention.q` style; the plain name where the architecture is unknown."""
    state: TensorState
    candidate_dtype: str = ""
    base_dtype: str = ""
    shape: tuple[int, ...] = ()
    statistics: DeltaStatistics | None = None
    note: str = ""
    file: str = ""
    """File of the candidate's tensor: a name may stand in two files. Empty where the candidate has none."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """What the candidate is to its base."""

    base: str
    """The base as the user named it."""
    base_subject_sha256: str
    base_tensor_root: str | None
    relations: tuple[Relation, ...]
    """In the order things were done; at least one."""
    possible: frozenset[Relation]
    """Every relation the evidence does not rule out: a policy that allows none of these is broken for sure."""
    tensors: tuple[TensorComparison, ...]
    basis: str
    """One plain sentence: what the relation rests on, with counts."""
    architecture: str
    """Family whose names were mapped, or `names` where tensors were matched by stored name alone."""
    reread_bytes: int = 0
    """Bytes read a second time because the two storage orders disagree."""

    def __post_init__(self) -> None:
        if not self.relations or not self.tensors:
            raise ValueError("a lineage names at least one relation and one tensor")


# ---------------------------------------------------------------------------------------------------------------------
# Evidence, findings, claims
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ModelEvidence:
    """All that was seen of one model."""

    name: str
    """As the user named it."""
    manifest: Manifest
    headers: tuple[Header, ...]
    rejections: tuple[Rejection, ...]
    indexes: tuple[ShardIndex, ...]
    facts: tuple[Fact, ...]
    newer: tuple[Rejection, ...] = ()
    """Weight files that use what this version does not know yet: not looked at, and not known to be bad."""
    over_budget: tuple[str, ...] = ()
    """Documents that were digested and not looked into, because there are too many for memory."""
    unread: tuple[Skipped, ...] = ()
    """Weight files of a variant that this version does not read, by path, each with its reason."""
    broken_claims: tuple[str, ...] = ()
    """Files of a Hugging Face cache whose content is not what their blob's name says."""
    refused: tuple[Refused, ...] = ()
    """What of the model's folder was not looked at. Where there is any, the model has no name."""
    gaps: Mapping[str, int] = field(default_factory=dict)
    """Bytes that were not read, by file: its middle, in a run without digests."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was read of one surface: law 1's other half."""

    surface: str
    examined: int
    total: int
    unit: str
    """`files`, `tensors`, `bytes`, …"""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What checks judge: everything measured, and everything that was not."""

    candidate: ModelEvidence
    base: ModelEvidence | Skipped
    lineage: Lineage | Skipped
    skipped: tuple[Skipped, ...] = ()
    """Further surfaces that were not looked at."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where a finding is; every field that applies."""

    file: str = ""
    tensor: str = ""
    offset: int | None = None
    line: int | None = None
    json_path: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a check saw. Data, never an exception."""

    rule: str
    severity: Severity
    confidence: Confidence
    message: str
    """Plain words: what was seen, with the values."""
    advice: str
    """What to do next."""
    location: Location = field(default_factory=Location)


@dataclass(frozen=True, slots=True)
class VerifiedClaim:
    """One statement that passed every step of verification."""

    predicate_type: str
    signer: str
    """The name the policy gives the signer."""
    key_id: str
    """SHA-256 of the signer's SPKI DER, hex."""
    subject_sha256: str
    statement_sha256: str
    predicate: Mapping[str, object]
    """The parsed predicate; the signed bytes stay in the bundle."""
    signed_at: str | None
    """Verified time (RFC 3339), None where nothing trusted says when."""
    source: str
    """File and line the bundle came from."""


@dataclass(frozen=True, slots=True)
class FailedClaim:
    """One bundle that did not verify, and the numbered step that stopped it."""

    source: str
    step: int
    reason: str
    predicate_type: str = ""


@dataclass(frozen=True, slots=True)
class VerifiedClaims:
    """The result of verifying a set of bundles against one subject."""

    claims: tuple[VerifiedClaim, ...]
    failures: tuple[FailedClaim, ...]


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """One policy rule, judged."""

    rule: str
    """Path of the rule in the policy: `lineage.relations`, `findings.deny-severity`, …"""
    result: RuleResult
    message: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a policy says of a report; made by `trust/policy` alone, never read back from a file."""

    outcome: Outcome
    policy: str
    policy_sha256: str
    rules: tuple[RuleOutcome, ...]
    """Every rule that was judged; at least one."""
    at: str
    """Evaluation time (RFC 3339, UTC), an input."""

    def __post_init__(self) -> None:
        if not self.rules:
            raise ValueError("a verdict rests on at least one rule")
