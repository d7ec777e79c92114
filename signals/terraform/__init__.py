"""The stack as Terraform: a configuration written from a recording, and the terraform CLI that deploys it."""
