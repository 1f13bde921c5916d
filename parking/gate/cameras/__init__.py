"""Smart cameras: they read plates themselves and push what they read. One port for the lane, one wire file per maker, one push server."""
