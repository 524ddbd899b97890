"""机构 · regions by their official codes, head banks and branches, and who holds which office until when.

Promises: a village is served by one branch at most; rights hold from the instant an office begins until it ends, and are
read anew for each request; nobody fills an office that only those above may fill, and above the villages it takes two.
"""
