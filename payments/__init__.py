"""Tariffs, bills, the ledger and the providers that collect: every yuan exactly once, every yuan explained."""
