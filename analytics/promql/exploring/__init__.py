"""What the page "Explore metrics" shows: its address, answers, pictures, and what helps to write."""
