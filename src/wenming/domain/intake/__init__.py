"""导入 · what clerks keep, taken in as it is: rolls, rule books, registers, monthly summaries; previewed, then committed once.

Promise: all but a roll goes in under two signatures, and nobody signs lines about the own household or kin.
"""
