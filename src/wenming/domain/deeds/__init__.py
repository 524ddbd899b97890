"""申报 · deeds: declared, reviewed, put on notice, deposited, and put right by a reversal when wrong."""
