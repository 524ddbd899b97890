"""Other ledgers at the bench's work, each a script for a Python of its own: see docs/operating/bench.md."""
