"""申报 · deeds: declared, reviewed, put on notice, deposited, and put right by a reversal when wrong.

Nouns: Declaration (one deed of one depositor), Review, Reversal.
Steps: docs/reference/steps.md. By notice first (points post when the notice ends without an open objection) or posted
first (points post at approval, and are reversed if an objection holds).
Promises: nobody reviews what concerns oneself, the household or kin, asked at review and again when points post; no cap is
passed under any concurrency; each deed gives exactly one award; an edit starts review and notice anew and keeps the version
before; a reversal needs a second officer.
"""
