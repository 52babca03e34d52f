"""What pages of insight show: comparisons of environments, and what ran when."""
