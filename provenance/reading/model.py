"""An open model: every file opened as it was listed, every weight file's header read and validated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from posixpath import dirname, join, normpath
from types import TracebackType

from provenance.errors import CouldNotLook, LimitExceeded, MalformedFile, NothingToInspect, UnsupportedFile
from provenance.reading.files import OpenFile, room_for_descriptors
from provenance.reading.formats import claimed, read_header, recognise
from provenance.reading.formats.rules import Rule, quoted
from provenance.reading.formats.shards import check_split, is_index, read_index, split_sets
from provenance.reading.sources.interface import Aside, Listing, refuse
from provenance.records import Header, ModelKind, Refused, Rejection, ShardIndex, Skipped


@dataclass(frozen=True, eq=False, slots=True)
class OpenModel:
    """A context manager that holds the model's descriptors. Made by `open_model`."""

    listing: Listing
    files: Mapping[str, OpenFile]
    """By path, in the order of the listing."""
    headers: tuple[Header, ...]
    """Of every weight file that keeps its format's rules, by path; which files are weights is decided by content."""
    rejections: tuple[Rejection, ...]
    """Weight files and indexes that break a rule, and sets of split files that do not agree."""
    indexes: tuple[ShardIndex, ...]
    unread: tuple[Skipped, ...] = ()
    """Weight files of a variant that is not read, by path, each with its reason."""

    def __enter__(self) -> OpenModel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every descriptor."""
        _close(self.files)


def open_model(listing: Listing, aside: Aside = refuse) -> OpenModel:
    """Open every file of `listing` and read the headers.

    `aside` is told of a file that cannot be read or is not the one that was listed (`CouldNotLook`), and of a header
    that asks for more than a reader should give (`LimitExceeded`). A broken header is a `Rejection`, a variant that is
    not read a `Skipped`; neither is an exception.
    """
    folder = Path(listing.name) if listing.kind is ModelKind.DIRECTORY else Path(listing.name).parent
    room = room_for_descriptors(len(listing.files))
    files = {
        listed.path: OpenFile(listed, str(folder / listed.path), kept=number < room)
        for number, listed in enumerate(listing.files)
    }
    headers: list[Header] = []
    indexes: list[ShardIndex] = []
    rejections: list[Rejection] = []
    unread: list[Skipped] = []
    refused: list[Refused] = []
    try:
        for file in [*files.values()]:
            try:
                if header := read_header(file):
                    headers.append(header)
                elif is_index(file.path):
                    indexes.append(read_index(file))
            except MalformedFile as error:
                rejections.append(_rejection(file, error))
            except UnsupportedFile as error:
                unread.append(_unread(file, error))
            except CouldNotLook as error:
                if isinstance(error, LimitExceeded) and aside is not refuse:
                    unread.append(Skipped(file.path, f"is a weight file, {error.what}", asked=True))
                else:
                    refused.append(Refused(file.path, "unreadable", error.what))
                    aside(refused[-1], error)
                    files.pop(file.path).close()
            file.release()
    except BaseException:
        _close(files)
        raise
    beyond = [found for header in headers if (found := _past_end(header, files))]
    headers = [header for header in headers if header.file not in {found.file for found in beyond}]
    rejections += beyond
    rejections += [found for split_set in split_sets(headers) for found in check_split(split_set)]
    if refused:
        listing = without(listing, refused)
    return OpenModel(listing, files, tuple(headers), tuple(rejections), tuple(indexes), tuple(unread))


def without(listing: Listing, refused: Sequence[Refused]) -> Listing:
    """`listing` without files that turned out not to be readable; raises `NothingToInspect` where none is left."""
    gone = {entry.path for entry in refused}
    left = tuple(file for file in listing.files if file.path not in gone)
    if not left:
        raise NothingToInspect(f"none of its files can be read: {refused[0].reason}", where=listing.name)
    return replace(listing, files=left, refused=(*listing.refused, *refused))


def _close(files: Mapping[str, OpenFile]) -> None:
    for file in files.values():
        file.close()


def _unread(file: OpenFile, error: UnsupportedFile) -> Skipped:
    kind = recognise(file)
    return Skipped(file.path, f"is {kind.words if kind else 'a weight file'}, {error.what}", asked=True)


def _past_end(header: Header, files: Mapping[str, OpenFile]) -> Rejection | None:
    """Values of a tensor that lie in another file of the model, and beyond its end."""
    for value in header.external:
        other = files.get(normpath(join(dirname(header.file), value.file)))
        if other is not None and value.end > other.size:
            what = (
                f"the values of {quoted(value.tensor)} end at byte {value.end} of {other.path}, which has {other.size}"
            )
            return Rejection(header.file, header.format, Rule.TENSOR_PAST_END, what)
    return None


def _rejection(file: OpenFile, error: MalformedFile) -> Rejection:
    kind = claimed(file.path) or recognise(file)
    name = kind.name if kind else "shard-index"
    return Rejection(file.path, name, error.rejection, error.what.removesuffix(f" [{error.rejection}]"), error.offset)
