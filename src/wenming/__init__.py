"""Wenming Bank (文明银行): an open points bank for township governance."""

__version__ = "0.1.0"
