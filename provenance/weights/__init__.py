"""Compares the weights of two models: which tensors meet, how far they differ, and what the one is to the other.

architectures/   stored names of known families -> canonical roles
adapters, naming what a stored name tells where no role does
pairing          headers of both sides -> pairs, and what stands in the way of comparing them
kernels/         stored bytes of a pair -> exact counts and sums
deltas           the consumer that the engine feeds
relations/       states of all tensors -> relations, proved or still possible
"""
