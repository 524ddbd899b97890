"""The doors: they turn a gesture into one call of a domain, and the answer into a page, a JSON body or a line of text."""
