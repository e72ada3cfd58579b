"""Real servers for tests: how each is built once per machine, and how it is run."""
