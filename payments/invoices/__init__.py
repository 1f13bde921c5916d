"""E-invoices for paid bills: the title comes from whoever paid, the number from the tax bureau, and no bill has two."""
