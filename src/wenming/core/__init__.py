"""What every room stands on, and nothing that knows a village."""
