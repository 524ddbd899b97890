"""公示 · notices on the wall: masked lines, a period of working days, objections and their answers.

Nouns: Notice, NoticeLine (about one subject, such as `deed:12`), Objection.
Steps: a line stands, is contested while an objection is open, and is cleared or struck; a notice is up, then closed.
Promises: the period is counted from the day after in working days and ends with its last day; one objection stops one
line only; nobody on the wall can tell whether somebody objected; who objected is known only to who answers, and every look
is in the audit trail; the fingerprint can be worked out again from the printed sheet.
"""
