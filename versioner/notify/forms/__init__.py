"""The forms of a notice: words for people, the JSON of webhooks, and CDEvents."""
