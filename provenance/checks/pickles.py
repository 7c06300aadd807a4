"""Pickles: programs that loading runs. What they import decides, against a list of what makes plain data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from posixpath import basename

from provenance.checks.file_kinds import LEFT_BEHIND, PICKLES
from provenance.checks.interface import ACCEPT_UNREAD, Check, Rule, facts, listing, quoted
from provenance.checks.pickle_globals import TRAINERS, Standing, judge
from provenance.facts import ContentFact, ExaminationFact, PickleFact, Reference
from provenance.records import Evidence, Finding, Severity

_CONVERT = (
    "Use the safetensors files. Where there are none, convert the checkpoint in a sandbox with "
    "`torch.load(weights_only=True)`."
)
_REFERENCES = (
    "https://docs.python.org/3/library/pickle.html",
    "https://docs.pytorch.org/docs/stable/notes/serialization.html",
    "https://cwe.mitre.org/data/definitions/502.html",
)

PICKLE_FILE = Rule(
    ident="pickle-file",
    title="a file is a Python pickle",
    severity=Severity.INFO,
    meaning="A file is a pickle by its content, whatever its name: a plain pickle of any protocol, a checkpoint as "
    "`torch.save` writes it (zip or the older format), a NumPy array of objects. All of it was walked and never "
    "unpickled, and it imports nothing but what makes tensors, arrays and plain data: what "
    "`torch.load(weights_only=True)` admits, and a short list of types of Python, NumPy and joblib. In TorchScript the "
    "types that its own code defines are no imports (`archive-code` speaks of the code). What is found beyond that has "
    "rules of its own.",
    why="A pickle is a program, and language models do not need one. This one does no harm today, in a loader that "
    "keeps to what it imports.",
    example="pytorch_model.bin: pickles and tensors in a zip, as torch.save writes them; it makes tensors and plain "
    "data and nothing else",
    advice="Prefer the safetensors files.",
    references=_REFERENCES,
)

PICKLE_DANGEROUS = Rule(
    ident="pickle-dangerous",
    title="a pickle runs code when it is loaded",
    severity=Severity.CRITICAL,
    meaning="A pickle in a file, or in an archive in it, imports a function that runs, loads, fetches or writes "
    "(`os.system`, `builtins.eval`, `subprocess.Popen`, `torch.load`, …), directly or through another module, or does "
    "what no pickler writes: it computes the name of what it imports, calls what a call has made, writes into a module "
    "or class, asks for a global by a number that the host gave it, or has frames that two readers take differently. "
    "A pickle that it holds as data, in base64 too, counts as its own: somebody is going to load that as well.",
    why="Loading the file with anything but a loader for weights alone runs it with all rights of the user.",
    example="pytorch_model.bin: 'archive/data.pkl' in it calls 'posix.system'",
    advice="Do not load this file.",
    references=_REFERENCES,
)

PICKLE_GLOBAL_UNKNOWN = Rule(
    ident="pickle-global-unknown",
    title="a pickle imports what is not known to be plain data",
    severity=Severity.ERROR,
    meaning="A pickle imports a function or class that `torch.load(weights_only=True)` would refuse, that is on no "
    "list here, and that is not known to be dangerous either. The finding names it. Files that trainers leave behind "
    "(`training_args.bin`, `optimizer.pt`, `scheduler.pt`, `rng_state.pth`) are not needed to run the model, and the "
    "finding says so. In `training_args.bin` the classes that transformers, accelerate, TRL and sentence-transformers "
    "write there are a `warning`.",
    why="Whatever the name leads to on the host that loads the file is called with arguments of the writer's choice. "
    "Lists of forbidden functions have been circumvented many times, so what is not known is not let through.",
    example="model.bin: 'archive/data.pkl' in it imports 'my_package.models.Net'",
    advice=_CONVERT,
    references=_REFERENCES,
)

PICKLE_UNREADABLE = Rule(
    ident="pickle-unreadable",
    title="a pickle could not be read to its end",
    severity=Severity.ERROR,
    meaning="A pickle is broken or cut short, is followed by bytes that are none, takes more opcodes, stack or memory "
    "than this version follows, asks for a terabyte, or would hold a hundred million values if nothing in it were "
    "shared. What was seen before that point has findings of its own.",
    why="A loader may read on where a scanner gives up, and runs everything up to the point where it breaks as well.",
    example="model.pkl: the file ends before the pickle does",
    advice=_CONVERT,
    accept=ACCEPT_UNREAD,
    references=_REFERENCES,
)

_UNREADABLE = frozenset(
    {"broken-stream", "truncated", "trailing-data", "too-many-streams", "too-many-globals", "expansion", "memo"}
    | {"long-number", "allocation"}
)
"""Flaws that say how far it could be read; every other one is something that no pickler writes."""
_NOT_NEEDED = "Delete it or leave it out of the download (it is not needed to run the model)."
_MAX_DETAILS = 5


def _run(evidence: Evidence) -> Iterator[Finding]:
    walked: dict[str, list[PickleFact]] = {}
    for fact in facts(evidence.candidate, PickleFact):
        walked.setdefault(fact.file, []).append(fact)
    examined = {fact.file: fact for fact in facts(evidence.candidate, ExaminationFact)}
    kinds: dict[str, ContentFact] = {}
    for content in facts(evidence.candidate, ContentFact):
        if content.kind in PICKLES:
            kinds.setdefault(content.file, content)
    for file in sorted(walked.keys() | kinds.keys()):
        found = list(_of_file(file, walked.get(file, [])))
        seen = examined.get(file)
        if file in kinds and not found and file not in walked and not (seen and seen.complete):
            reason = seen.reason if seen else "which was not looked into"
            yield PICKLE_UNREADABLE.finding(f"{kinds[file].detail}, {reason}", file=file, advice=_advice(file))
        elif file in kinds and not found and seen and seen.complete:
            words = f"{kinds[file].detail}; it makes tensors and plain data and nothing else"
            yield PICKLE_FILE.finding(words, file=file, advice=_advice(file))
        yield from found


def _of_file(file: str, pickles: Sequence[PickleFact]) -> Iterator[Finding]:
    """At most one finding of each rule."""
    dangerous, unknown, unreadable = list[str](), list[str](), list[str]()
    offset: int | None = None
    named: dict[str, None] = {}
    trained = basename(file) == "training_args.bin"
    for pickle in pickles:
        where = f"{quoted(pickle.member)} in it " if pickle.member else ""
        imports = [r for r in pickle.references if r.module != "?" and not r.compiled]
        bad = [r for r in imports if judge(r.module, r.name) is Standing.DANGEROUS]
        odd = [flaw.detail for flaw in pickle.flaws if flaw.kind not in _UNREADABLE]
        if bad:
            dangerous.append(f"{where}{_said(bad)}")
        dangerous += [f"{where}{detail}" for detail in odd]
        if (bad or odd) and offset is None and not pickle.member:
            offset = pickle.offset + (bad[0].offset - pickle.offset if bad else 0)
        trained = trained and not any(
            judge(r.module, r.name) is Standing.UNKNOWN and f"{r.module}.{r.name}" not in TRAINERS for r in imports
        )
        named |= dict.fromkeys(
            f"{where}imports {quoted(f'{r.module}.{r.name}')}"
            for r in imports
            if judge(r.module, r.name) is Standing.UNKNOWN
        )
        unreadable += [f"{where}{flaw.detail}" for flaw in pickle.flaws if flaw.kind in _UNREADABLE]
        if not pickle.complete and not pickle.flaws:
            unreadable.append(f"{where}was not read to its end")
    unknown += named
    advice = _advice(file)
    if dangerous:
        yield PICKLE_DANGEROUS.finding(_some(dangerous), file=file, offset=offset)
    if unknown:
        severity = Severity.WARNING if trained else None
        yield PICKLE_GLOBAL_UNKNOWN.finding(_some(unknown), file=file, advice=advice, severity=severity)
    if unreadable:
        yield PICKLE_UNREADABLE.finding(_some(unreadable), file=file, advice=advice)


def _said(references: Sequence[Reference]) -> str:
    verb = "calls" if any(reference.called for reference in references) else "imports"
    return f"{verb} {listing([f'{reference.module}.{reference.name}' for reference in references])}"


def _some(said: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(said))
    shown = "; ".join(distinct[:_MAX_DETAILS])
    return f"{shown}; and {len(distinct) - _MAX_DETAILS} more" if len(distinct) > _MAX_DETAILS else shown


def _advice(file: str) -> str:
    return _NOT_NEEDED if LEFT_BEHIND.fullmatch(basename(file)) else ""


PICKLE_FILES = Check("pickles", (PICKLE_FILE, PICKLE_DANGEROUS, PICKLE_GLOBAL_UNKNOWN, PICKLE_UNREADABLE), _run)
