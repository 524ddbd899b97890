"""The REST API: `/api/v1/…`, described by `/api/v1/openapi.json`.

Each operation is three lines: a schema in, one call of a room, a schema out. `operations` holds what all share: who may
enter, keys of programs, the Idempotency-Key, cursor pages. `errors` gives every refusal and fault the one error shape.
"""
