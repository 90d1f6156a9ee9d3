"""Durable answers: a numbered log per turn, a writer that appends, followers that read, a runner that drives."""
