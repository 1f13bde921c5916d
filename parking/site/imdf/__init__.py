"""IMDF 1.0.0 (OGC 20-094): a drawn site as an archive of GeoJSON files, and back."""
