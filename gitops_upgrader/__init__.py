"""Keeps fleets of Cluster API clusters up to date, one reviewed pull request at a time."""

__version__ = "0.1.0"
