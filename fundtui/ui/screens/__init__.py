"""The screens. `registry` knows them by name and digit.

main (1)   all assets           matrix (2)    assets by venues       pairs (3)   carry and cash ladder
asset (4)  one asset            calendar (5)  coming settlements     alerts (6)  what fires, and silences
venues (7) how each answers     journal (8)   what has happened      positions (9) the user's own
listing    what 2, 3 and 5 to 9 share;  overlay, livepage, help and explain open over any of them
"""
