"""Tests of the results that a step of a workflow leaves behind."""
