"""账本 · the ledger: books, accounts, transactions, entries, seals. Only ever added to; knows no names.

Callers speak in moves (source, destination, amount); entries are derived, so an unbalanced transaction can't be said.
"""
