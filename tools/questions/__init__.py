"""The nine questions, one module each: arguments, answer, how it is found and how it is told."""
