"""消息 · what the bank tells a person: a row first, delivery afterwards."""
