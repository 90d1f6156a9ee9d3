"""Work that was done in a conversation, made repeatable: calls of tools in their order (turns-api section 5)."""
