"""Wire formats in: what other systems send, read into traveller records, one module per format."""
