"""Who may deploy: GitHub's OIDC provider, one role that reads and one that deploys, and the bucket of the state."""
