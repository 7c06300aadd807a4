"""Tests of provenance.surfaces."""
