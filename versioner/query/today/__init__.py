"""What changed in a day, a week or some hours, in plain words; each sentence is made here once."""
