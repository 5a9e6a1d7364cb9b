"""What digits are called, for the tasks whose classes are the ten digits."""

from __future__ import annotations

CLASS_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
PROMPTS = ("a photo of the number {}", "a handwritten digit {}", "the digit {}", "a black and white {}")
