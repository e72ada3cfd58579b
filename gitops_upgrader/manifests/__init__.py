"""Find the version and the image in a repository's files, splice their bytes, prove the splice."""
