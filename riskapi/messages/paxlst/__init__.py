"""Passenger and crew lists (UN/EDIFACT PAXLST), after the API guidelines of WCO, IATA and ICAO."""
