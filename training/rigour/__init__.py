"""What the training side claims of itself, measured on worlds whose truth is known, with controls that must fail."""
