"""The words of the practice site in six known languages and one that no catalogue knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from optout.practice.words_of_pages import TERMS
from optout.practice.words_of_settings import CONTROL_LABELS, LABELS

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "sv")

_CONTROL_PATTERNS = (
    "Use “{}” to personalize ads for me",
    "„{}“ für die Personalisierung von Anzeigen verwenden",
    "Utiliser « {} » pour personnaliser les publicités",
    "Usar «{}» para personalizar los anuncios",
    "Usa «{}» per personalizzare gli annunci",
    "Usar “{}” para personalizar os anúncios",
    "Använd ”{}” för att anpassa annonser",
)
_AI_QUESTIONS = (
    "Can LinkedIn use your personal data and content you create on LinkedIn to train generative AI models "
    "that create content?",
    "",
    "",
    "",
    "",
    "",
    "",
)
# A rewording that keeps the meaning and shares no whole label with the words above.
_RELABELLED = MappingProxyType(
    {
        "ads-age": ("How old you are", "Let marketers know roughly how old I am"),
        "ads-gender": ("What gender you are", "Let marketers know what gender I am"),
        "ads-groups": ("Communities", "Let marketers reach me through communities"),
        "ads-companies-followed": ("Pages you watch", "Let marketers reach me through pages I watch"),
        "ads-education": ("Where you learned", "Let marketers know where I learned"),
        "ai-training": ("Model improvement", "Learn from what I write"),
    }
)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language."""

    language: str
    reworded: frozenset[str] = frozenset()

    @property
    def _column(self) -> int:
        return LANGUAGES.index(self.language)

    def label(self, setting_id: str) -> str:
        """The index row's label."""
        if setting_id in self.reworded:
            return _RELABELLED[setting_id][0]
        return LABELS[setting_id][self._column]

    def heading(self, setting_id: str) -> str:
        """The heading of a setting's own page."""
        question = _AI_QUESTIONS[self._column] if setting_id == "ai-training" else ""
        return question if question and setting_id not in self.reworded else self.label(setting_id)

    def control_label(self, setting_id: str) -> str:
        """The label of the control itself."""
        if setting_id in self.reworded:
            return _RELABELLED[setting_id][1]
        if setting_id in CONTROL_LABELS:
            return CONTROL_LABELS[setting_id][self._column]
        return _CONTROL_PATTERNS[self._column].format(self.label(setting_id))

    def term(self, name: str) -> str:
        """Any other word of the site."""
        return TERMS[name][self._column]

    def hint(self, setting_id: str) -> str:
        """What an index row without On or Off shows instead."""
        return TERMS[f"hint:{setting_id}"][self._column]

    def all_terms(self) -> Mapping[str, str]:
        """Every other word, by name."""
        return {name: words[self._column] for name, words in TERMS.items()}
