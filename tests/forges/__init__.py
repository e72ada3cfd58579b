"""Tests of forges: one contract that every forge keeps, and faults that none may mishandle."""
