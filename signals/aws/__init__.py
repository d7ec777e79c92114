"""What the commands read from AWS: an account, and what its answers say."""
