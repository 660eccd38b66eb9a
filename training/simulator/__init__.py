"""A seeded world of border crossings, biased checks and late outcomes, with the truth kept apart."""
