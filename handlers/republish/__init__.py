"""The function that brings spooled batches back to the ingress bus."""
