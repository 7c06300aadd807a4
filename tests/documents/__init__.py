"""Tests of provenance/documents."""
