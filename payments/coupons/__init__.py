"""Parking coupons: issued by merchants, campaigns, points and surveys, redeemed exactly once, in the driver's best order."""
