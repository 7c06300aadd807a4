"""One file of the model from the outside in: archives, what is in them, what is in that, and the pickles among it."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from posixpath import basename, splitext

from provenance.facts import ContainerFact, ExaminationFact, Fact, Flaw, MemberFact, PickleFact
from provenance.surfaces import magic
from provenance.surfaces.containers import keras
from provenance.surfaces.containers.compressed import CODECS, Expanded
from provenance.surfaces.containers.graphs import private_chunks, read_graph
from provenance.surfaces.containers.names import leaves, link_leaves, odd_mode
from provenance.surfaces.containers.skops import skops_references
from provenance.surfaces.containers.sources import MAX_DEPTH, BombError, Ledger, OverBudgetError, Span, UnreadableError
from provenance.surfaces.containers.tars import DEVICE, FILE, FOLDER, LINK, TarMember, read_tar
from provenance.surfaces.containers.torchscript import MAX_CODE, Script, read_code
from provenance.surfaces.containers.zips import METHODS, STORED, Zip, ZipMember, read_zip
from provenance.surfaces.content_kinds import HEAD_BYTES, TAIL_BYTES, Content, identify
from provenance.surfaces.pickles.streams import walk_streams
from provenance.surfaces.pickles.window import Source

PICKLES = frozenset({"pickle", "torch-legacy", "npy-pickle"})
PACKED = frozenset({*CODECS} - {"deflate"})
NOT_OPENED = frozenset({"7z", "rar"})
HARMLESS = frozenset({"text", "json", "html", "empty", "image", "font", "pdf", "media", "npy", "bundle", "lfs-pointer"})
"""Members of these kinds need no further look."""
NO_CONTAINER = frozenset({"safetensors", "gguf", "elf", "pe", "macho", "python", "script"}) | HARMLESS
LOOKED_AT = PICKLES | PACKED | NOT_OPENED | {"zip", "torch-zip", "tar", "npy"}
"""Kinds of a file that are looked into, or would be."""

MAX_CRC = 1024 * 1024
"""Members that are stored as they are have their checksum made up to this size."""
MAX_FACTS = 2000
"""Members of one file that are spoken of."""
MAX_REASONS = 3
MAX_FLAWS = 200
"""Of one archive, the first ones."""
SCAN = 4 * 1024 * 1024
"""Bytes of an HDF5 file that are searched for code, at its front and at its end."""

_STORAGE = re.compile(r"data/\d{1,19}")
_PICKLE_NAME = re.compile(r".+\.(?:pkl|pickle|debug_pkl)", re.IGNORECASE | re.DOTALL)
_PROGRAMS = frozenset({"elf", "macho", "wasm", "dex"})


def join(member: str, name: str) -> str:
    """The path of `name` inside `member`."""
    return f"{member}!/{name}" if member else name


@dataclass(slots=True)
class Nest:
    """What was found in one file; `look` once, then `facts`."""

    file: str
    ledger: Ledger
    found: list[Fact] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    """Why not everything was looked into; the first ones."""
    spoken_of: int = 0
    keys: set[str] = field(default_factory=set)
    """Of the storages that the pickles of the archive at hand ask for."""

    def facts(self) -> tuple[Fact, ...]:
        """All of them, and how far it went."""
        reason = self.reasons[0] if self.reasons else ""
        return (*self.found, ExaminationFact(self.file, not self.reasons, reason))

    def miss(self, reason: str) -> None:
        """Not everything is looked into, and why."""
        if len(self.reasons) < MAX_REASONS and reason not in self.reasons:
            self.reasons.append(reason)

    def look(self, source: Source, member: str, name: str, depth: int) -> None:
        """Look into one file or member. Raises `OverBudgetError` where the budget of the whole file is spent."""
        contents = self.identified(source, name)
        kinds = {content.kind for content in contents}
        if _PICKLE_NAME.fullmatch(name) and member and not kinds & PICKLES:
            # Its reader unpickles it by its name.
            self._pickles(source, member, 0)
        for content in contents:
            self._look_at(content, source, member, name, depth)

    def identified(self, source: Source, name: str) -> tuple[Content, ...]:
        """What it is, as `identify` says."""
        head = source.pread(HEAD_BYTES, 0)
        tail = source.pread(TAIL_BYTES, max(0, source.size - TAIL_BYTES))
        return identify(head, tail, source.size, name)

    def _look_at(self, content: Content, source: Source, member: str, name: str, depth: int) -> None:
        kind = content.kind
        if member and kind not in HARMLESS:
            self.say_member(member, kind, content.detail, source.size)
        if kind in PICKLES:
            self._pickles(source, member, _array_data(source) if kind == "npy-pickle" else 0)
        elif kind in ("zip", "torch-zip", "tar") or kind in PACKED:
            self._container(kind, source, member, name, depth)
        elif kind in NOT_OPENED:
            self.miss(f"which this version does not open{_in(member)}")
        elif member and kind not in NO_CONTAINER:
            self.miss(f"in which {member!r} ({content.detail}) was not read")
        elif member and kind in ("safetensors", "gguf"):
            self.miss(f"whose weights in {member!r} were not read")

    def say_member(self, member: str, kind: str, detail: str, nbytes: int) -> None:
        """A member that checks may want to speak of."""
        self.spoken_of += 1
        if self.spoken_of <= MAX_FACTS:
            self.found.append(MemberFact(self.file, member, kind, detail, nbytes))

    def _pickles(self, source: Source, member: str, position: int) -> None:
        walked = walk_streams(source, self.file, member, self.ledger.pickles, position)
        self.found += walked.pickles
        self.keys |= walked.keys
        if not walked.pickles:
            self.miss(f"in which the pickle that should be there is not{_in(member)}")
        if not all(pickle.complete for pickle in walked.pickles):
            self.miss(f"which could not be read to its end{_in(member)}")

    def _container(self, kind: str, source: Source, member: str, name: str, depth: int) -> None:
        flaws: list[Flaw] = []
        before, members = self.ledger.expanded, 0
        place = len(self.found)
        try:
            if depth >= MAX_DEPTH:
                flaws.append(Flaw("nesting", f"archives inside archives, more than {MAX_DEPTH} deep"))
                self.miss(f"which holds archives nested more than {MAX_DEPTH} deep")
            elif kind == "tar":
                members = self._tar(source, member, depth, flaws)
            elif kind in PACKED:
                members = 1
                self._packed(kind, source, member, name, depth, flaws)
            else:
                members = self._zip(source, member, depth, flaws)
        except UnreadableError as why:
            flaws.append(Flaw("unreadable", str(why)))
            self.miss(f"which could not be opened{_in(member)}: {why}")
        except BombError as why:
            flaws.append(Flaw("bomb", str(why)))
            self.miss(f"{why}{_in(member)}")
        except ModuleNotFoundError as why:
            self.miss(f"for which the package {why.name} is not installed{_in(member)}")
        finally:
            expanded = before - self.ledger.expanded
            fact = ContainerFact(self.file, member, kind, members, expanded, tuple(flaws[:MAX_FLAWS]))
            self.found.insert(place, fact)  # before what is in it

    def _packed(self, kind: str, source: Source, member: str, name: str, depth: int, flaws: list[Flaw]) -> None:
        inner = splitext(basename(name))[0] or "data"
        if name.lower().endswith((".tgz", ".tbz2", ".txz", ".tzst")):
            inner += ".tar"
        expanded = Expanded(source, kind, self.ledger)
        flaws += expanded.flaws
        self.look(expanded, join(member, inner), inner, depth + 1)

    # -- tar ----------------------------------------------------------------------------------------------------------

    def _tar(self, source: Source, member: str, depth: int, flaws: list[Flaw]) -> int:
        tar = read_tar(source, self.ledger)
        flaws += tar.flaws
        if any(flaw.kind in ("truncated", "sparse") for flaw in tar.flaws):
            self.miss(f"which could not be read to its end{_in(member)}")
        for entry in tar.members:
            flaws += _tar_names(entry)
            if entry.kind == FILE and entry.data + entry.size <= source.size:
                path = join(member, entry.name)
                self.look(Span(source, entry.data, entry.size), path, basename(entry.name), depth + 1)
        return len(tar.members)

    # -- zip ----------------------------------------------------------------------------------------------------------

    def _zip(self, source: Source, member: str, depth: int, flaws: list[Flaw]) -> int:
        archive = read_zip(source, self.ledger)
        flaws += archive.flaws
        layout = _Layout.of(archive)
        outer, self.keys = self.keys, set()
        place = len(self.found)
        for entry in sorted(archive.members, key=lambda entry: layout.is_storage(entry.name)):
            flaws += _zip_names(entry)
            if not entry.folder and entry.data >= 0:
                self._zip_member(entry, layout, source, member, depth, flaws)
            elif entry.data < 0:
                self.miss(f"in which {entry.name!r} was not found{_in(member)}")
        flaws += layout.missing(archive, self.keys)
        self.keys = outer
        if layout.script:
            prefix, script = join(member, ""), layout.script
            own = (script.marked(fact, prefix) if isinstance(fact, PickleFact) else fact for fact in self.found[place:])
            self.found[place:] = own
            self.say_member(f"{prefix}{layout.root}", "torchscript", "TorchScript, which torch compiles and runs", 0)
            self.miss("whose TorchScript code was not read")
        return len(archive.members)

    def _zip_member(
        self, entry: ZipMember, layout: _Layout, source: Source, member: str, depth: int, flaws: list[Flaw]
    ) -> None:
        path, packed = join(member, entry.name), Span(source, entry.data, entry.packed)
        if layout.is_storage(entry.name) and entry.method == STORED and self._asked_for(layout, entry):
            known = magic.match(packed.pread(64, 0))
            if known and known[0] in _PROGRAMS:
                self.say_member(path, known[0], f"{known[1]}, where the numbers of a tensor should be", entry.size)
            return
        inner: Source = packed
        try:
            if entry.method in METHODS:
                expanded = Expanded(packed, METHODS[entry.method], self.ledger)
                inner, crc = expanded, expanded.crc
                flaws += expanded.flaws
                if expanded.size != entry.size:
                    flaws.append(Flaw("header-mismatch", f"{entry.name!r} is not of the size that is stated"))
            elif entry.method == STORED:
                crc = zlib.crc32(packed.pread(packed.size, 0)) if packed.size <= MAX_CRC else entry.crc
            else:
                self.miss(f"in which {path!r} is compressed in a way that this version does not open")
                return
        except UnreadableError as why:
            flaws.append(Flaw("unreadable-member", f"{entry.name!r}: {why}", entry.offset))
            self.miss(f"in which {path!r} could not be opened: {why}")
            return
        if crc != entry.crc and not layout.without_crc:
            flaws.append(Flaw("crc-mismatch", f"{entry.name!r} has another checksum than is stated", entry.offset))
        if layout.keras and entry.name in ("config.json", "metadata.json"):
            flaws += keras.read_config(inner.pread(keras.MAX_CONFIG, 0))
        if layout.is_storage(entry.name) and self._asked_for(layout, entry):
            return
        if entry.name == "schema.json" and len(self.found) < MAX_FACTS:
            self.found += skops_references(self.file, path, inner.pread(keras.MAX_CONFIG, 0))
        if layout.script and layout.script.holds(entry.name):
            flaws += read_code(entry.name, inner.pread(MAX_CODE, 0))
            return
        self.look(inner, path, basename(entry.name), depth + 1)

    def _asked_for(self, layout: _Layout, entry: ZipMember) -> bool:
        """Whether a pickle of the checkpoint asks for the storage; nobody reads others as numbers."""
        return layout.script is not None or entry.name.rpartition("/")[2] in self.keys


@dataclass(frozen=True, slots=True)
class _Layout:
    """Whose zip it is, by the names of its members."""

    root: str
    """Of a checkpoint of torch: the folder that all of it lies in, with its slash; empty where it is none."""
    torch: bool
    script: Script | None
    keras: bool
    without_crc: bool
    """torch can be told to write no checksums; then all are zero."""

    @classmethod
    def of(cls, archive: Zip) -> _Layout:
        names = [entry.name for entry in archive.members]
        data = next((name for name in names if name == "data.pkl" or name.endswith("/data.pkl")), None)
        root = data.removesuffix("data.pkl") if data else ""
        compiles = data is not None and any(name.startswith(f"{root}code/") for name in names)
        script = Script(root, names) if compiles else None
        described = {"config.json", "metadata.json"} <= {*names}
        zero = data is not None and all(entry.crc == 0 for entry in archive.members)
        return cls(root, data is not None, script, described, zero)

    def is_storage(self, name: str) -> bool:
        """Whether torch reads the member as the numbers of a tensor, and as nothing else."""
        return self.torch and name.startswith(self.root) and _STORAGE.fullmatch(name[len(self.root) :]) is not None

    def missing(self, archive: Zip, keys: set[str]) -> list[Flaw]:
        """Storages that the pickle asks for and that are not there."""
        if not self.torch or self.script:
            return []
        lost = sorted(keys - {entry.name[len(self.root) + 5 :] for entry in archive.members})
        return [Flaw("missing-storage", f"its pickle asks for the storage {key!r}, which is not in it") for key in lost]


def _zip_names(entry: ZipMember) -> list[Flaw]:
    kind = odd_mode(entry.mode)
    if leaves(entry.name):
        return [Flaw("traversal", f"{entry.name!r} leads out of the folder that it is unpacked in", entry.offset)]
    if kind:
        return [Flaw(kind, f"{entry.name!r} is a {kind}", entry.offset)]
    return []


def _tar_names(entry: TarMember) -> list[Flaw]:
    if leaves(entry.name):
        return [Flaw("traversal", f"{entry.name!r} leads out of the folder that it is unpacked in", entry.offset)]
    if entry.kind == LINK and link_leaves(entry.name, entry.target):
        detail = f"{entry.name!r} is a link to {entry.target!r}, out of the folder that it is unpacked in"
        return [Flaw("traversal", detail, entry.offset)]
    if entry.kind == DEVICE:
        return [Flaw("device", f"{entry.name!r} is a device or a pipe", entry.offset)]
    if entry.kind not in (FILE, FOLDER, LINK):
        return [Flaw("odd-member", f"{entry.name!r} is of a kind that unpackers treat differently", entry.offset)]
    return []


def _array_data(source: Source) -> int:
    """Where the data of a NumPy array begins."""
    head = source.pread(12, 0)
    size = 2 if head[6:7] == b"\x01" else 4
    return 8 + size + int.from_bytes(head[8 : 8 + size], "little")


def _in(member: str) -> str:
    return f" ({member!r} in it)" if member else ""


def _described(kinds: set[str], file: str, source: Source) -> tuple[Fact, ...]:
    """What the description of a Keras model would run, where it stands in HDF5 or in JSON."""
    flaws: tuple[Flaw, ...] = ()
    kind = "hdf5" if "hdf5" in kinds else "json"
    if kind == "hdf5":
        flaws = keras.read_bytes(source.pread(SCAN, 0) + source.pread(SCAN, max(SCAN, source.size - SCAN)))
    elif "json" in kinds and source.size <= keras.MAX_CONFIG and keras.is_description(source.pread(HEAD_BYTES, 0)):
        flaws = keras.read_config(source.pread(source.size, 0))
    flaws += tuple(read_graph(kinds, file, source))
    return (ContainerFact(file, "", kind, 0, 0, flaws),) if flaws else ()


def _pictures(file: str, source: Source) -> tuple[Fact, ...]:
    """Code in a part of a picture that no reader of pictures shows."""
    nest = Nest(file, Ledger(source.size))
    for name, chunk in private_chunks(source):
        if {content.kind for content in nest.identified(chunk, name)} & (PICKLES | _PROGRAMS):
            nest.look(chunk, f"chunk {name}", name, 1)
    return tuple(nest.found)


def look_into(file: str, source: Source) -> tuple[Fact, ...]:
    """All that is to be said of the inside of one file of the model; nothing where it has none."""
    nest = Nest(file, Ledger(source.size))
    contents = nest.identified(source, file)
    kinds = {content.kind for content in contents}
    if described := _described(kinds, file, source):
        return described
    if kinds == {"image"}:
        return _pictures(file, source)
    if not kinds & LOOKED_AT:
        return ()
    try:
        nest.look(source, "", basename(file), 0)
    except OverBudgetError as why:
        nest.miss(str(why))
        nest.found.append(ContainerFact(file, "", "", 0, 0, (Flaw("over-budget", str(why)),)))
    return nest.facts()
