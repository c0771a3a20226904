"""Rooms for video calls."""
