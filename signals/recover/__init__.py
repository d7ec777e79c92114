"""Failover, replay and redrive: what an operator does about an outage, as functions that `signals` commands call."""
