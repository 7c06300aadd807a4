"""Tests of `provenance.reading.sources`."""
