"""The daily ways to a dashboard: stars, what was opened lately, playlists, one's home."""
