"""The rule `margin`: every spike and every silence clear of the threshold."""
