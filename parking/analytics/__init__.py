"""Figures of the site: sums over passages, stays, counts and bookings, and what drivers think. No plate is kept here."""
