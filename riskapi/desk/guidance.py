"""What no data shows: questions for whoever looks at a traveller, and what is never forgotten of protection."""

from typing import Final

from features.risk import Audience

CHECKLIST: Final = {
    Audience.ENFORCEMENT: (
        "The document in the hand: paper, print, chip and photograph, and the person beside it.",
        "What the traveller says of the journey, asked openly, and whether it agrees with ticket and stamps.",
        "An ordinary explanation of each reason: work, family, illness, a late ticket, a shared address.",
        "Language and interpreter: was every question understood?",
        "Fear, injury or somebody who answers for the traveller: ask apart from others, and call protection.",
        "A wish for asylum, said in any words: it goes before everything here.",
    ),
    Audience.PROTECTION: (
        "Speak alone with the person, in their language, with an interpreter whom they trust.",
        "Who keeps passport, ticket, telephone and money? Who paid, and what is owed for it?",
        "What do they know of where they go: address, work, who meets them?",
        "Fear, injury, tiredness, rehearsed answers, or somebody who does not let them speak.",
        "A child: who is the guardian, and who says so? The best interest of the child goes first.",
        "Safety now: shelter, doctor, contact to family, and nothing that lets others learn of the talk.",
    ),
}
"""For each audience, after the score was seen and before an outcome is written."""
PROTECTION_RULES: Final = (
    "You look for somebody who may need help, not for an offence.",
    "Nothing here is told to enforcement, to carriers or to fellow travellers.",
    "Help does not depend on cooperation, papers or proof. Consent comes first; for a child, the guardian's.",
    "Never ask in front of others. Never call who may be the trafficker.",
)
