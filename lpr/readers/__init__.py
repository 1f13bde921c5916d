"""Which signs a plate shows."""
