"""细则 · rule books, their dated editions and items, the pure engine that turns a deed into points, the red lines.

Nouns: RuleBook (one per organisation), Edition (dated, never overlapping), RuleItem (a clause).
Steps: an edition is drafted, then brought into force by a second person; from then on it never changes.
Promises: the same terms, facts and usage give the same points for ever (`engine`); no clause can touch subsidies,
collective income, public services or property (`redlines`, typed effects, a database check); demerits stay off until the
village has voted for them, and are of the lawful kinds only.
"""
