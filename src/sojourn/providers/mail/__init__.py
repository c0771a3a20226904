"""Sending mail, whoever delivers it."""
