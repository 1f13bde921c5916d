"""Figures of the site for those who run it: sums over passages, stays, counts and bookings, and what drivers think. No plate is kept here."""
