"""The referee: a person or an assistant proposes change after change, and only what is better is kept."""
