"""Payment companies in small: they speak their real wire, signatures included, and fail on demand."""
