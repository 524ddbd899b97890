"""机构 · regions by their official codes, head banks and branches, and who holds which office until when."""
