"""The difference between two versions, in sentences: complete, and in the words of the people who write the files. Pure."""

from __future__ import annotations

from orchestrator.language.difference.documents import house_rules_difference as house_rules_difference
from orchestrator.language.difference.documents import lifecycle_difference as lifecycle_difference
from orchestrator.language.difference.documents import playbook_difference as playbook_difference
from orchestrator.language.difference.documents import playbook_of as playbook_of
from orchestrator.language.difference.sentence import Sentence as Sentence
