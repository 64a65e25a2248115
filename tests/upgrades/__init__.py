"""From a filled database of each release to the present: dumps in SQL, and what has to go on with them."""
