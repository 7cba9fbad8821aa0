"""The studio: reading and writing the playbooks folder, changing files by form, and what is wrong with a draft."""
