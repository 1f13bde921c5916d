"""The HTTP and websocket kit: no routes of its own; the rooms above build theirs with it."""
