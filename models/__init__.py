"""What a risk model is: its form, its explanation, its bundle, its card, its gates. Definitions, no artefacts."""
