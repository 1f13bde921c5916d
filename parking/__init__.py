"""Parking and access control for shopping malls; start reading at `parking.bootstrap`, where everything is put together."""
