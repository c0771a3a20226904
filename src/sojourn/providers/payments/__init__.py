"""Taking cards and giving the money back, whoever processes it."""
