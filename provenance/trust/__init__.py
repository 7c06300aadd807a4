"""Whom to believe, and what follows from it.

    attest/    statements, signatures, and their verification in twelve numbered steps
    policy/    the judge: reports and verified claims in, a verdict out; the only maker of verdicts

The two know nothing of each other; the pipeline carries claims from the one to the other.
"""
