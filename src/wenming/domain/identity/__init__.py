"""身份 · who can log in, and by what: users, log-in names, activation codes from the counter, keys for programs."""
