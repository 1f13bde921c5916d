"""Paper tickets: printers at a lane, and the desk that signs and prints a code for whom the lane cannot serve by itself."""
