"""The hashes of a book's tree as the tables keep them: leaves in transactions, inner nodes in seals."""

from __future__ import annotations

from wenming.domain.ledger import dialect, merkle


def reader(book_id: int) -> merkle.Reader:
    """Reads the hash of a complete subtree: a leaf from its transaction, an inner node from the seal that completed it.

    A proof asks for several nodes of the same seals, so each seal is read once and remembered.
    """
    read_already: list[tuple[int, int, bytes]] = []

    def nodes_of(last: int) -> tuple[int, int, bytes]:
        for before, size, nodes in read_already:
            if before < last <= size:
                return before, size, nodes
        size, nodes, before = dialect.rows_of(
            "SELECT s.size, s.nodes, (SELECT COALESCE(MAX(p.size), 0) FROM ledger_seal p "
            "WHERE p.book_id = s.book_id AND p.size < s.size) "
            "FROM ledger_seal s WHERE s.book_id = %s AND s.size >= %s ORDER BY s.size LIMIT 1",
            [book_id, last],
        )[0]
        read_already.append((before, size, bytes(nodes)))
        return read_already[-1]

    def read(start: int, height: int) -> bytes:
        last = start + (1 << height)
        if height == 0:
            statement = "SELECT leaf_hash FROM ledger_transaction WHERE book_id = %s AND number = %s"
            return bytes(dialect.rows_of(statement, [book_id, last])[0][0])
        before, _size, nodes = nodes_of(last)
        offset = 32 * (merkle.place(last, height) - merkle.nodes_before(before))
        return nodes[offset : offset + 32]

    return read
