"""A run as one page that needs nothing else, and its figures as PNG or SVG."""
