"""Plausible wrong answers, written from the exercises' texts: (number, idea, part of the hint it must get, source)."""
