"""Rehearsed failovers: steady traffic, a fault, a failover, the recovery, and every signal counted by its id."""
