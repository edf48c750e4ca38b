"""``make drill [ONLY=nodes]``: what an operator relies on, tried with real processes.

Each drill starts what it needs on 127.0.0.1, ends it, prints its figures, and is bounded in time and
count. One whose programs are missing is skipped, and says what to install. No test runs them: they
take minutes.
"""
