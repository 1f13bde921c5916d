"""Nets of our own, trained on drawn pictures only: one command from nothing, seeded, resumable. Only here are torch and onnx imported."""
