"""Stores and buses: the database, the unit of work, the outbox, the bus, jobs, logs. Below every room, above the kernel only."""
