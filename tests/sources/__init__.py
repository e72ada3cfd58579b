"""Tests of the sources of versions."""
