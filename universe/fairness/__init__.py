"""Whether a history of draws looks like chance: tests with exact expectations, calibrated by the universe itself."""
