"""The keys of the files that say which events are refused, and which of those are set aside."""

from __future__ import annotations

from typing import Final

from policies import vocabulary
from policies.reading.kinds import Each, Form, Inside, Key, Label, Text, Texts, Whole

MOST_DAYS: Final = 7  # that anything suspect is kept

REFUSED: Final[dict[str, Form]] = {
    "special_categories.yaml": {
        "special_categories": Key(Each("category", {
            "label": Key(Label(), "its name"),
            "words": Key(
                Inside({"fr": Key(Texts(), "French"), "en": Key(Texts(), "English")}),
                "one word at least in each language; a final `*` stands for any ending, "
                "accents, capitals and underscores do not count",
            ),
            "guard": Key(
                Inside({"fr": Key(Texts(), "French"), "en": Key(Texts(), "English")}),
                "an event with one in a text that would be kept is refused, and counted",
                "the shipped words",
            ),
        }, vocabulary.SpecialCategory), "all of them, each with its words"),
    },
    "quarantine.yaml": {
        "quarantine": Key(Inside({
            "reasons": Key(
                Texts(),
                "which suspect events are set aside: "
                + " ".join(f"`{each}`" for each in vocabulary.Suspicion),
                "none: they are dropped, or lose the text, and are counted",
            ),
            "days": Key(Whole(1, MOST_DAYS), "how long one is kept", f"{MOST_DAYS}"),
            "key": Key(
                Text(), "the public key that `paravent quarantine key` prints", "nothing is kept"
            ),
        }), "suspect events, sealed for the data protection officer"),
    },
}  # fmt: skip
"""The keys of each file, by the file's path."""
