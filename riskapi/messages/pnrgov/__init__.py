"""Booking data pushed by carriers (PADIS PNRGOV, EDIFACT), versions 10.1 to 21.1."""
