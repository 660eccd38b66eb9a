"""What was found, told to other systems: signed messages to those that subscribe, and the forms that GTAS reads."""
