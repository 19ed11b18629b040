"""Backtests: what a way of choosing tickets would have hit, beside the exact mean of any tickets.

A strategy is handed the past alone, so a ticket cannot know the draw it is played in.
"""
