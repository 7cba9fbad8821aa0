"""Pages of the people who work with the system: the desk, the board, customers, playbooks, people, the audit trail.

A new page is one file here with its routes, one line in staff/app.py, and its templates. Each route says which right it needs and
which object it is about; tests/web/test_access_matrix.py asks every route as every role about objects of others.
"""
