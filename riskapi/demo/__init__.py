"""The demo: the public commands of the project, one after the other, on data that a simulator made up."""
