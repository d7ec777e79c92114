"""The embedded AWS: two Regions in one process on this machine's loopback, and a front door for the domain."""
