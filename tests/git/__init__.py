"""Tests of gitops_upgrader.git: against real Git servers on the loopback interface."""
