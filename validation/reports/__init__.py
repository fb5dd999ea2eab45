"""Results in sentences, tables and pages."""
