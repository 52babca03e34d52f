"""Reports of the matrix: what runs where."""
