"""The relation to its base that a model declares, against the relations that the weights leave possible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from provenance.checks.base_names import Match, match
from provenance.checks.interface import Check, Rule, facts, quoted
from provenance.facts import CardFact
from provenance.records import Evidence, Finding, Lineage, Relation, Severity, Skipped

RELATION_MISMATCH = Rule(
    ident="relation-mismatch",
    title="the weights are not what the model declares to be",
    severity=Severity.ERROR,
    meaning="The card's `base_model_relation` (`finetune`, `adapter`, `quantized` or `merge`) is ruled out by the "
    "comparison of weights: none of the relations still possible fits it. Or a base is declared and given, and the "
    "weights are unrelated to it. It is a `warning` where less was done than declared: the weights equal the base's.",
    why="A model that is called a quantization and has other weights was changed by someone who does not say so.",
    example="README.md: declares 'quantized'; the weights leave only: abliterated, fine-tuned, low-rank-edit",
    advice="Do not use the model as what it declares to be. Ask the publisher what was done to it.",
)

_UNCHANGED = frozenset({Relation.IDENTICAL, Relation.REPACKED, Relation.DTYPE_CAST, Relation.SCALED})
_QUANTIZED = _UNCHANGED | {Relation.QUANTIZED, Relation.REQUANTIZED, Relation.DEQUANTIZED, Relation.MTP_DROPPED}
_NOT_DERIVED = frozenset({Relation.UNRELATED, Relation.SAME_INIT, Relation.LAUNDERED})
_FITS: Mapping[str, frozenset[Relation]] = {
    "quantized": _QUANTIZED,
    "adapter": frozenset({Relation.ADAPTER}),
    "merge": frozenset(Relation) - _QUANTIZED - {Relation.UNRELATED, Relation.SAME_INIT, Relation.ADAPTER},
    "finetune": frozenset(Relation) - _QUANTIZED - _NOT_DERIVED - {Relation.ADAPTER},
}
"""The Hub's words, and what of ours each allows. `merge` and `finetune` are used for almost any change of weights."""


def _run(evidence: Evidence) -> Iterator[Finding]:
    lineage, base = evidence.lineage, evidence.base
    if isinstance(lineage, Skipped) or isinstance(base, Skipped) or Relation.INCONCLUSIVE in lineage.possible:
        return
    for card in facts(evidence.candidate, CardFact):
        # A relation is declared to the declared base; with another base at hand nothing is said of it.
        matches = {match(name, base) for name in card.base_models}
        if Match.OTHER in matches and Match.SAME not in matches:
            continue
        if card.relation in _FITS and not lineage.possible & _FITS[card.relation]:
            severity = Severity.WARNING if lineage.possible <= _UNCHANGED else None
            yield RELATION_MISMATCH.finding(
                f"declares {quoted(card.relation)}; the weights leave only: {_names(lineage)}",
                file=card.file,
                severity=severity,
            )
        elif Match.SAME in matches and lineage.possible <= {Relation.UNRELATED}:
            message = f"declares the base {quoted(card.base_models[0])}, and the weights are unrelated to it"
            yield RELATION_MISMATCH.finding(message, file=card.file)


def _names(lineage: Lineage) -> str:
    return ", ".join(sorted(relation.value for relation in lineage.possible))


DECLARED_RELATION = Check("declared-relation", (RELATION_MISMATCH,), _run)
