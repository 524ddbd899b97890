"""公示 · notices on the wall: masked lines, a period of working days, objections and their answers."""
