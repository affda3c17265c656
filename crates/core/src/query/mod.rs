//! Reads, one file per noun. A query checks through the policy what the caller may see, then reads one snapshot.
