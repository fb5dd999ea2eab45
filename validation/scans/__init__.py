"""How a rule fares over settings, and how many patterns it stores."""
