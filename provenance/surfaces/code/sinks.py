"""What names in Python reach when they are used: programs, the network, secrets, other code. Data, no logic.

A name is qualified by what was imported (`from os import system as s` makes `s` into `os.system`). An entry that ends
in a dot stands for everything below it.
"""

from __future__ import annotations

import re


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


PROCESS = _names(
    """
    os.system os.popen os.execl os.execle os.execlp os.execlpe os.execv os.execve os.execvp os.execvpe os.spawnl
    os.spawnle os.spawnlp os.spawnlpe os.spawnv os.spawnve os.spawnvp os.spawnvpe os.posix_spawn os.posix_spawnp
    os.startfile os.fork os.forkpty posix.system nt.system subprocess. commands. popen2. pty. pexpect. plumbum. sh.
    asyncio.create_subprocess_exec asyncio.create_subprocess_shell asyncio.subprocess. webbrowser. ctypes. cffi.
    _posixsubprocess. multiprocessing.util.spawnv_passfds distutils.spawn. setuptools.distutils.spawn. pip. ensurepip.
    platform.popen timeit.timeit timeit.Timer cProfile.run profile.run pdb.run bdb. trace.Trace pydoc.pipepager
    posix. nt. _ctypes. invoke. fabric. sarge. delegator. psutil.Popen multiprocessing.popen_fork.
    multiprocessing.popen_spawn_posix. mmap.PROT_EXEC numpy.ctypeslib.load_library torch.ops.load_library
    torch.classes.load_library torch.utils.bottleneck. torch.utils.collect_env. setuptools._distutils.spawn.
    transformers.testing_utils.execute_subprocess_async selenium. playwright.
    tensorflow.load_op_library tensorflow.load_library
    """
)
"""Run another program, or native code. Constants and errors are no harm: see `HARMLESS`."""
HARMLESS = _names(
    """
    subprocess.PIPE subprocess.DEVNULL subprocess.STDOUT subprocess.CalledProcessError subprocess.TimeoutExpired
    subprocess.SubprocessError subprocess.CompletedProcess ctypes.c_ ctypes.sizeof ctypes.Structure ctypes.POINTER
    ctypes.byref ctypes.util.find_library requests.exceptions. requests.RequestException requests.Session.headers
    urllib.parse. urllib.error. socket.gethostname socket.error socket.timeout http.HTTPStatus http.client.responses
    httpx.HTTPError aiohttp.ClientError
    """
)
"""Below the others, and only data or errors."""
NETWORK = _names(
    """
    socket. socketserver. ssl. urllib.request. urllib2. urllib3. http.client. http.server. requests. httpx. aiohttp.
    ftplib. smtplib. telnetlib. poplib. imaplib. nntplib. xmlrpc. paramiko. websocket. websockets. pycurl. dns.
    asyncio.open_connection asyncio.start_server gradio_client. paho. zmq. boto3. telegram. discord. tornado.httpclient.
    wget. scapy. torch.hub.download_url_to_file torch.hub.load_state_dict_from_url
    fsspec. _socket. torch.hub.urlopen torchvision.datasets.utils. numpy.DataSource
    numpy.lib.npyio.DataSource huggingface_hub.HfApi huggingface_hub.hf_api.HfApi huggingface_hub.upload_file
    huggingface_hub.upload_folder huggingface_hub.create_commit huggingface_hub.utils.get_session
    huggingface_hub.get_session asyncio.streams. logging.handlers.HTTPHandler logging.handlers.SocketHandler
    logging.handlers.SMTPHandler logging.handlers.DatagramHandler logging.handlers.SysLogHandler
    multiprocessing.connection. multiprocessing.managers. torch.distributed.rpc.
    """
)
SENDS = _names(
    """
    socket. socketserver. ftplib. smtplib. telnetlib. paramiko. websocket. websockets. http.server. xmlrpc. dns. scapy.
    requests.post requests.put requests.patch requests.request requests.Session httpx.post httpx.put httpx.patch
    httpx.stream httpx.Client httpx.AsyncClient aiohttp.ClientSession urllib.request.Request http.client.HTTPConnection
    http.client.HTTPSConnection asyncio.open_connection asyncio.start_server paho. zmq. telegram. discord. pycurl.
    _socket. asyncio.streams. logging.handlers.HTTPHandler logging.handlers.SocketHandler
    logging.handlers.SMTPHandler logging.handlers.DatagramHandler multiprocessing.connection.
    multiprocessing.managers. torch.distributed.rpc. huggingface_hub.upload_file huggingface_hub.upload_folder
    huggingface_hub.upload_large_folder huggingface_hub.create_commit huggingface_hub.HfFileSystem
    """
)
"""Of the network, what can carry data out or take commands in: no fetching of a file."""
EXECUTES = _names(
    """
    eval exec compile execfile code. codeop. runpy. imp. zipimport. types.FunctionType types.CodeType
    types.LambdaType importlib.util.spec_from_file_location importlib.machinery. importlib.reload
    importlib._bootstrap. pkgutil.resolve_name builtins.eval builtins.exec builtins.compile torch.hub.load
    torch.utils.cpp_extension. numba.cuda.compiler. cppyy. IPython.get_ipython get_ipython
    numpy.f2py. numpy.testing._private.utils.runstring
    importlib.util.module_from_spec importlib.abc. pkgutil.get_loader pkgutil.find_loader pkgutil.ImpImporter
    pydoc.locate doctest. hydra.utils.get_method hydra.utils.get_class hydra.utils.get_object
    django.utils.module_loading.import_string pandas.eval numexpr.evaluate numexpr.re_evaluate sympy.sympify
    sympy.parse_expr sympy.lambdify numpy.testing.rundocs numpy.testing.runstring
    torch.fx.graph_module._exec_with_source
    kernels.get_kernel kernels.load_kernel kernels.get_local_kernel logging.config.listen collections._eval
    transformers.dynamic_module_utils.get_class_from_dynamic_module cupy.RawModule cupy.RawKernel mako.
    typing._eval_type gc.get_objects gc.get_referrers torch.jit.CompilationUnit
    """
)
"""Turn text or bytes into running code."""
UNPICKLES = _names(
    """
    pickle.load pickle.loads pickle.Unpickler _pickle.load _pickle.loads _pickle.Unpickler cPickle. dill.load
    dill.loads dill.Unpickler cloudpickle.load cloudpickle.loads joblib.load shelve.open marshal.load
    marshal.loads jsonpickle.
    pandas.read_pickle torch.package. yaml.unsafe_load yaml.full_load yaml.unsafe_load_all
    torch.storage._load_from_bytes
    pickle._load pickle._loads pickle._Unpickler dill.load_session dill.load_module dill.load_module_asdict
    cloudpickle.cloudpickle. joblib.numpy_pickle. joblib.externals. sklearn.externals.joblib.load skops.io.load
    skops.io.loads pandas.compat.pickle_compat. multiprocessing.reduction. keras.config.enable_unsafe_deserialization
    tensorflow.keras.config.enable_unsafe_deserialization torch.serialization.add_safe_globals
    torch.serialization.safe_globals torch._weights_only_unpickler.
    """
)
DECODES = _names(
    """
    base64. binascii. zlib.decompress zlib.decompressobj gzip.decompress bz2.decompress lzma.decompress codecs.decode
    codecs.getdecoder bytes.fromhex bytearray.fromhex marshal. cryptography. Crypto. rot13
    """
)
PATCHED_MODULES = frozenset(
    {"builtins", "sys", "os", "transformers", "torch", "huggingface_hub", "safetensors", "tokenizers", "ssl", "socket",
     "requests", "urllib3", "json", "pickle", "subprocess", "importlib", "numpy"}
)  # fmt: skip
"""Assigning to what these hold changes other code than the model's."""
PATCHED_FREELY = (
    "torch.backends.", "torch._dynamo.config.", "torch._inductor.config.", "sys.path", "os.environ", "sys.dont_write",
    "torch.set_", "sys.argv", "sys.stdout", "sys.stderr",
)  # fmt: skip
"""Switches that honest code sets."""

CREDENTIALS = re.compile(
    r"""(?ix)
    (?:^|[\\/~])\.(?:ssh|aws|azure|gnupg|kube|docker|netrc|pypirc|npmrc|git-credentials|huggingface|bash_history
                    |zsh_history|password-store|vault-token|config/gcloud|config/gh|config/solana|cargo/credentials)
        (?:$|[\\/._]|\b)
    | \bid_(?:rsa|dsa|ecdsa|ed25519)\b | \bhuggingface[\\/]token\b | huggingface[\\/]stored_tokens
    | [\\/]etc[\\/](?:shadow|passwd|sudoers) | \bwallet\.dat\b | \bLogin\ Data\b
    | \bcookies\.sqlite\b | \blogins\.json\b
    | \bkeychain\b | \bLocal\ Storage[\\/]leveldb | [\\/](?:Exodus|Electrum|MetaMask)\b | \.mozilla[\\/]firefox
    | \bUser\ Data[\\/]Default | 169\.254\.169\.254 | metadata\.google\.internal | \bauthorized_keys\b
    | [\\/]proc[\\/](?:self|\d+)[\\/]environ | [\\/]var[\\/]run[\\/]secrets
    """
)
"""Where secrets lie. Texts that match are seen wherever they stand, but in docstrings and comments."""
NAMED = re.compile(
    r"""(?x)
    \b__import__\s*\( | __(?:subclasses|globals|builtins)__
    | \A(?:ext://)?(?:[\w.]{0,100}[.:])?(?:(?:os|posix|nt)[.:](?:system|popen|exec[lv]\w*|spawn\w+|posix_spawnp?)
        | subprocess[.:](?:run|call|Popen|check_\w+|getoutput|getstatusoutput) | builtins[.:](?:eval|exec|compile)
        | pty[.:]spawn | runpy[.:]run_\w+)\Z
    """
)
"""Code, or the name of it, in a text: what looks names up may be given it."""
SECRET_NAMES = re.compile(r"(?i)(?:TOKEN(?!IZER)|SECRET|PASSW|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIAL)")
"""Environment variables that are secrets."""
HOME = re.compile(
    r"\A(?:~(?!/\.cache(?!/huggingface/(?:token|stored_tokens)))|/(?:home|root|Users)\b|[A-Za-z]:[\\\\/]Users\b)"
)
"""Where people, and systems, keep what is theirs; the caches of libraries lie there too, and are not meant."""
PACKED = re.compile(r"(?i)\.(?:zip|whl|egg|pyz|bin|pt|pth|ckpt|safetensors|gguf|dat|npz|so|json|txt)\Z")
"""No folder: what Python imports from there is inside of a file."""
PERSISTENCE = re.compile(
    r"""(?ix)
    (?:^|[\\/~])\.(?:bashrc|bash_profile|bash_login|zshrc|zprofile|zshenv|profile|xprofile|xinitrc
                    |config/autostart)\b
    | [\\/]etc[\\/](?:cron|profile|rc\.local|ld\.so\.preload|init\.d|systemd) | \bcrontab\b
    | LaunchAgents | LaunchDaemons
    | CurrentVersion\\+Run | Start\ Menu\\+Programs\\+Startup | \bsitecustomize\.py\b | \busercustomize\.py\b
    | \.config[\\/]systemd[\\/]user | \bschtasks\b | authorized_keys
    """
)
"""Where programs put themselves so that they run again."""
DROP_POINTS = re.compile(
    r"""(?ix)
    discord(?:app)?\.com/api/webhooks | api\.telegram\.org/bot | webhook\.site | requestbin | pipedream\.net
    | pastebin\.com | paste\.ee | transfer\.sh | ngrok(?:-free)?\.(?:io|app) | \.onion\b | burpcollaborator | oast\.
    | interact\.sh | file\.io | 0x0\.st | https?://(?!127\.|0\.0\.0\.0|10\.|192\.168\.)\d{1,3}(?:\.\d{1,3}){3}
    """
)
"""Addresses that data is carried to, or programs fetched from, and no model needs."""


def reaches(name: str, table: frozenset[str]) -> bool:
    """Whether the qualified `name` is in `table`, or below an entry that ends in a dot."""
    if name in table:
        return True
    head, dot, rest = name.partition(".")
    while dot:
        if f"{head}." in table:
            return True
        part, dot, rest = rest.partition(".")
        head = f"{head}.{part}"
    return False
