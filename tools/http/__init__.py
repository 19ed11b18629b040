"""Streamable HTTP on trio: hypercorn's connections behind our own listener, and a guard before every request."""
