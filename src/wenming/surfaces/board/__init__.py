"""The public board: read-only, masked, no log-in."""
