"""Tests of provenance/trust/attest: nothing here needs a model on disk."""
