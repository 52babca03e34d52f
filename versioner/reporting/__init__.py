"""Results as text, JSON, and the forms that GitHub and GitLab show."""
