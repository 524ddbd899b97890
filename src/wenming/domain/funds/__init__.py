"""资金 · the funds: money by source, what came in under which receipt, what was drawn for which redemption.

Nouns: Fund, Receipt, Draw, Approval. The money itself stands in the ledger, in fen, on an account that can't go below zero; it
never meets points in one transaction. Promises: one draw for a subject, taken back at most once; a fund that is too low
refuses before anything is written; above its limit a second officer has said yes; every fen shown by its source.
"""
