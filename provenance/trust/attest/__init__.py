"""Signed statements about a model, and the verification that turns them into claims. It makes no verdicts.

    keys        P-256, P-384 and Ed25519 keys from PEM files
    dsse        the bytes that are signed
    statement   in-toto Statement v1: one subject, one predicate, canonical JSON
    bundle      Sigstore bundle v0.3, one a line of a `.sigstore.jsonl` file
    sign        predicates and a key into bundles
    interface   what a verifier decides before it looks: signers, time, limits
    file_set    signed files against files on disk, in words
    verify      bundles and a recomputed manifest into verified and failed claims, in twelve numbered steps

Import the module that is needed: this one loads nothing, `keys` loads cryptography.
"""
