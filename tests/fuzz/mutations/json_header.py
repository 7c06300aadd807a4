"""Changes to the JSON header of a safetensors file, some of which leave it honest.

A header is a list of pairs, so that a key may stand twice, and it is written with the freedom that JSON leaves:
white space, escapes, the order of keys, the writing of numbers.
"""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass

from tests.fuzz.mutations import raw

Pairs = list[tuple[str, object]]

_SAME_WIDTH = (
    ("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"),
    ("U16", "I16", "F16", "BF16"),
    ("U32", "I32", "F32"),
    ("U64", "I64", "F64", "C64"),
    ("F6_E2M3", "F6_E3M2"),
)
_DTYPES = (*(name for names in _SAME_WIDTH for name in names), "F4", "Q8", "f32", "", "F32 ", "COMPLEX64")
_NAMES = (
    "", "a", "b", "w.weight", "__metadata__", "é", "e\u0301", "\u200b", "a\0", "\n", "😀", "x" * 1024, "x" * 1025,
    "\u202egnp", "../../etc/passwd", "a b", "\ufeff", "\u017f", "\x7f", "\\", '"', "/",
)  # fmt: skip
_VALUES: tuple[object, ...] = (
    None, True, False, 0, -1, 1.0, 1.5, 1e300, "", "0", [], {}, [[]], [0], [0, 0], {"a": 1}, 2**63, 2**64, 10**40,
)  # fmt: skip


@dataclass
class Raw:
    """A piece of JSON that is written as it stands."""

    text: str


@dataclass
class File:
    """A safetensors file, taken apart."""

    pairs: Pairs
    data: bytearray
    text_changes: int = 0
    length: int | None = None
    before: str = ""
    after: str = ""
    spaces: bool = False
    escapes: bool = False

    def entries(self) -> list[Pairs]:
        """The entries of tensors that are still objects."""
        return [value for key, value in self.pairs if isinstance(value, list) and _is_pairs(value)]

    def entry(self, source: random.Random) -> Pairs:
        """One of them, or an empty one that belongs to nothing."""
        entries = self.entries()
        return source.choice(entries) if entries else []


def _is_pairs(value: list[object]) -> bool:
    return bool(value) and all(isinstance(item, tuple) for item in value)


def parse(data: bytes) -> File:
    """Take an honest file apart."""
    (length,) = struct.unpack_from("<Q", data)
    pairs = json.loads(data[8 : 8 + length], object_pairs_hook=lambda pairs: pairs)
    return File(pairs, bytearray(data[8 + length :]))


def mutate(data: bytes, source: random.Random) -> bytes:
    """A few changes, mostly to single fields."""
    file = parse(data)
    for _ in range(source.choice((1, 1, 1, 2, 3, 5))):
        if not file.pairs:
            _empty_tensor(file, source)
        source.choice(_HONEST if source.random() < 0.6 else _DISHONEST)(file, source)
    return write(file, source)


def write(file: File, source: random.Random) -> bytes:
    """Put it together again."""
    text = file.before + _json(file.pairs, file, source) + file.after
    header = text.encode("utf-8", "surrogatepass")
    for _ in range(file.text_changes):
        header = raw.mutate(header, source, 1)
    length = len(header) if file.length is None else file.length
    return struct.pack("<Q", length % 2**64) + header + bytes(file.data)


def _json(value: object, file: File, source: random.Random) -> str:
    gap = source.choice(("", " ", "\n\t", "\r")) if file.spaces else ""
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, list) and _is_pairs(value):
        items = (f"{_text(key, file, source)}{gap}:{gap}{_json(item, file, source)}" for key, item in value)
        return "{" + gap + f"{gap},{gap}".join(items) + gap + "}"
    if isinstance(value, list):
        return "[" + gap + ("," + gap).join(_json(item, file, source) for item in value) + gap + "]"
    return _text(value, file, source) if isinstance(value, str) else json.dumps(value)


def _text(text: str, file: File, source: random.Random) -> str:
    if file.escapes and source.random() < 0.3:
        units = text.encode("utf-16-be", "surrogatepass")
        return '"' + "".join(f"\\u{units[at]:02x}{units[at + 1]:02X}" for at in range(0, len(units), 2)) + '"'
    return json.dumps(text, ensure_ascii=source.random() < 0.3)


def _get(entry: Pairs, key: str) -> object:
    return dict(entry).get(key)


def _put(entry: Pairs, key: str, value: object) -> None:
    for place, (known, _) in enumerate(entry):
        if known == key:
            entry[place] = (key, value)


# Changes after which a file may well be as honest as before ----------------------------------------------------------


def _values_change(file: File, source: random.Random) -> None:
    if file.data:
        file.data[source.randrange(len(file.data))] = source.randrange(256)


def _order_changes(file: File, source: random.Random) -> None:
    source.shuffle(file.pairs)
    source.shuffle(file.entry(source))


def _written_otherwise(file: File, source: random.Random) -> None:
    file.spaces, file.escapes = source.random() < 0.7, source.random() < 0.7
    file.after = source.choice(("", "", " ", " " * 8, "\n", source.choice(("\t", "\0", "x", "{}", "\u00a0"))))


def _dtype_of_same_width(file: File, source: random.Random) -> None:
    entry = file.entry(source)
    same = next((names for names in _SAME_WIDTH if _get(entry, "dtype") in names), ())
    if same:
        _put(entry, "dtype", source.choice(same))


def _reshaped(file: File, source: random.Random) -> None:
    entry = file.entry(source)
    shape = _get(entry, "shape")
    if isinstance(shape, list) and all(type(size) is int for size in shape):
        shape = list(shape)
        source.shuffle(shape)
        shape[source.randrange(len(shape) + 1) : 0] = [1] * source.choice((0, 1, 1, 6))
        _put(entry, "shape", shape)


def _renamed(file: File, source: random.Random) -> None:
    place = source.randrange(len(file.pairs))
    name = "".join(source.choice("abz.é😀ß_0") for _ in range(source.randrange(1, 9)))
    file.pairs[place] = (name if source.random() < 0.6 else source.choice(_NAMES), file.pairs[place][1])


def _empty_tensor(file: File, source: random.Random) -> None:
    at = source.choice((0, len(file.data), source.randrange(len(file.data) + 1)))
    shape = source.choice(
        ([0], [0, 3], [2, 0], [2**40, 0], source.choice(([2**62, 2, 0], [0, 2**63], [2**40] * 2 + [0])))
    )
    entry: Pairs = [("dtype", source.choice(_DTYPES[:12])), ("shape", shape), ("data_offsets", [at, at])]
    file.pairs.insert(source.randrange(len(file.pairs) + 1), (f"empty{len(file.pairs)}", entry))


def _appended_tensor(file: File, source: random.Random) -> None:
    nbytes, begin = source.randrange(12), len(file.data)
    entry: Pairs = [("dtype", "U8"), ("shape", [nbytes]), ("data_offsets", [begin, begin + nbytes])]
    file.pairs.append((f"more{len(file.pairs)}", entry))
    file.data += source.randbytes(nbytes)


def _metadata(file: File, source: random.Random) -> None:
    broken: object = source.choice(([("k", 1)], 1, ""))
    value: object = source.choice((None, [("a", "b")], [("a", "1"), ("a", "2")], [("", "\0")], Raw("{}"), broken))
    if source.random() < 0.9:
        file.pairs = [pair for pair in file.pairs if pair[0] != "__metadata__"]
    file.pairs.insert(source.randrange(len(file.pairs) + 1), ("__metadata__", value))


# Changes that few files survive --------------------------------------------------------------------------------------


def _number(file: File, source: random.Random) -> None:
    items = _get(file.entry(source), source.choice(("shape", "data_offsets")))
    if isinstance(items, list) and items:
        place = source.randrange(len(items))
        near = items[place] if isinstance(items[place], int) else 0
        items[place] = raw.odd_number(source, near)
        if source.random() < 0.3:
            items[place] = Raw(source.choice(("-0", "0.0", f"{near}.0", f"{near}e0", f"0{near}", f"+{near}", "1E400")))


def _all_offsets_move(file: File, source: random.Random) -> None:
    by = source.choice((-8, -1, 1, 4, 8, 2**63, -(2**63), 2**64))
    for entry in file.entries():
        offsets = _get(entry, "data_offsets")
        if isinstance(offsets, list):
            offsets[:] = [offset + by if isinstance(offset, int) else offset for offset in offsets]


def _value(file: File, source: random.Random) -> None:
    """One field becomes something of any type."""
    entry = file.entry(source) if source.random() < 0.7 else file.pairs
    if entry:
        place = source.randrange(len(entry))
        value: object = source.choice((*_VALUES, source.choice(_DTYPES)))
        entry[place] = (entry[place][0], list(value) if isinstance(value, list) else value)


def _dtype(file: File, source: random.Random) -> None:
    _put(file.entry(source), "dtype", source.choice(_DTYPES))


def _key(file: File, source: random.Random) -> None:
    """A field is lost, stands twice, or is called otherwise."""
    pairs = file.entry(source) if source.random() < 0.6 else file.pairs
    if pairs:
        place = source.randrange(len(pairs))
        pairs[place : place + 1] = source.choice(
            ([], [pairs[place]] * 2, [(source.choice(("Dtype", "shape", "data_offsets", "x", "")), pairs[place][1])])
        )


def _list_form(file: File, source: random.Random) -> None:
    place = source.randrange(len(file.pairs))
    name, entry = file.pairs[place]
    if isinstance(entry, list) and _is_pairs(entry):
        file.pairs[place] = (name, [value for _, value in entry])


def _swapped_offsets(file: File, source: random.Random) -> None:
    one, other = file.entry(source), file.entry(source)
    offsets = _get(one, "data_offsets"), _get(other, "data_offsets")
    _put(one, "data_offsets", offsets[1])
    _put(other, "data_offsets", offsets[0])


def _data_length(file: File, source: random.Random) -> None:
    if source.random() < 0.5:
        file.data += bytes(source.choice((1, 2, 8)))
    elif file.data:
        del file.data[-source.choice((1, 2, 8)) :]


def _text_changes(file: File, source: random.Random) -> None:
    file.text_changes += source.choice((1, 1, 2))


def _length(file: File, source: random.Random) -> None:
    file.length = raw.odd_number(source, len(write(File(file.pairs, bytearray()), source)) - 8)


def _before(file: File, source: random.Random) -> None:
    file.before = source.choice((" ", "\n", "\ufeff", "[", "{", "//\n"))


_Change = Callable[[File, random.Random], None]
_HONEST: tuple[_Change, ...] = (
    _values_change, _order_changes, _written_otherwise, _dtype_of_same_width, _reshaped, _renamed, _empty_tensor,
    _appended_tensor, _metadata,
)  # fmt: skip
_DISHONEST: tuple[_Change, ...] = (
    _number, _number, _all_offsets_move, _value, _dtype, _key, _list_form, _swapped_offsets, _data_length,
    _text_changes, _text_changes, _length, _before,
)  # fmt: skip
