"""Words that every room shares; nothing here does I/O, and nothing here imports more than the standard library."""
