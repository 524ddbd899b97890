"""商城 · goods and services priced in points: stock at each branch, orders held in escrow, handed over by a code."""
