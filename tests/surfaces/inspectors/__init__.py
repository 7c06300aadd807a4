"""Tests of provenance.surfaces.inspectors."""
