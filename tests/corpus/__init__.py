"""Tests of the labelled corpus."""
