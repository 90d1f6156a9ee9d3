"""The marketplace: what people can order, what they have, and what it costs them. See docs/marketplace.md.

Every verb takes the person who asks and does for them what the pages would: `access` says what they see.
"""
