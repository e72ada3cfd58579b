"""Read, decide, apply, summarise: one module per kind."""
