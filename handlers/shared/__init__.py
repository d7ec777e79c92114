"""What functions share: each imports only the modules it uses, so that its archive and its cold start stay small."""
