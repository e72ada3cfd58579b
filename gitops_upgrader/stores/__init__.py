"""The object store that reconcilers read and write, and its implementations."""
