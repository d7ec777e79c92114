"""The function that answers health checks of the API: whether ingest can answer."""
