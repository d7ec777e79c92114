"""Deliberate faults, one at a time, and which test catches each: `make mutants` (see docs/design.md)."""
