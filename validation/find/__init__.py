"""What is in a recording: stored patterns, groups, unknown patterns."""
