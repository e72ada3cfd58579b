"""Machine images: the build Job of one, and what a finished Job says."""
