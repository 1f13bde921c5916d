"""Simulated devices: each speaks the real wire on a real socket and can be made to fail."""
