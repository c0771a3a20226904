"""The agency's own alarm: a webhook that hears of calls for help."""
