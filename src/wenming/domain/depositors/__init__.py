"""储户 · households, depositors of four kinds, their classes, kin and passbooks; the vault of identity facts."""
