"""What a stay costs, as data: a YAML file becomes a `Tariff`, a `Tariff` and two times become a `Bill`."""
