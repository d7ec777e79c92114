"""What AWS publishes of its resources and actions, and the least policy that a stack's deployment needs."""
