"""Tokenizers, tried on texts: what a text becomes, and what it comes back as. By an encoder of our own.

trips            `round_trips()`: from the parts of tokenizers to facts
texts            what they are tried on
encoder          the parts put together
added_tokens     what is cut out of a text first
normalizers      what it is made of then
pre_tokenizers   how it is cut
patterns         regular expressions of both
models           how a piece becomes tokens
vocabularies     of tokens and merges, those that the pieces can need
decoders         how tokens become a text again

What a tokenizer does that is not known here is said, and never guessed.
"""

from provenance.surfaces.tokenizing.trips import round_trips

__all__ = ["round_trips"]
