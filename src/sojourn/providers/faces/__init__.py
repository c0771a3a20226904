"""Whether two pictures show the same face."""
