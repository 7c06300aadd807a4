"""Pickles, read as programs and never run: which globals they import, and what they do to them.

recognise   whether the first bytes of a file are a pickle; the one table of opcodes
window      bytes from front to back, long arguments stepped over
held        constants of a pickle that are pickles themselves
symbols     what stands on the stack of the machine
machine     the pickle machine on symbols: one stream from its first opcode to STOP
steps       what each opcode does to it
streams     files that hold several streams, and raw numbers between them

Nothing in a model is run, unpickled or unpacked to disk; every count, size and depth has a bound.
"""
