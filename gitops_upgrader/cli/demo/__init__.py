"""The demonstration: the real pipeline on a fleet that is made for the purpose."""
