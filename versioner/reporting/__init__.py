"""Reports: results as text, as JSON, and in the formats of GitHub and GitLab."""
