"""细则 · rule books, their dated editions and items, the pure engine that turns a deed into points, the red lines."""
