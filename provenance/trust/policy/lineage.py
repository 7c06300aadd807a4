"""`[lineage]`: what the model may be to its base.

Where several lineages are presented, those with an allowed base count, all of them; where none has one, that is a
failure, not a gap: something was named as the base, and it is not one of those.
"""

from __future__ import annotations

from provenance.documents.policy import Lineage
from provenance.documents.report import LineageSummary
from provenance.records import Relation, RuleOutcome, RuleResult, TensorState
from provenance.trust.policy.interface import Case, Exhibit, brief, enumerated, listed, ruled, says


def judge(case: Case) -> tuple[RuleOutcome, ...]:
    """`lineage.bases` and `lineage.relations`, or `lineage.on-missing` where nothing was compared."""
    table = case.policy.lineage
    exhibits = [exhibit for exhibit in case.exhibits if exhibit.lineage is not None]
    if not exhibits:
        message = "the model was compared with no base"
        if table.on_missing != "pass":
            message += "; name one with --base, or present a model-lineage attestation"
        return (ruled("lineage.on-missing", table.on_missing, message),)
    if not table.bases:
        return tuple(_relations(case, exhibit) for exhibit in exhibits)
    meant = [exhibit for exhibit in exhibits if _summary(exhibit).base_sha256 in table.bases]
    if not meant:
        named = enumerated((_summary(exhibit).base, exhibit.origin) for exhibit in exhibits)
        digests = listed(f"sha256:{_summary(exhibit).base_sha256}" for exhibit in exhibits)
        message = f"its base is none that the policy allows: {named}; {digests}"
        return (ruled("lineage.bases", RuleResult.FAIL, message),)
    named = listed(_summary(exhibit).base for exhibit in meant)
    return (
        ruled("lineage.bases", RuleResult.PASS, f"the base is {named}"),
        *(_relations(case, exhibit) for exhibit in meant),
    )


def _relations(case: Case, exhibit: Exhibit) -> RuleOutcome:
    summary, table = _summary(exhibit), case.policy.lineage
    base, allowed, said = brief(summary.base, 26), _allowed(table), says(exhibit.origin)
    found = f"to {base} it is {listed(summary.relations)}"
    refused = f"{allowed}; do not use it in the base's place"
    settled = {*summary.relations} - {Relation.INCONCLUSIVE}
    if settled - table.allowed:
        return ruled("lineage.relations", RuleResult.FAIL, f"{found}{said}; {refused}")
    if possible := _explanations(summary, settled):
        if not possible & table.allowed:
            what = f"{_unlike(summary)}, and the policy allows nothing that explains it{said}"
            return ruled("lineage.relations", RuleResult.FAIL, f"{what}; possible: {_in_order(possible)}; {refused}")
        what = f"what it is to {base} is not settled: {_unlike(summary)}{said}"
        what += f"; possible and allowed: {_in_order(possible & table.allowed)}"
        return ruled("lineage.inconclusive", table.inconclusive, f"{what}; see its tensors in the report")
    if gap := _gap(summary):
        what = f"{found}, yet {gap}{said}"
        return ruled("lineage.inconclusive", table.inconclusive, f"{what}; see its tensors in the report")
    return ruled("lineage.relations", RuleResult.PASS, f"{found}{said}; {allowed}")


def _allowed(table: Lineage) -> str:
    return "any relation is allowed" if table.relations == "any" else f"allowed: {listed(table.relations, 8)}"


def _explanations(summary: LineageSummary, settled: set[Relation]) -> set[Relation]:
    """What may explain what the comparison left open; empty where it left nothing open.

    A relation that was found does not explain what is left beside it, unless nothing else is possible; where nothing is
    said to be possible, everything is.
    """
    if Relation.INCONCLUSIVE not in summary.relations:
        return set()
    possible = {*summary.possible} - {Relation.INCONCLUSIVE}
    return possible - settled or possible or {*Relation}


def _unlike(summary: LineageSummary) -> str:
    """How many tensors are not known to be the base's, in words."""
    total = sum(summary.counts.values())
    unsupported = summary.counts.get(TensorState.UNSUPPORTED, 0)
    same = sum(summary.counts.get(state, 0) for state in (TensorState.IDENTICAL, TensorState.CAST))
    other = total - same - unsupported
    if other and unsupported:
        return f"{other} of {total} tensors are not the base's and {unsupported} not compared"
    if other:
        return f"{other} of {total} tensors are not the base's"
    return f"{unsupported} of {total} tensors could not be compared" if unsupported else "its tensors are the base's"


def _gap(summary: LineageSummary) -> str:
    """Why a relation that sounds settled is not: it rests on too little."""
    if unsupported := summary.counts.get(TensorState.UNSUPPORTED, 0):
        return f"{unsupported} of its tensors could not be compared"
    return "" if sum(summary.counts.values()) > 0 else "no tensor was compared"


def _in_order(relations: set[Relation]) -> str:
    return listed((relation for relation in Relation if relation in relations), 5)


def _summary(exhibit: Exhibit) -> LineageSummary:
    assert exhibit.lineage is not None
    return exhibit.lineage
