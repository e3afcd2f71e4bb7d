"""Asks the venues: schedule, limiter, breaker, transport, health."""
