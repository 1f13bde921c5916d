"""Calls for help and emergencies: who is called, who answers, what stands open, and when no fee clock runs."""
