"""Moments, ages and days as text, and the words by which people name them."""
