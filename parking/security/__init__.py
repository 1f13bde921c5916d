"""Who is asking and what they may do: operators, devices, drivers with a stay token, and the record of what people did by hand."""
