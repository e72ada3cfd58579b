"""Tests of the demonstration and of what it stages."""
