"""`gitops-upgrader doctor`: what a first run needs, looked at before it."""
