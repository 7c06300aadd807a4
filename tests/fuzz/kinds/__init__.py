"""Every kind of fuzzing against another reader."""

from tests.fuzz.kinds.gguf import GGUF
from tests.fuzz.kinds.numpy import NPY, NPZ
from tests.fuzz.kinds.safetensors import SAFETENSORS
from tests.fuzz.kinds.torch import TORCH_LEGACY, TORCH_ZIP

KINDS = {kind.name: kind for kind in (SAFETENSORS, GGUF, TORCH_ZIP, TORCH_LEGACY, NPY, NPZ)}
