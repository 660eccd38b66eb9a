"""What may be known about a traveller, and what it means: records, features, reasons. The lowest floor."""
