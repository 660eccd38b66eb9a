"""What an agency remembers of earlier crossings: which links, for how long, and what they say of the next one.

One definition for two engines: crossings and findings become *rows* under keyed hashes (:mod:`features.memory.events`),
and the rows of a crossing's keys are folded into facts (:mod:`features.memory.facts`). The ordered replay of training
holds the rows in memory (:mod:`features.memory.table`), the service in its database; neither holds a raw value.
"""
