"""Who calls, what they may do, and how often: keys, tokens, accounts, sessions, and the one table of rights."""
