"""`gitops-upgrader init`: a first set of custom resources from what a repository holds."""
