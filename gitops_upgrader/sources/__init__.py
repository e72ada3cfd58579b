"""Where Kubernetes releases are noticed: Debian repositories."""
