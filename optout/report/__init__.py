"""What a person sees and keeps: the terminal, the JSON document, the page."""
