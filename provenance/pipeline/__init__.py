"""The hall: one file per verb, and the only place that knows the order of the work.

A verb is a function over names, paths and options that returns documents; it never prints and never exits. What one
wing needs of another passes through here.

    gather    read a model, and a base beside it, once: digests, facts, statistics -> Evidence
    check     check and scan: evidence -> findings -> report -> verdict
    diff      what a model is to its base
    attest    sign a report
    verify    verify attestations about a model on disk
    report    render and judge a saved report
    render    a report as one kind of output
    policy explain doctor

and, for all of them:

    coverage       what of a model was not looked at, and how much was
    partly         a model of which not everything can be looked at; what git obeys beside it
    compose        evidence -> checks -> report
    trusted        the policy, its signers, and the bundles of a run
    destinations   where results may go
    clock          the time a run judges by
"""
