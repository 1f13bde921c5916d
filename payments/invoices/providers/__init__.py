"""Whoever issues invoices for us: one Protocol, a fake, and adapters to digital (数电) invoice platforms."""
