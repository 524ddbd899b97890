"""Triggers that refuse to change or remove what is posted, on both stores.

Fixed facts of books and accounts stay as they are too.
"""

from __future__ import annotations

REFUSED = "posted entries are never changed or removed"
FIXED: dict[str, tuple[str, ...]] = {
    "ledger_transaction": (
        "id", "book_id", "kind", "subject", "scope", "key", "memento", "leaf_hash", "occurred", "recorded", "ends_id",
        "reverses_id",
    ),
    "ledger_entry": ("id", "transaction_id", "amount", "balance_after", "recorded"),
    "ledger_numbering": ("id", "book_id", "number", "count"),
    "ledger_seal": ("id", "book_id", "size", "root", "sealed_at", "house_balances", "nodes", "digest"),
    "ledger_account": ("id", "book_id", "public_id", "code", "unit", "is_member", "floor", "opened_at", "certificate"),
    "ledger_book": ("id", "code", "algorithm", "opened_at"),
    "core_auditevent": (
        "id", "at", "user_id", "door", "act", "subject", "organisation_id", "facts", "previous_hash", "hash",
    ),
}  # fmt: skip


def create(vendor: str) -> list[str]:
    """The statements that put the triggers in place."""
    if vendor == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"
        statements = []
        shape = "CREATE TRIGGER {name} BEFORE {act} ON {table} FOR EACH ROW {refuse}"
    else:
        statements = [
            "CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{REFUSED}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        ]
        refuse = "EXECUTE FUNCTION ledger_refuse()"
        shape = "CREATE TRIGGER {name} BEFORE {act} ON {table} FOR EACH ROW {refuse}"
    for table, columns in FIXED.items():
        names = ", ".join(f'"{column}"' for column in columns)
        statements.append(shape.format(name=f"{table}_kept", act="DELETE", table=table, refuse=refuse))
        statements.append(shape.format(name=f"{table}_fixed", act=f"UPDATE OF {names}", table=table, refuse=refuse))
        if vendor != "sqlite":
            statements.append(f"CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}")
    return statements


def drop(vendor: str) -> list[str]:
    """The statements that take the triggers away: for going back a migration, and for tests that play the burglar."""
    names = [(f"{table}_{act}", table) for table in FIXED for act in ("kept", "fixed")]
    if vendor == "sqlite":
        return [f"DROP TRIGGER IF EXISTS {name}" for name, _table in names]
    names += [(f"{table}_whole", table) for table in FIXED]
    return [f"DROP TRIGGER IF EXISTS {name} ON {table}" for name, table in names] + ["DROP FUNCTION IF EXISTS ledger_refuse()"]
