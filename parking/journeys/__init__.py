"""What people do: arrive, pay, leave, and have a gate opened by hand."""
