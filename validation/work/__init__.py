"""Long work: points, workers, results that are kept, peak memory."""
