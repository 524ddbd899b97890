"""资金 · where the money for goods comes from: funds by source, donations in, draws out, each with its voucher."""
