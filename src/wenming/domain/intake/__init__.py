"""导入 · what clerks keep, taken in as it is: rolls, rule books, registers, monthly summaries; previewed, then committed once."""
