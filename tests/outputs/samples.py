"""Reports as the pipeline makes them, for every output: one a story, built from real documents."""

from __future__ import annotations

import hashlib

from provenance.documents.report import (
    ClaimRow,
    CoverageRow,
    Delta,
    FindingRow,
    Inputs,
    LineageSummary,
    ListedFile,
    LocationRow,
    Report,
    RuleRow,
    SkippedRow,
    Subject,
    TensorRow,
    Tool,
    VerdictDocument,
)
from provenance.outputs.interface import RuleText
from provenance.records import Confidence, ModelKind, Outcome, Relation, RuleResult, Severity, TensorState

Judged = tuple[Report, VerdictDocument | None]

SCAN = "https://weights-provenance.github.io/attestation/model-scan/v0"

RULES = {
    "auto-map": RuleText(
        title="The configuration loads code",
        meaning="`auto_map` names Python classes of the model that run when it is loaded with trust_remote_code.",
        advice="Read the code it names, or load the model without trust_remote_code.",
        severity=Severity.ERROR,
    ),
    "pickle-in-weights": RuleText(
        title="A file holds a pickle",
        meaning="Loading a pickle can run any code its author chose; the content decides, not the name.",
        advice="Use the safetensors files; delete the pickle.",
        severity=Severity.ERROR,
    ),
    "template-differs": RuleText(
        title="The chat template is not the base's",
        meaning="A chat template rewrites every prompt; a changed one can add instructions that nobody sees.",
        advice="Compare both templates line by line.",
        severity=Severity.WARNING,
    ),
    "unknown-file": RuleText(
        title="A file of a kind that is not known",
        meaning="Nothing here reads this kind of file, so nothing is known about it.",
        advice="Ask the publisher what it is for.",
        severity=Severity.INFO,
    ),
}


def digest(text: str) -> str:
    """Some digest, the same for the same text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def tensor(name: str, state: TensorState | None = None, *, changed: int = 0, norm: float | None = None) -> TensorRow:
    """A 64 x 64 BF16 tensor; with `norm`, one whose `changed` of 4,096 elements differ from the base's."""
    delta = None
    if norm is not None:
        delta = Delta(
            elements=4096,
            changed=changed,
            changed_fraction=float(f"{changed / 4096:.4e}"),
            relative_norm=norm,
            cosine=float(f"{1 - norm * norm / 2:.4e}"),
            max_abs=norm / 4,
            nonfinite=0,
        )
    return TensorRow(
        name=name,
        dtype="BF16",
        shape=[64, 64],
        file="model-00001-of-00002.safetensors",
        blake3=digest(name),
        state=state,
        base_name=name if state else None,
        base_dtype="BF16" if state else None,
        delta=delta,
    )


def finding(
    rule: str, message: str, *, severity: Severity | None = None, advice: str = "", **where: object
) -> FindingRow:
    """A finding of one of `RULES`, or of a rule that no mapping knows."""
    known = RULES.get(rule)
    return FindingRow(
        rule=rule,
        severity=severity or (known.severity if known else Severity.WARNING),
        confidence=Confidence.HIGH,
        message=message,
        advice=advice or (known.advice if known else ""),
        location=LocationRow.model_validate(where),
    )


def report(**given: object) -> Report:
    """A clean scan of a directory; `given` replaces fields."""
    fields: dict[str, object] = {
        "tool": Tool(version="0.1.0", rules_sha256=digest("rules")),
        "inputs": Inputs(verb="check", candidate="models/tiny-fork"),
        "subject": subject(),
        "relations": [],
        "lineage": None,
        "tensors": [tensor(f"model.layers.{n}.self_attn.q_proj.weight") for n in range(3)],
        "findings": [],
        "measurements": [],
        "attestations": [],
        "coverage": [
            CoverageRow(surface="files", examined=5, total=5, unit="files"),
            CoverageRow(surface="tensors", examined=14, total=14, unit="tensors"),
        ],
        "skipped": [
            SkippedRow(surface="lineage", reason="no --base was given", asked=False),
            SkippedRow(surface="behaviour", reason="this version makes no probes", asked=False),
        ],
    }
    return Report.model_validate(fields | given)


def subject(name: str = "models/tiny-fork", *, excluded: tuple[str, ...] = ()) -> Subject:
    """A directory of five files."""
    sizes = {
        "README.md": 1_210,
        "config.json": 698,
        "model-00001-of-00002.safetensors": 180_224,
        "model-00002-of-00002.safetensors": 90_112,
        "tokenizer.json": 41_002,
    }
    return Subject(
        name=name,
        kind=ModelKind.DIRECTORY,
        sha256=digest(name),
        tensor_root=digest("root"),
        tensor_count=14,
        files=[ListedFile(path=path, size=size, sha256=digest(path)) for path, size in sizes.items()],
        excluded=list(excluded),
    )


def lineage(*relations: Relation, possible: tuple[Relation, ...] = (), basis: str, **counts: int) -> LineageSummary:
    """What the fork is to its base."""
    return LineageSummary(
        base="models/tiny-base",
        base_sha256=digest("base"),
        base_tensor_root=digest("base root"),
        relations=list(relations),
        possible=list(possible or relations),
        counts=counts,
        basis=basis,
        architecture="qwen3",
    )


def verdict(outcome: Outcome, *rules: tuple[str, RuleResult, str], policy: str = "default") -> VerdictDocument:
    """What a policy says; every story has one rule that passed."""
    rows = [("formats.allow", RuleResult.PASS, "2 weight files, all of an allowed format"), *rules]
    return VerdictDocument(
        outcome=outcome,
        policy=policy,
        policy_sha256=digest(policy),
        at="2026-11-21T12:00:00Z",
        rules=[RuleRow(rule=rule, result=result, message=message) for rule, result, message in rows],
    )


def claims() -> list[ClaimRow]:
    """One attestation that holds, one that was made for another model."""
    return [
        ClaimRow(
            source="tiny-fork.sigstore.jsonl:1",
            verified=True,
            predicate_type=SCAN,
            signer="release",
            key_id=digest("key"),
            statement_sha256=digest("statement"),
            signed_at=None,
        ),
        ClaimRow(
            source="other.sigstore.jsonl:1",
            verified=False,
            predicate_type=SCAN,
            step=7,
            reason="it names another subject; config.json differs, notes.txt was removed",
        ),
    ]


def scanned() -> Judged:
    """A scan without a base: nothing found, two things not asked for."""
    return report(), verdict(Outcome.PASS, ("findings.deny-severity", RuleResult.PASS, "no finding"))


def honest() -> Judged:
    """A cast of its base, attested, and wholly read."""
    rows = [tensor(f"model.layers.{n}.mlp.down_proj.weight", TensorState.CAST) for n in range(3)]
    basis = "All 14 tensors of qwen3 equal the base's after rounding to BF16."
    done = report(
        relations=[Relation.REPACKED, Relation.DTYPE_CAST],
        lineage=lineage(Relation.REPACKED, Relation.DTYPE_CAST, basis=basis, cast=14),
        tensors=rows,
        attestations=claims()[:1],
        skipped=[],
        inputs=Inputs(
            verb="check", candidate="models/tiny-fork", base="models/tiny-base", options={"policy": "lineage"}
        ),
    )
    return done, verdict(Outcome.PASS, ("lineage.relations", RuleResult.PASS, "both are allowed"), policy="lineage")


def abliterated() -> Judged:
    """A fork whose weights were edited, with code beside them: denied, and every section of the page in use."""
    rows = [
        tensor(f"model.layers.{n}.self_attn.o_proj.weight", TensorState.CHANGED, changed=4000 + n, norm=0.031 / (n + 1))
        for n in range(11)
    ]
    rows += [tensor("model.embed_tokens.weight", TensorState.IDENTICAL), tensor("lm_head.weight", TensorState.ADDED)]
    found = [
        finding("unknown-file", "a file of 12 bytes that starts with b'\\x89HDF'", file="extra.h5"),
        finding(
            "auto-map",
            "AutoModelForCausalLM is modeling_tiny.TinyForCausalLM",
            file="config.json",
            json_path="$.auto_map",
        ),
        finding(
            "pickle-in-weights",
            "a pickle that calls os.system",
            severity=Severity.CRITICAL,
            file="optimizer.pt",
            offset=132,
        ),
        finding("pickle-in-weights", "a pickle that calls nothing", file="training_args.bin", offset=0),
        finding("template-differs", "three lines were added", file="tokenizer_config.json", line=12),
    ]
    done = report(
        relations=[Relation.ABLITERATED],
        lineage=lineage(
            Relation.ABLITERATED,
            possible=(Relation.LOW_RANK_EDIT, Relation.ABLITERATED),
            basis="11 of 13 tensors differ, each by one direction that writes into the residual stream.",
            changed=11,
            identical=1,
            added=1,
        ),
        tensors=rows,
        findings=found,
        attestations=claims(),
        subject=subject(excluded=(".git/HEAD", ".git/config")),
        coverage=[
            CoverageRow(surface="files", examined=5, total=6, unit="files", note="extra.h5 is of no known kind"),
            CoverageRow(surface="tensors", examined=13, total=13, unit="tensors"),
        ],
        skipped=[SkippedRow(surface="behaviour", reason="this version makes no probes", asked=False)],
    )
    return done, verdict(
        Outcome.DENIED,
        (
            "findings.deny-severity",
            RuleResult.FAIL,
            (
                "3 findings of severity error or above: auto-map in config.json, pickle-in-weights in optimizer.pt "
                "and 1 more; see provenance explain auto-map"
            ),
        ),
        (
            "lineage.relations",
            RuleResult.FAIL,
            "to models/tiny-base the model is abliterated; allowed: identical, repacked; do not use it as its base",
        ),
        ("attestations.verified", RuleResult.WARN, "1 attestation did not verify; do not use the model as attested"),
    )


def undecided() -> Judged:
    """A base was given and could not be read."""
    done = report(
        skipped=[
            SkippedRow(surface="behaviour", reason="this version makes no probes", asked=False),
            SkippedRow(surface="lineage", reason="models/tiny-base: 2 shards are missing", asked=True),
        ]
    )
    return done, verdict(
        Outcome.UNDECIDED,
        ("coverage.asked", RuleResult.UNKNOWN, "what was asked for was not looked at: lineage (2 shards are missing)"),
    )


def warned() -> Judged:
    """One warning, passed."""
    done = report(
        findings=[finding("template-differs", "three lines were added", file="tokenizer_config.json", line=12)]
    )
    return done, verdict(Outcome.WARN, ("findings.warn-severity", RuleResult.WARN, "1 finding of warning"))


def diffed() -> Judged:
    """What `diff` shows: a relation, and no verdict."""
    done, _ = abliterated()
    return done.model_copy(update={"findings": [], "attestations": []}), None


def unjudged() -> Judged:
    """A saved report rendered without a policy."""
    return warned()[0], None


def refused() -> Judged:
    """What `verify` says of a model that was changed after it was signed: two rules broken, and not one finding."""
    done = report(
        inputs=Inputs(verb="verify", candidate="models/tiny-fork"),
        attestations=[
            ClaimRow(
                source="tiny-fork.sigstore.jsonl:1",
                verified=False,
                predicate_type=SCAN,
                step=8,
                reason=f"modified config.json expected sha256:{digest('a')} actual sha256:{digest('config.json')}",
            )
        ],
    )
    return done, verdict(
        Outcome.DENIED,
        (
            "attestations.verified",
            RuleResult.FAIL,
            (
                "config.json was modified since it was signed; 1 attestation not verified: tiny-fork.sigstore.jsonl:1 "
                "at step 8: modified config.json; do not use the model as attested"
            ),
        ),
        (
            "attestations.model-scan",
            RuleResult.UNKNOWN,
            "no model-scan attestation was verified; ask for one, or make one with provenance attest",
        ),
        policy="integrity",
    )


STORIES = (scanned, honest, abliterated, undecided, warned, diffed, unjudged, refused)
"""Every story; each is a golden file of each kind."""


# ---------------------------------------------------------------------------------------------------------------------
# Hostile reports: the same text wherever a report can hold one
# ---------------------------------------------------------------------------------------------------------------------

PAYLOADS = (
    "\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07link\x1b]8;;\x07",
    "\u202egnp.exe \u2066isolate\u2069 zero\u200bwidth \ufeffbom",
    "[red]markup[/red] [link=https://evil.example]click[/link] :skull:",
    "</details></table><img src=https://evil.example/x onerror=alert(1)><!-- comment",
    "::error file=x::forged\n::stop-commands::token\r\n::add-mask::password",
    "##[error]forged ###[group]x",
    "| a | b |\n|---|---|\n# Heading\n[link](https://evil.example) ![image](http://evil.example) `code` **bold** $x$",
    "line\nbreak\ttab\x00nul\x7fdel\x85nel\u2028ls\u2029ps\x9bcsi",
    "{0} {1} \\ {{ messages }} {% for x in y %} [text](0)",
    "../../etc/passwd",
    "/etc/passwd",
    "https://evil.example/www.evil.example",
    "%0A%0D%25::warning::x,title=y:z",
    "a" * 5_000,
    "\U0001f600\u0301\u4e2d\u6587",
)


def hostile(text: str) -> Judged:
    """A report that says `text` in every place that holds free text."""
    row = tensor(text, TensorState.CHANGED, changed=7, norm=0.5).model_copy(update={"file": text, "note": text})
    found = FindingRow(
        rule="auto-map",
        severity=Severity.ERROR,
        confidence=Confidence.LOW,
        message=text,
        advice=text,
        location=LocationRow(file=text, tensor=text, offset=1, line=3, json_path=text),
    )
    claim = ClaimRow(
        source=text,
        verified=True,
        predicate_type=text,
        signer=text,
        key_id=text,
        statement_sha256=text,
        signed_at=text,
    )
    done = report(
        tool=Tool(version=text, rules_sha256=digest("rules")),
        inputs=Inputs(verb=text, candidate=text, base=text, options={text: text}),
        subject=subject(text, excluded=(text,)).model_copy(
            update={"files": [ListedFile(path=text, size=1, sha256=digest("f"))]}
        ),
        relations=[Relation.UNRELATED],
        lineage=lineage(Relation.UNRELATED, basis=text).model_copy(update={"base": text, "architecture": text}),
        tensors=[row],
        findings=[found, found.model_copy(update={"rule": "not-in-the-mapping", "location": LocationRow()})],
        attestations=[claim, ClaimRow(source=text, verified=False, predicate_type=text, step=2, reason=text)],
        coverage=[CoverageRow(surface=text, examined=0, total=9, unit=text, note=text)],
        skipped=[SkippedRow(surface=text, reason=text, asked=True), SkippedRow(surface=text, reason=text, asked=False)],
    )
    return done, verdict(Outcome.DENIED, (text, RuleResult.FAIL, text), (text, RuleResult.UNKNOWN, text), policy=text)


def crowded(n: int, text: str = "a pickle that calls os.system") -> Judged:
    """A report with `n` findings, and up to a thousand of everything else that comes in lists."""
    found = [finding("pickle-in-weights", text, advice=text, file=f"{text}/{i}", tensor=text) for i in range(n)]
    done = report(
        subject=subject(text, excluded=(text,) * min(n, 1_000)),
        lineage=lineage(Relation.UNRELATED, basis=text),
        tensors=[tensor(f"{text}.{i}", TensorState.CHANGED, changed=1, norm=0.5) for i in range(min(n, 1_000))],
        findings=found,
        attestations=claims() * min(n, 1_000),
        skipped=[SkippedRow(surface=f"{text}{i}", reason=text, asked=True) for i in range(min(n, 1_000))],
    )
    rows = [(f"findings.{text}", RuleResult.FAIL, text)] * min(n, 1_000)
    return done, verdict(Outcome.DENIED, *rows)
