"""What a batch of signals is called on the ingress bus."""

from __future__ import annotations

BATCH_SOURCE = "signals.ingest"
BATCH_TYPE = "Signal Batch"
