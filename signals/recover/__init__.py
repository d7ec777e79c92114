"""What an operator does about an outage: failover, replay and redrive."""
