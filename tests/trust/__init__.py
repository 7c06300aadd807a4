"""Tests of provenance/trust."""
