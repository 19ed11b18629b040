"""Real results: from a publisher's bytes to results that a game can have. Pure: it reads no file and asks no clock."""
