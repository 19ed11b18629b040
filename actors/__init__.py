"""The running universe: supervisor, simulators, aggregator, comparer, ingestor, writer, and their wiring."""
