"""What a pickle may import, and what it certainly must not. Everything in between is named and denied.

Pure data and one question about it: `judge`.
"""

from __future__ import annotations

from enum import Enum

from provenance.checks.torch_globals import WEIGHTS_ONLY


class Standing(Enum):
    """What is known of a global."""

    DATA = "data"
    """It makes plain data whatever it is given."""
    UNKNOWN = "unknown"
    DANGEROUS = "dangerous"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _names(module: str, names: str) -> frozenset[str]:
    return frozenset(f"{module}.{name}" for name in names.split())


_REVIEWED = frozenset().union(
    # Types of Python's own that hold values. Not `range` and `memoryview`, which a call makes huge or fails to make;
    # not `type`, which makes classes.
    _names(
        "builtins", "bool bytes complex dict float frozenset int list object set slice str tuple bytearray Ellipsis"
    ),
    # Protocols 0 and 1 make any instance of a class by it, with `object` or a type of the above as its base.
    _names("copyreg", "_reconstructor __newobj__"),
    # A default factory has to be imported as well, so it is judged like every global.
    _names("collections", "Counter OrderedDict defaultdict deque"),
    _names("datetime", "date datetime time timedelta timezone"),
    _names("decimal", "Decimal"),
    _names("fractions", "Fraction"),
    _names("uuid", "UUID SafeUUID"),
    # A path is a text until something opens it; 3.13 keeps the classes in `_local`.
    _names("pathlib", "Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath"),
    _names("pathlib._local", "Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath"),
    # Bags of attributes: assigning to them runs nothing.
    _names("argparse", "Namespace"),
    _names("types", "SimpleNamespace"),
    # How NumPy writes arrays, scalars and types. `scalar` and `_frombuffer` read bytes as numbers, `_reconstruct` makes
    # an empty array of a class that has to be imported too.
    _names("numpy", "dtype ndarray"),
    _names("numpy.core.multiarray", "_reconstruct scalar"),
    _names("numpy._core.multiarray", "_reconstruct scalar"),
    _names("numpy.core.numeric", "_frombuffer"),
    _names("numpy._core.numeric", "_frombuffer"),
    _names(
        "numpy", "bool_ int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128"
    ),
    _names(
        "numpy.dtypes",
        "BoolDType Int8DType Int16DType Int32DType Int64DType UInt8DType UInt16DType UInt32DType UInt64DType"
        " Float16DType Float32DType Float64DType Complex64DType Complex128DType StrDType BytesDType",
    ),
    # TorchScript notes the type of a list by these; each gives back what it is given.
    _names("torch.jit._pickle", "build_boollist build_doublelist build_intlist build_tensorlist restore_type_tag"),
    _names("torch.jit._pickle", "build_tensor_from_id"),
    # joblib's note of an array whose numbers follow; an array of objects is a pickle of its own, and is walked too.
    _names("joblib.numpy_pickle", "NumpyArrayWrapper"),
)

TRAINERS = frozenset().union(
    _names("transformers.training_args", "OptimizerNames ParallelMode TrainingArguments"),
    _names("transformers.training_args_seq2seq", "Seq2SeqTrainingArguments"),
    _names(
        "transformers.trainer_utils",
        "EvaluationStrategy FSDPOption HubStrategy IntervalStrategy SaveStrategy SchedulerType",
    ),
    _names("transformers.trainer_pt_utils", "AcceleratorConfig"),
    _names("transformers.integrations.deepspeed", "HfDeepSpeedConfig HfTrainerDeepSpeedConfig"),
    _names("accelerate.state", "PartialState"),
    _names("accelerate.utils.dataclasses", "DeepSpeedPlugin DistributedType FullyShardedDataParallelPlugin"),
    _names("sentence_transformers.training_args", "BatchSamplers MultiDatasetBatchSamplers"),
    _names("sentence_transformers.training_args", "SentenceTransformerTrainingArguments"),
    *(
        _names(f"trl.trainer.{kind.lower()}_config", f"{kind}Config")
        for kind in ("SFT", "DPO", "KTO", "ORPO", "CPO", "GRPO", "RLOO", "Reward", "PRM")
    ),
)
"""What the settings of a training are made of, as Trainer leaves them behind. Not data whatever it is given: to call
these is to set up a training."""

ALLOWED = WEIGHTS_ONLY | _REVIEWED

_ANYWHERE = _words(
    """
    __builtin__ _io _pickle _posixsubprocess _thread _winapi aiohttp asyncio builtins cloudpickle codeop
    commands ctypes dill distutils ensurepip ftplib httpx importlib linecache marshal mmap msvcrt
    multiprocessing nt os paramiko pdb pickle pip pkgutil popen2 posix pty pydoc requests runpy shelve shlex
    shutil smtplib socket socketserver sqlite3 ssl subprocess sys sysconfig tempfile telnetlib threading
    urllib urllib2 urllib3 webbrowser winreg xmlrpc zipimport
    """
)
"""Modules whose functions run, load, fetch or write. They count wherever they stand in a dotted path: what one module
imports can be reached through it."""

_AT_FIRST = _words(
    """
    _aix_support _osx_support _xxsubinterpreters antigravity atexit bdb cProfile cffi code concurrent doctest
    faulthandler fileinput functools gc glob http httplib idlelib imaplib imp inspect io modulefinder nntplib
    ntpath operator pickletools pkg_resources platform plistlib poplib posixpath profile resource rlcompleter
    setuptools sh signal site tarfile test timeit tkinter trace tracemalloc turtle venv zipfile
    """
)
"""The same, with names that classes and modules of others have as well."""

_NAMES = frozenset().union(
    _names(
        "builtins",
        "__build_class__ __import__ apply breakpoint classmethod compile delattr dir eval exec execfile file getattr "
        "globals help input locals map filter memoryview open property setattr type vars",
    ),
    _names("types", "BuiltinFunctionType CodeType FunctionType LambdaType MethodType ModuleType"),
    _names("codecs", "open decode EncodedFile"),
    _names("logging.config", "fileConfig dictConfig listen"),
    _names("numpy", "load fromfile memmap save savez savetxt loadtxt genfromtxt"),
    _names("numpy.testing._private.utils", "runstring"),
    _names("pandas", "eval read_pickle"),
    _names("joblib", "load"),
    _names("torch", "load compile save"),
    # Loads the bytes that it is given with torch.load, and without `weights_only`.
    _names("torch.storage", "_load_from_bytes"),
    _names("torch.serialization", "load save"),
)
_PREFIXES = (
    "numpy.distutils.",
    "numpy.f2py.",
    "numpy.testing.",
    "numpy.ctypeslib.",
    "pandas.core.computation.",
    "pandas.io.",
    "torch._C.",
    "torch._dynamo.",
    "torch._inductor.",
    "torch.classes.",
    "torch.cuda.memory.",
    "torch.distributed.",
    "torch.fx.",
    "torch.hub.",
    "torch.jit.",
    "torch.ops.",
    "torch.package.",
    "torch.utils._config_module.",
    "torch.utils.bottleneck.",
    "torch.utils.collect_env.",
    "torch.utils.cpp_extension.",
    "transformers.dynamic_module_utils.",
    "transformers.utils.hub.",
)


def judge(module: str, name: str) -> Standing:
    """What is known of the global `name` of `module`; either may be dotted."""
    full = f"{module}.{name}"
    if full in ALLOWED:
        return Standing.DATA
    parts = full.split(".")
    hidden = any(part.startswith("__") and part.endswith("__") and part != "__main__" for part in parts)
    reached = parts[0] in _AT_FIRST or any(part in _ANYWHERE for part in parts[:-1])
    if full in _NAMES or module in _ANYWHERE or full.startswith(_PREFIXES) or hidden or reached:
        return Standing.DANGEROUS
    return Standing.UNKNOWN
