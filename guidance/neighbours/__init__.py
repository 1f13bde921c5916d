"""Lots nearby: what their feeds say, and to which of them a car is sent when ours run short."""
