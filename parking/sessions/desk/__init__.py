"""The exception desk: what the rules could not settle, one person at a time, on record, undoable, and learned from."""
