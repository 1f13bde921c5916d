"""Where plates are in a picture."""
