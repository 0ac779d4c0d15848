"""The words of the practice site in six known languages and one that no catalogue knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "sv")

_LABELS: dict[str, tuple[str, ...]] = {
    "ai-training": (
        "Data for Generative AI Improvement",
        "Daten zur Verbesserung generativer KI",
        "Données pour l'amélioration de l'IA générative",
        "Datos para mejorar la IA generativa",
        "Dati per il miglioramento dell'IA generativa",
        "Dados para aprimoramento da IA generativa",
        "Data för förbättring av generativ AI",
    ),
    "research": (
        "Policy and academic research",
        "Politische und akademische Forschung",
        "Recherche universitaire et politique",
        "Investigación académica y sobre políticas",
        "Ricerca accademica e sulle politiche",
        "Pesquisas acadêmicas e políticas",
        "Politisk och akademisk forskning",
    ),
    "ads-connections": ("Connections", "Kontakte", "Relations", "Contactos", "Collegamenti", "Conexões", "Kontakter"),
    "ads-companies-followed": (
        "Companies you follow",
        "Unternehmen, denen Sie folgen",
        "Entreprises que vous suivez",
        "Empresas que sigues",
        "Aziende che segui",
        "Empresas que você segue",
        "Företag du följer",
    ),
    "ads-groups": ("Groups", "Gruppen", "Groupes", "Grupos", "Gruppi", "Grupos", "Grupper"),
    "ads-education": (
        "Education and skills",
        "Ausbildung und Kenntnisse",
        "Formation et compétences",
        "Educación y aptitudes",
        "Formazione e competenze",
        "Formação e competências",
        "Utbildning och kompetenser",
    ),
    "ads-job-information": (
        "Job information",
        "Informationen zum Job",
        "Informations sur l'emploi",
        "Información laboral",
        "Informazioni sul lavoro",
        "Informações do emprego",
        "Jobbinformation",
    ),
    "ads-employer": (
        "Employer",
        "Arbeitgeber",
        "Employeur",
        "Empleador",
        "Datore di lavoro",
        "Empregador",
        "Arbetsgivare",
    ),
    "ads-display-format": (
        "Customized display format",
        "Personalisiertes Anzeigenformat",
        "Format d'affichage personnalisé",
        "Formato de visualización personalizado",
        "Formato di visualizzazione personalizzato",
        "Formato de exibição personalizado",
        "Anpassat visningsformat",
    ),
    "ads-location": (
        "Profile location",
        "Standort im Profil",
        "Lieu du profil",
        "Ubicación del perfil",
        "Località del profilo",
        "Localidade do perfil",
        "Profilens plats",
    ),
    "ads-inferred-location": (
        "Inferred city location",
        "Abgeleiteter Standort (Ort)",
        "Ville déduite",
        "Ciudad deducida",
        "Città dedotta",
        "Cidade inferida",
        "Härledd stad",
    ),
    "ads-interests": (
        "Interests and traits",
        "Interessen und Eigenschaften",
        "Centres d'intérêt et caractéristiques",
        "Intereses y características",
        "Interessi e caratteristiche",
        "Interesses e características",
        "Intressen och egenskaper",
    ),
    "ads-age": ("Age range", "Altersgruppe", "Tranche d'âge", "Rango de edad", "Fascia d'età", "Faixa etária", "Ålder"),
    "ads-gender": ("Gender", "Geschlecht", "Genre", "Género", "Genere", "Gênero", "Kön"),
    "ads-off-linkedin": (
        "Ads off LinkedIn",
        "Anzeigen außerhalb von LinkedIn",
        "Publicités en dehors de LinkedIn",
        "Anuncios fuera de LinkedIn",
        "Annunci al di fuori di LinkedIn",
        "Anúncios fora do LinkedIn",
        "Annonser utanför LinkedIn",
    ),
    "ads-data-from-others": (
        "Data from others for ads",
        "Daten von Dritten für Anzeigen",
        "Données de tiers pour les publicités",
        "Datos de terceros para anuncios",
        "Dati di terzi per gli annunci",
        "Dados de terceiros para anúncios",
        "Data från andra för annonser",
    ),
    "ads-measure-success": (
        "Measure ad success",
        "Anzeigenerfolg messen",
        "Mesurer le succès des publicités",
        "Medir el éxito de los anuncios",
        "Misura il successo degli annunci",
        "Medir o sucesso dos anúncios",
        "Mät annonsernas framgång",
    ),
    "affiliate-sharing": (
        "Share data with affiliates and partners",
        "Daten mit verbundenen Unternehmen und Partnern teilen",
        "Partager des données avec les sociétés affiliées et les partenaires",
        "Compartir datos con empresas afiliadas y socios",
        "Condividi i dati con affiliate e partner",
        "Compartilhar dados com afiliadas e parceiros",
        "Dela data med närstående bolag och partner",
    ),
    "cookies": (
        "Non-essential cookies",
        "Nicht notwendige Cookies",
        "Cookies non essentiels",
        "Cookies no esenciales",
        "Cookie non essenziali",
        "Cookies não essenciais",
        "Icke nödvändiga kakor",
    ),
    "unlisted-recommendations": (
        "Recommendations by new partners",
        "Empfehlungen neuer Partner",
        "Recommandations de nouveaux partenaires",
        "Recomendaciones de nuevos socios",
        "Consigli di nuovi partner",
        "Recomendações de novos parceiros",
        "Rekommendationer från nya partner",
    ),
    "decoy-visibility": (
        "Public profile",
        "Öffentliches Profil",
        "Profil public",
        "Perfil público",
        "Profilo pubblico",
        "Perfil público",
        "Offentlig profil",
    ),
}

_CONTROL_LABELS: dict[str, tuple[str, ...]] = {
    "ai-training": (
        "Use my data for training content creation AI models",
        "Ihre Daten zum Schulen von KI-Modellen verwenden, um Inhalte zu erstellen",
        "Utiliser mes données pour entraîner les modèles d'IA de création de contenu",
        "Usar mis datos para entrenar modelos de IA de creación de contenido",
        "Usa i miei dati per addestrare i modelli di IA per la creazione di contenuti",
        "Usar meus dados para treinar modelos de IA para criar conteúdos",
        "Använd mina data för att träna AI-modeller som skapar innehåll",
    ),
    "affiliate-sharing": (
        "Share my data with affiliates and partners",
        "Meine Daten mit verbundenen Unternehmen und Partnern teilen",
        "Partager mes données avec les sociétés affiliées et les partenaires",
        "Compartir mis datos con empresas afiliadas y socios",
        "Condividi i miei dati con affiliate e partner",
        "Compartilhar meus dados com afiliadas e parceiros",
        "Dela mina data med närstående bolag och partner",
    ),
    "research": (
        "Let researchers use my data",
        "Forschern die Nutzung meiner Daten gestatten",
        "Autoriser les chercheurs à utiliser mes données",
        "Permitir que los investigadores usen mis datos",
        "Consenti ai ricercatori di usare i miei dati",
        "Permitir que pesquisadores usem meus dados",
        "Låt forskare använda mina data",
    ),
    "cookies": (
        "Allow non-essential cookies",
        "Nicht notwendige Cookies zulassen",
        "Autoriser les cookies non essentiels",
        "Permitir cookies no esenciales",
        "Consenti i cookie non essenziali",
        "Permitir cookies não essenciais",
        "Tillåt icke nödvändiga kakor",
    ),
    "decoy-visibility": (
        "Show my public profile",
        "Mein öffentliches Profil zeigen",
        "Afficher mon profil public",
        "Mostrar mi perfil público",
        "Mostra il mio profilo pubblico",
        "Mostrar meu perfil público",
        "Visa min offentliga profil",
    ),
}
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
_TERMS: dict[str, tuple[str, ...]] = {
    "on": ("On", "An", "Activé", "Activado", "Attivato", "Ativado", "På"),
    "off": ("Off", "Aus", "Désactivé", "Desactivado", "Disattivato", "Desativado", "Av"),
    "privacy": (
        "Data privacy",
        "Datenschutz",
        "Confidentialité des données",
        "Privacidad de los datos",
        "Privacy dei dati",
        "Privacidade dos dados",
        "Dataskydd",
    ),
    "ads": (
        "Advertising data",
        "Werbedaten",
        "Données publicitaires",
        "Datos publicitarios",
        "Dati pubblicitari",
        "Dados de publicidade",
        "Annonsdata",
    ),
    "profile": (
        "Profile data",
        "Profildaten",
        "Données du profil",
        "Datos del perfil",
        "Dati del profilo",
        "Dados do perfil",
        "Profildata",
    ),
    "activity": (
        "Activity and inferred data",
        "Aktivitäten und abgeleitete Daten",
        "Activité et données déduites",
        "Actividad y datos deducidos",
        "Attività e dati dedotti",
        "Atividade e dados inferidos",
        "Aktivitet och härledda data",
    ),
    "elsewhere": (
        "Off LinkedIn data",
        "Daten außerhalb von LinkedIn",
        "Données hors LinkedIn",
        "Datos externos a LinkedIn",
        "Dati esterni a LinkedIn",
        "Dados externos ao LinkedIn",
        "Data utanför LinkedIn",
    ),
    "usage": (
        "How LinkedIn uses your data",
        "Wie LinkedIn Ihre Daten verwendet",
        "Comment LinkedIn utilise vos données",
        "Cómo usa LinkedIn tus datos",
        "Come LinkedIn usa i tuoi dati",
        "Como o LinkedIn usa seus dados",
        "Så använder LinkedIn dina data",
    ),
    "back": ("Back", "Zurück", "Retour", "Atrás", "Indietro", "Voltar", "Tillbaka"),
    "saved": (
        "Your change has been saved",
        "Ihre Änderung wurde gespeichert",
        "Votre modification a été enregistrée",
        "Se ha guardado el cambio",
        "La modifica è stata salvata",
        "Sua alteração foi salva",
        "Din ändring har sparats",
    ),
    "hint:ads-education": (
        "Schools & more",
        "Schulen und mehr",
        "Écoles et plus",
        "Escuelas y más",
        "Scuole e altro",
        "Escolas e mais",
        "Skolor med mera",
    ),
    "hint:ads-job-information": (
        "Current job & more",
        "Aktueller Job und mehr",
        "Poste actuel et plus",
        "Empleo actual y más",
        "Lavoro attuale e altro",
        "Emprego atual e mais",
        "Nuvarande jobb med mera",
    ),
    "hint:ads-employer": (
        "Current company & more",
        "Aktuelles Unternehmen und mehr",
        "Entreprise actuelle et plus",
        "Empresa actual y más",
        "Azienda attuale e altro",
        "Empresa atual e mais",
        "Nuvarande företag med mera",
    ),
    "hint:ads-interests": ("", "", "", "", "", "", ""),
    "turn-off": ("Turn off", "Ausschalten", "Désactiver", "Desactivar", "Disattiva", "Desativar", "Stäng av"),
    "turn-off?": (
        "Turn off this setting?",
        "Diese Einstellung ausschalten?",
        "Désactiver ce paramètre ?",
        "¿Desactivar este ajuste?",
        "Disattivare questa impostazione?",
        "Desativar esta configuração?",
        "Stänga av inställningen?",
    ),
    "cancel": ("Cancel", "Abbrechen", "Annuler", "Cancelar", "Annulla", "Cancelar", "Avbryt"),
    "accept": ("Accept", "Akzeptieren", "Accepter", "Aceptar", "Accetta", "Aceitar", "Godkänn"),
    "reject": ("Reject", "Ablehnen", "Refuser", "Rechazar", "Rifiuta", "Rejeitar", "Avvisa"),
    "cookie-text": (
        "This site uses essential and non-essential cookies to show you ads that fit.",
        "Diese Website verwendet notwendige und nicht notwendige Cookies, um passende Anzeigen zu zeigen.",
        "Ce site utilise des cookies essentiels et non essentiels pour vous montrer des publicités adaptées.",
        "Este sitio usa cookies esenciales y no esenciales para mostrarte anuncios adecuados.",
        "Questo sito usa cookie essenziali e non essenziali per mostrarti annunci adatti.",
        "Este site usa cookies essenciais e não essenciais para mostrar anúncios adequados.",
        "Webbplatsen använder nödvändiga och icke nödvändiga kakor för att visa passande annonser.",
    ),
    "get-copy": (
        "Get a copy of your data",
        "Kopie Ihrer Daten anfordern",
        "Obtenir une copie de vos données",
        "Obtener una copia de tus datos",
        "Ottieni una copia dei tuoi dati",
        "Obter uma cópia dos seus dados",
        "Hämta en kopia av dina data",
    ),
    "manage-activity": (
        "Manage your data and activity",
        "Ihre Daten und Aktivitäten verwalten",
        "Gérer vos données et votre activité",
        "Gestionar tus datos y actividad",
        "Gestisci i tuoi dati e le tue attività",
        "Gerenciar seus dados e atividades",
        "Hantera dina data och aktiviteter",
    ),
    "search-history": (
        "Search history",
        "Suchverlauf",
        "Historique de recherche",
        "Historial de búsqueda",
        "Cronologia delle ricerche",
        "Histórico de pesquisa",
        "Sökhistorik",
    ),
    "describe": (
        "We use this to choose what you see. You can change it at any time; it may take up to 24 hours to take effect.",
        "Wir nutzen dies, um auszuwählen, was Sie sehen. Sie können es jederzeit ändern.",
        "Nous l'utilisons pour choisir ce que vous voyez. Vous pouvez le modifier à tout moment.",
        "Lo usamos para elegir lo que ves. Puedes cambiarlo en cualquier momento.",
        "Lo usiamo per scegliere ciò che vedi. Puoi cambiarlo in qualsiasi momento.",
        "Usamos isto para escolher o que você vê. Você pode alterar a qualquer momento.",
        "Vi använder detta för att välja vad du ser. Du kan ändra det när som helst.",
    ),
}
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
        return _LABELS[setting_id][self._column]

    def heading(self, setting_id: str) -> str:
        """The heading of a setting's own page."""
        question = _AI_QUESTIONS[self._column] if setting_id == "ai-training" else ""
        return question if question and setting_id not in self.reworded else self.label(setting_id)

    def control_label(self, setting_id: str) -> str:
        """The label of the control itself."""
        if setting_id in self.reworded:
            return _RELABELLED[setting_id][1]
        if setting_id in _CONTROL_LABELS:
            return _CONTROL_LABELS[setting_id][self._column]
        return _CONTROL_PATTERNS[self._column].format(self.label(setting_id))

    def term(self, name: str) -> str:
        """Any other word of the site."""
        return _TERMS[name][self._column]

    def hint(self, setting_id: str) -> str:
        """What an index row without On or Off shows instead."""
        return _TERMS[f"hint:{setting_id}"][self._column]

    def all_terms(self) -> Mapping[str, str]:
        """Every other word, by name."""
        return {name: words[self._column] for name, words in _TERMS.items()}
