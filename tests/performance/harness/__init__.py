"""`make bench`: this project's clients beside what else one would write, over one mock, in one run."""
