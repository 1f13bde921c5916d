"""The site: what stands where. It only answers; nothing in it moves."""
