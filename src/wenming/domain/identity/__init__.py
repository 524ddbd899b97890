"""身份 · who can log in, and by what: users, log-in names, activation codes from the counter, keys for programs.

Promises: log-in names, codes and keys are kept as keyed hashes only; no answer says who exists; five wrong codes void a
code; a raised token version ends every session at its next click.
"""
