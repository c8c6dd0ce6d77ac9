"""The hash chain over the audit trail: who owns the table can change it, but not unseen.

`sealing` gives committed entries their position and hash, `heads` signs and keeps the chain's end
outside the database, `verifying` names the first row that is not as it was sealed, and `linking` says
what is hashed. docs/audit.md describes all of it for whoever verifies without us.
"""
