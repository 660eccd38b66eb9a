"""What is kept of travellers, for how long, and how it goes."""
