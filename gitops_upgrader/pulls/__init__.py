"""The life of a pull request: what it should be, what to do about it, and doing it."""
