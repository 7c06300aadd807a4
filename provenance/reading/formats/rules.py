"""The rules a weight file's header must keep; a file that breaks one is rejected under its name.

A rejection says that the bytes cannot be what they claim to be. Where a header may well be honest and only asks for
more memory than a reader should give, the readers raise `LimitExceeded` instead. Some rules are stricter than the
formats' own readers: they refuse what two readers may read in two ways, what a person cannot see, and what hides.
"""

from __future__ import annotations

import re
from enum import StrEnum

MAX_SIZE = 2**63 - 1
"""Largest count of elements or bytes that a C reader can hold in its signed 64 bits."""

_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029"  # controls and line breaks
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Controls and Unicode's Default_Ignorable_Code_Point: two names that differ only in these look equal to a person.
Written out, because what Python's own tables say changes with its version."""


class Rule(StrEnum):
    """Names of the broken rules, as they stand in reports. Each has one hostile case and one test."""

    TRUNCATED = "truncated"
    """The file ends inside its own header."""
    NOT_UTF8 = "not-utf8"
    """Text of the header is not UTF-8."""
    DUPLICATE_KEY = "duplicate-key"
    """A key, in safetensors also a tensor, stands twice: two readers would see two files."""
    DUPLICATE_TENSOR = "duplicate-tensor"
    """A tensor name stands twice in a GGUF or ONNX file, or in two shards of one set."""
    EMPTY_NAME = "empty-name"
    """A tensor or a key has no name."""
    HIDDEN_CHARACTER = "hidden-character"
    """A name holds NUL, a control, a bidirectional or a zero-width character."""
    NAME_TOO_LONG = "name-too-long"
    """A tensor name or a key is longer than its format's readers take."""
    TOO_MANY_DIMENSIONS = "too-many-dimensions"
    """A tensor has more dimensions than its format's readers take."""
    SIZE_OVERFLOW = "size-overflow"
    """A shape has 2**63 elements or more: a reader in C would wrap round."""
    TENSOR_OVERLAP = "tensor-overlap"
    """Two tensors share bytes."""
    TENSOR_GAP = "tensor-gap"
    """Bytes between two tensors belong to neither."""
    TENSOR_PAST_END = "tensor-past-end"
    """A tensor ends after its file."""
    TRAILING_BYTES = "trailing-bytes"
    """Bytes after the last tensor belong to nothing."""

    NOT_SAFETENSORS = "not-safetensors"
    """The name says safetensors, the content does not."""
    HEADER_TOO_LARGE = "header-too-large"
    """A safetensors header of more than 100 MB, which the reference reader refuses."""
    NOT_JSON = "not-json"
    """The header, or a shard index, is not JSON."""
    TOO_DEEP = "too-deep"
    """JSON nested deeper than its document is, or GGUF arrays deeper than any known writer's."""
    NOT_FINITE = "not-finite"
    """A JSON number is NaN, infinite, or overflows to infinity."""
    NUMBER_TOO_LONG = "number-too-long"
    """A JSON integer of more digits than any size has."""
    NEGATIVE_ZERO = "negative-zero"
    """A JSON number `-0`: an integer to one reader, a float to another."""
    LONE_SURROGATE = "lone-surrogate"
    """A JSON string holds half of a surrogate pair."""
    BAD_METADATA = "bad-metadata"
    """`__metadata__` is not an object of strings."""
    BAD_ENTRY = "bad-entry"
    """What describes a tensor has not exactly the keys of its format, or is no dictionary."""
    UNKNOWN_DTYPE = "unknown-dtype"
    """A dtype of safetensors or NumPy that the reference reader does not know."""
    BAD_SHAPE = "bad-shape"
    """A shape is not a list of non-negative integers."""
    BAD_OFFSETS = "bad-offsets"
    """`data_offsets` is not a pair of non-negative integers in order, or an offset or length of ONNX is no number."""
    PARTIAL_BYTE = "partial-byte"
    """A tensor of 4-bit or 6-bit elements does not end on a byte."""
    SIZE_MISMATCH = "size-mismatch"
    """A tensor's bytes are not what its dtype and shape need."""

    NOT_GGUF = "not-gguf"
    """The name says GGUF, the content does not."""
    GGUF_BIG_ENDIAN = "gguf-big-endian"
    """Written for big-endian machines, which no reader on a little-endian one takes."""
    GGUF_VERSION_1 = "gguf-version-1"
    """GGUF version 1 of August 2023, which llama.cpp no longer reads."""
    GGUF_VERSION_UNKNOWN = "gguf-version-unknown"
    """A GGUF version that does not exist yet, or never did."""
    COUNT_PAST_END = "count-past-end"
    """More tensors, keys or array elements than the rest of the file could hold."""
    STRING_PAST_END = "string-past-end"
    """A string longer than the rest of the file."""
    UNKNOWN_VALUE_TYPE = "unknown-value-type"
    """A metadata value of a type GGUF does not have."""
    BAD_BOOL = "bad-bool"
    """A boolean that is neither 0 nor 1."""
    BAD_ALIGNMENT = "bad-alignment"
    """`general.alignment` is not a 32-bit power of two up to 64 KiB."""
    UNKNOWN_GGML_TYPE = "unknown-ggml-type"
    """A tensor type that ggml does not have (or has no more): nobody can say how long it is."""
    IMPOSSIBLE_GGML_TYPE = "impossible-ggml-type"
    """A tensor type far beyond those that ggml, or a fork of it, has numbered."""
    PARTIAL_BLOCK = "partial-block"
    """The innermost dimension is not a whole number of the type's blocks."""
    MISALIGNED_TENSOR = "misaligned-tensor"
    """A tensor does not start at a multiple of the alignment."""

    ZIP_DIRECTORY = "zip-directory"
    """A zip's directory does not hold what its end records say: two readers would see two archives."""
    ZIP_LOCAL_HEADER = "zip-local-header"
    """The header beside a zip's member says another thing than the directory."""
    ZIP_FOLDER = "zip-folder"
    """A member of a zip calls itself a folder and has bytes, which some readers then skip."""
    ZIP_OVERLAP = "zip-overlap"
    """Two members of a zip share bytes."""
    ZIP_DUPLICATE = "zip-duplicate"
    """A member of a zip stands twice, as its reader compares names."""
    STORAGE_MISSING = "storage-missing"
    """A storage that a checkpoint's pickle names is not in the file."""
    STORAGE_SIZE = "storage-size"
    """A storage does not have as many bytes as the pickle says."""
    PAST_STORAGE = "past-storage"
    """A tensor reaches past the end of its storage."""

    NOT_ONNX = "not-onnx"
    """The name says ONNX, the content does not."""
    BAD_FIELD = "bad-field"
    """A protobuf field has a number or a wire type that there is not, or stands twice where there is one."""
    FIELD_PAST_END = "field-past-end"
    """A protobuf field, or a number in one, goes on past the message that holds it."""

    BAD_INDEX = "bad-index"
    """A shard index without a `weight_map` of strings, or with a `total_size` that is no size."""
    SPLIT_NUMBER = "split-number"
    """A file's number in its set disagrees with its name or its metadata, or stands twice."""
    SPLIT_COUNT = "split-count"
    """The number of files in a set is not what a name or the metadata says."""
    SPLIT_TENSORS = "split-tensors"
    """The tensors of a whole set are not as many as `split.tensors.count` says."""


def hidden_character(name: str) -> bool:
    """Whether `name` holds a character that a person cannot see."""
    return _HIDDEN.search(name) is not None


def quoted(text: str) -> str:
    """`text` in quotes, cut to a length that still makes one line."""
    return repr(text if len(text) <= 80 else text[:79] + "…")
