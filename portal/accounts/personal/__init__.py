"""What accounts hold of the persons whose events we measure: names that people gave to things."""
