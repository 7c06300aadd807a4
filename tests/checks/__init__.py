"""Tests of provenance.checks."""
