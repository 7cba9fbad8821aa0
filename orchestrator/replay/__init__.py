"""The real engine over a log of past events, in simulated time: what would have happened, touch by touch, the same on every run."""
