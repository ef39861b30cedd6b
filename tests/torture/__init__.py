"""Everything goes wrong at once, at random instants; afterwards nothing may be missing."""
