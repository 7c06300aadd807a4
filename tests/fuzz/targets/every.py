"""Every target. Not in `__init__`, so that libFuzzer's bridge can be ready before a parser is imported."""

from tests.fuzz.targets.archives import ARCHIVES
from tests.fuzz.targets.code import CODE
from tests.fuzz.targets.templates import TEMPLATES
from tests.fuzz.targets.texts import TEXTS
from tests.fuzz.targets.weights import WEIGHTS

TARGETS = {target.name: target for target in (*WEIGHTS, *ARCHIVES, *TEXTS, *TEMPLATES, *CODE)}
