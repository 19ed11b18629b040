"""Watching for ever without cheating: evidence that may be looked at after every draw.

An e-process starts at 1 and, where draws are fair, has a mean of at most 1 at every time, chosen by looking or not. So
the chance that it ever reaches 1/alpha is at most alpha (Ville 1939): an alarm needs no correction for looking often.
"""
