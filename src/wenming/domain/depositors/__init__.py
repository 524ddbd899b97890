"""储户 · households, depositors of four kinds, their classes, kin and passbooks; the vault of identity facts.

Steps: 在册 → 已迁出 → 在册; any of them → 已注销; 在册 → 已故.
Promises: people of other branches do not exist for an actor; ID numbers and phones are readable only by `reveal`, which
is written down; a child under fourteen has a guardian who consented; whoever was erased stays erased after a restore.
"""
