"""Izhikevich's network (2006) in Brian2."""
