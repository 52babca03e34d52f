"""The versions of products: where each runs, their order, and the images they are in."""
