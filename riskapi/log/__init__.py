"""The log: everything that happened, in chains of hashes that cannot be changed unseen."""
