"""The rule `timed-margin` by operators of torch, for many neurons at once."""
