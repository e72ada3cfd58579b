"""Git objects through pygit2, and transports that fetch and push with a lease."""
